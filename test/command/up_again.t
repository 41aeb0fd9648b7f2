One supervisor a project; and what a killed one leaves is ended by the next.

  $ . "$TESTDIR/up_lib.sh"
  $ seconds=$(unique)
  $ cat > hostkit.yaml <<END
  > services:
  >   tree: {command: [sh, "$TESTDIR/orphans.sh", "$seconds", wait], stop_grace_period: 1s}
  > END

A second one beside it is refused, and told who has it:

  $ up_start
  $ until_true are_there 7 "$seconds"
  $ up 2>&1 | sed "s/\b$up\b/FIRST/; s/FIRST@[0-9]*:[0-9]*/IDENTITY/"
  hostkit up: * (glob)
  $ up 2>&1 | grep -cw "$up"
  1
  $ up > /dev/null 2>&1
  [9]
  $ up --check
  hostkit.yaml is valid: 1 service
  $ ln -s hostkit.yaml other-name.yaml
  $ up -f other-name.yaml > /dev/null 2>&1
  [9]
  $ sleepers "$seconds"
  7

Another project does not mind:

  $ mkdir other; echo 'services: {one: {command: echo fine}}' > other/hostkit.yaml
  $ up -f other | grep -o '| fine'
  | fine

Killed, it cannot end anything. The next one does, before it starts, so there are no doubles.

  $ kill -KILL $up; end_of $up
  [137]
  $ up_start
  $ shown 1 "killed 'hostkit up'"; until_true are_there 7 "$seconds"
  $ told | head -n 1 | sed -E 's/[0-9]+ process/N process/'
  hostkit: ended N processes that a killed 'hostkit up' of this project had left
  $ sleepers "$seconds"
  7
  $ kill -INT $up; up_end; sleepers "$seconds"
  0
  $ up_start; until_true are_there 7 "$seconds"; grep -c killed shown
  0
  [1]
  $ kill -INT $up; up_end

Without a place for its state it says so:

  $ up -f other --state-directory /dev/null/nowhere
  hostkit up: */dev/null/nowhere* (glob)
  [9]
