Programs that need a terminal.

  $ . "$TESTDIR/functions.sh"
  $ export TERM=xterm
  $ drive() { python3 "$TESTDIR/terminal.py" "$@"; }

The program has our terminal, and is in the foreground of it:

  $ drive --show -- hostkit run -- sh -c 'test -t 0 && test -t 1 && stty size'
  24 80
  exit 0
  $ drive --show expect:name: 'send:Ada\n' -- hostkit run -- bash -c 'read -p name: name; echo "hello $name"'
  name:Ada
  hello Ada
  exit 0

Ctrl-C reaches it once. Hostkit is held still while the program answers the first: were it
passed on as well, the program would hear it again afterwards.

  $ drive --show expect:ready signal:SIGSTOP 'send:\x03' 'expect:caught 1' signal:SIGCONT 'send:\x03' 'expect:caught' \
  >   'send:\x03' 'expect:caught' 'send:q\n' -- hostkit run -- python3 "$TESTDIR/counting.py" | tail -n 2
  total 3
  exit 0

In a group of its own the terminal does not reach it, and hostkit passes it on:

  $ drive --show expect:ready 'send:\x03' 'expect:caught 1' 'send:\x03' 'expect:caught 2' 'send:\x03' -- \
  >   hostkit run --new-group -- python3 "$TESTDIR/counting.py" 3 | tail -n 2
  total 3
  exit 0

One that does not catch it ends, and we end in the same way, so that a loop in a shell ends too:

  $ drive expect:ready 'send:\x03' -- hostkit run -- sh -c 'echo ready; exec sleep 60'
  signal 2
  $ drive --show expect:ready 'send:\x03' -- bash -c 'for i in 1 2 3; do hostkit run -- sh -c "echo ready; exec sleep 60"; done; echo not reached' | grep -c ready
  1

Ctrl-Z stops both, and fg continues both:

  $ cat > continued.sh <<'END'
  > trap 'echo back' CONT
  > echo up
  > while :; do sleep 0.01; done
  > END
  $ drive 'expect:> ' 'send:hostkit run -- bash continued.sh\n' 'expect:up\r' 'send:\x1a' expect:Stopped 'expect:> ' \
  >   'send:fg\n' 'expect:back\r' 'send:\x03' 'expect:> ' 'send:exit 7\n' -- env PS1='> ' bash --norc -i
  exit 7

A program that stops itself stops us too:

  $ drive 'expect:> ' "send:hostkit run -- sh -c 'kill -STOP \$\$; echo was continued'\n" expect:Stopped 'expect:> ' \
  >   'send:fg\n' 'expect:was continued\r' 'expect:> ' 'send:exit 7\n' -- env PS1='> ' bash --norc -i
  exit 7

A terminal of its own:

  $ hostkit run --pty -- sh -c 'test -t 0 && test -t 1 && test -t 2 && echo terminal' < /dev/null | tr -d '\r'
  terminal
  $ printf 'typed\n' | hostkit run --pty -- cat | tr -d '\r'
  typed
  typed
  $ drive --size 30x100 --show -- hostkit run --pty -- stty size
  30 100
  exit 0
  $ drive --show expect:ready resize:10x20 expect:done -- hostkit run --pty -- bash -c 'trap "stty size; echo done; exit 5" WINCH; echo ready; while :; do sleep 0.01; done'
  ready
  10 20
  done
  exit 5
  $ drive --show expect:ready 'send:\x03' 'expect:caught 1' 'send:\x03' 'expect:caught 2' 'send:q\n' -- hostkit run --pty -- python3 "$TESTDIR/counting.py" | tail -n 2
  total 2
  exit 0
  $ hostkit run --pty --json -- sh -c 'echo in the document; tty >&2' < /dev/null | field stdout | tr -d '\r' | sed 's/[0-9]*$//'
  in the document
  /dev/pts/
  
  $ hostkit run --pty -- sh -c 'seq 100000' < /dev/null | tr -d '\r' | cmp - <(seq 100000)
  $ hostkit run --pty --timeout 200ms -- sleep 60 < /dev/null
  [124]

Our terminal is as before afterwards:

  $ drive --show -- sh -c 'stty -g > before; hostkit run --pty true; stty -g > after; cmp before after && echo same'
  same
  exit 0
