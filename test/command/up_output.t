What `hostkit up` shows: every line behind the name of its service.

  $ . "$TESTDIR/up_lib.sh"
  $ cat > hostkit.yaml <<'END'
  > services:
  >   api:
  >     command: [sh, -c, "echo one; echo two >&2; printf unended"]
  >   worker:
  >     command: [sh, -c, 'echo "$$HOSTKIT_SERVICE $$HOSTKIT_INSTANCE"']
  >     scale: 2
  > END
  $ up > shown; echo $?
  0
  $ grep '|' shown | sort
  api      | one
  api      | two
  api      | unended
  worker-1 | worker 1
  worker-2 | worker 2
  $ told | grep -c 'worker-2: started, pid N'
  1
  $ told | grep 'api:'
  hostkit: api: started, pid N
  hostkit: api: completed (exit code 0 after TIME)

Only what is asked for, with --quiet; the files get it all the same:

  $ up --quiet api | grep -c '|'
  0
  [1]

Colour on a terminal, or when asked for; it is never the only difference:

  $ grep -c $'\033' shown
  0
  [1]
  $ up --color always api | grep -F one
  \x1b[36mapi      | \x1b[0mone (esc)
  $ up --color never api | grep -F one
  api      | one
  $ /usr/bin/python3 "$TESTDIR/terminal.py" --show expect:one -- \
  >   env TERM=xterm NO_COLOR=1 hostkit up --state-directory "$state" api | grep -F 'one'
  api      | one
  $ /usr/bin/python3 "$TESTDIR/terminal.py" --show expect:one -- \
  >   env TERM=xterm hostkit up --state-directory "$state" api | grep -c $'\033\[36mapi'
  3

The last words of a program come before the news of its end:

  $ cat > hostkit.yaml <<'END'
  > services:
  >   api:
  >     command: [sh, -c, "seq 1000; echo the reason >&2; exit 4"]
  >     restart: "no"
  > END
  $ up > shown; echo $?
  8
  $ told | grep -v started | tail -n 2
  api     | the reason
  hostkit: api: failed (exit code 4 after TIME)
  $ up --quiet | tail -n 3
  999
  1000
  the reason
