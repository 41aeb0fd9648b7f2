Programs that end are started again, with growing pauses and a limit.

  $ . "$TESTDIR/up_lib.sh"
  $ cat > hostkit.yaml <<'END'
  > services:
  >   crashing:
  >     command: [sh, -c, "exit 3"]
  >     backoff: {initial: 20ms, factor: 2, max: 10s, limit: 5/1h, give_up: true}
  > END
  $ up --json > events; echo $?
  8
  $ events check < events
  whole
  $ grep -o '"delay_s":[^,}]*' events | cut -d : -f 2 | awk '
  >   { wanted = 0.02 * 2 ^ (NR - 1); if ($1 < wanted * 0.89 || $1 > wanted * 1.11) print "pause", NR, $1 }
  >   END { print NR }'
  5
  $ events states crashing < events | tr ' ' '\n' | sort | uniq -c | sed 's/^ *//'
  5 backoff
  1 failed
  6 ready
  6 running
  6 starting
  1 waiting
  $ grep -c '"event":"limited"' events
  1

The limit holds at any age, and by itself means slow retries, not the end:

  $ cat > hostkit.yaml <<'END'
  > services:
  >   crashing:
  >     command: [sh, -c, "exit 3"]
  >     backoff: {initial: 1ms, factor: 1, limit: 3/60s, slow_retry: 100s}
  > END
  $ up_start
  $ until_true grep -q 'starting again in 1m' shown
  $ grep -c 'started, pid' shown
  4
  $ kill -INT $up; up_end
  $ told | tail -n 1
  hostkit: crashing: stopped
  $ told | grep often
  hostkit: crashing: restarts too often, slowing down

A number of restarts in a row, a code that counts as good, no restart at all:

  $ cat > hostkit.yaml <<'END'
  > services:
  >   twice: {command: [sh, -c, "exit 3"], restart: "on-failure:2", backoff: {initial: 1ms}}
  >   good: {command: [sh, -c, "exit 3"], success_exit_codes: [0, 3]}
  >   once: {command: [sh, -c, "kill -SEGV $$$$"], restart: "no"}
  > END
  $ up > shown; echo $?
  8
  $ told | grep -E 'twice' | uniq -c | sed 's/^ *//'
  1 hostkit: twice: started, pid N
  1 hostkit: twice: ended (exit code 3 after TIME), starting again in TIME
  1 hostkit: twice: started, pid N
  1 hostkit: twice: ended (exit code 3 after TIME), starting again in TIME
  1 hostkit: twice: started, pid N
  1 hostkit: twice: failed (exit code 3 after TIME)
  $ told | grep -E 'good|once' | sort
  hostkit: good: completed (exit code 3 after TIME)
  hostkit: good: started, pid N
  hostkit: once: failed (SIGSEGV*) (glob)
  hostkit: once: started, pid N

Always means always; killed from outside is an end like any other:

  $ cat > hostkit.yaml <<'END'
  > services:
  >   forever: {command: "true", restart: always, backoff: {initial: 1ms, factor: 1}}
  >   stays: {command: sleep 1000, restart: unless-stopped, backoff: {initial: 1ms}}
  > END
  $ up_start
  $ shown 3 'forever: started'; shown 1 'stays: started'
  $ kill -KILL "$(pid_of stays)"
  $ shown 2 'stays: started'
  $ told | grep -m 1 'stays: ended'
  hostkit: stays: ended (SIGKILL after TIME), starting again in TIME
  $ kill -INT $up; up_end

Of two processes there is never more than one:

  $ cat > alone.sh <<'END'
  > mkdir lock || { echo "two at once"; exit 0; }
  > trap 'rmdir lock; exit 1' TERM
  > sleep 0.02; rmdir lock; exit 1
  > END
  $ cat > hostkit.yaml <<'END'
  > services:
  >   alone: {command: sh alone.sh, backoff: {initial: 1ms, factor: 1, limit: 20/1h, give_up: true}}
  > END
  $ up > shown; echo $?
  8
  $ grep -c 'alone: started' shown; grep -c 'two at once' shown
  21
  0
  [1]
