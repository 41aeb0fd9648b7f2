How services are stopped: asked first, then killed, with everything they have started.

  $ . "$TESTDIR/up_lib.sh"
  $ seconds=$(unique)
  $ cat > hostkit.yaml <<END
  > services:
  >   stubborn:
  >     command: [sh, -c, "trap '' TERM INT; echo deaf; while :; do sleep 0.01; done"]
  >     stop_grace_period: 1h
  > END

A second Ctrl-C kills what the first one has not ended:

  $ up_start
  $ shown 1 deaf; kill -INT $up; shown 1 'stubborn: stopping'
  $ kill -INT $up; up_end
  $ told | tail -n 2
  hostkit: killing what is left
  hostkit: stubborn: stopped (SIGKILL after TIME)

On a terminal it is the key:

  $ /usr/bin/python3 "$TESTDIR/terminal.py" expect:deaf 'send:\x03' 'expect:once more kills' 'send:\x03' \
  >   'expect:SIGKILL' -- hostkit up --state-directory "$state"
  exit 0

One after another, as the file says:

  $ cat > hostkit.yaml <<END
  > services:
  >   steps:
  >     command: [bash, -c, "for name in INT USR1 TERM; do trap \"echo \$\$name\" \$\$name; done; trap 'echo TERM; exit 6' TERM; echo on; while :; do sleep 0.01; done"]
  >     stop: [{signal: SIGINT, wait: 50ms}, {signal: SIGUSR1, wait: 50ms}, {signal: SIGTERM, wait: 1h}]
  >   deaf:
  >     command: [sh, -c, "trap '' INT TERM; echo deaf; while :; do sleep 0.01; done"]
  >     stop: [{signal: SIGINT, wait: 50ms}, {signal: SIGTERM, wait: 50ms}]
  > END
  $ up_start
  $ shown 1 '| on'; shown 1 '| deaf'; kill -TERM $up; up_end
  $ sed -n 's/^steps *//p' shown | tr '\n' ' '; told | grep stopped | sort
  | on | INT | USR1 | TERM hostkit: deaf: stopped (SIGKILL after TIME)
  hostkit: steps: stopped (exit code 6 after TIME)

Stopped with SIGSTOP, or with a stopped child: they end all the same, and so does who hides.

  $ cat > hostkit.yaml <<END
  > services:
  >   frozen: {command: [sh, -c, "sleep $seconds & echo on; kill -STOP \$\$\$\$"], stop_grace_period: 1s}
  >   hidden: {command: [sh, "$TESTDIR/orphans.sh", "$seconds", wait], stop_grace_period: 1s}
  > END
  $ up_start
  $ until_true are_there 8 "$seconds"; shown 1 '| on'
  $ kill -INT $up; up_end; sleepers "$seconds"
  0

The same when a program ends by itself or crashes: nothing it has started stays.

  $ cat > hostkit.yaml <<END
  > services:
  >   exits: {command: [sh, "$TESTDIR/orphans.sh", "$seconds", exit], restart: "no"}
  >   crashes: {command: [sh, "$TESTDIR/orphans.sh", "$seconds", crash], restart: "on-failure:1", backoff: {initial: 1ms}}
  > END
  $ up > shown; echo $?
  8
  $ sleepers "$seconds"
  0
  $ told | grep -c 'crashes: started'
  2

A grandchild that keeps the output open holds nothing up:

  $ cat > hostkit.yaml <<END
  > services:
  >   parent: {command: [sh, -c, "(setsid sleep $seconds &); echo bye; exit 3"], backoff: {initial: 1ms, limit: 3/60s, give_up: true}}
  > END
  $ up > shown; echo $?
  8
  $ grep -c '| bye' shown; sleepers "$seconds"
  4
  0

A signal for all of them:

  $ cat > hostkit.yaml <<'END'
  > services:
  >   hears: {command: [bash, -c, "trap 'echo heard; exit 0' USR2; echo on; while :; do sleep 0.01; done"], scale: 3}
  > END
  $ up_start
  $ shown 3 '| on'; kill -USR2 $up; up_end
  $ grep -c '| heard' shown
  3
