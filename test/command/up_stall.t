A terminal or a pipe that nobody reads holds up nothing but, at most, who prints to it.

  $ . "$TESTDIR/up_lib.sh"
  $ cat > talk.sh <<'END'
  > echo $$ >> "$1"
  > exec yes "a line that nobody reads"
  > END
  $ cat > hostkit.yaml <<'END'
  > services:
  >   loud: {command: sh talk.sh loud, backoff: {initial: 1ms}}
  >   quiet: {command: [sh, -c, "echo $$$$ >> quiet; exec sleep 1000"], backoff: {initial: 1ms}}
  > END
  $ resident() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$1/status"; }
  $ starts() { [ "$(grep -c . "$1" 2>/dev/null)" -ge "$2" ]; }
  $ attempt() { # pty|pipe
  >   rm -f loud quiet read seen supervisor
  >   env --default-signal=INT,QUIT TERM=xterm /usr/bin/python3 "$TESTDIR/stall.py" "$1" read \
  >     hostkit up --state-directory "$state" 2> errors & stalled=$!
  >   until_true test -s supervisor; until_true starts loud 1; until_true starts quiet 1; ups+=("$(cat supervisor)")
  >   before=$(resident "$(cat supervisor)")
  >   for count in 2 3 4; do
  >     kill -KILL "$(tail -n 1 loud)"; kill -KILL "$(tail -n 1 quiet)"
  >     until_true starts loud $count; until_true starts quiet $count
  >   done
  >   grown=$(($(resident "$(cat supervisor)") - before))
  >   # A sanitizer keeps what was freed for a while: there the limit says nothing.
  >   grep -q 'lib[at]san' "/proc/$(cat supervisor)/maps" && grown=0
  >   [ "$grown" -le 1024 ] && echo "grown by at most 1 MiB" || echo "grown by $grown KiB"
  >   kill -INT "$(cat supervisor)"; until_true is_gone "$(tail -n 1 quiet)"
  >   touch read; end_of $stalled
  > }
  $ attempt pty
  grown by at most 1 MiB
  $ grep -cE 'lines .*(lost|not shown|dropped)|lost .*lines' seen | sed 's/[1-9][0-9]*/some/'
  some
  $ attempt pipe
  grown by at most 1 MiB

A reader that goes away ends nothing either:

  $ rm loud quiet supervisor
  $ env --default-signal=INT,QUIT bash -c 'hostkit up --state-directory state & echo $! > supervisor; wait' 2> errors | head -n 1 > /dev/null & 
  $ until_true test -s supervisor; until_true starts loud 1; until_true starts quiet 1; ups+=("$(cat supervisor)")
  $ kill -KILL "$(tail -n 1 quiet)"; until_true starts quiet 2
  $ kill -INT "$(cat supervisor)"; until_true is_gone "$(cat supervisor)"
