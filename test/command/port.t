Who listens on a port.

  $ . "$TESTDIR/functions.sh"
  $ listen() { python3 "$TESTDIR/listen.py" "$1" > port & pid=$!; until_true test -s port; port=$(cat port); rm port; }

  $ listen tcp
  $ hostkit kill -s 0 :$port | sed -E 's/[0-9.]+/N/g'
  TARGET	PID	NAME	RESULT
  :N	N	pythonN	running
  $ hostkit kill -s 0 :$port/udp > /dev/null 2>&1
  [4]
  $ hostkit kill --wait 10s :$port/tcp | cut -f 4; end_of $pid
  RESULT
  ended
  [143]
  $ hostkit kill :$port 2>&1 | sed -E 's/[0-9]+/N/g'
  TARGET	PID	NAME	RESULT
  :N	-	-	absent
  hostkit kill: nobody listens on ':N'
  $ hostkit kill :$port > /dev/null 2>&1
  [4]

  $ listen udp
  $ hostkit kill -s 0 :$port/tcp > /dev/null 2>&1
  [4]
  $ hostkit kill --json --wait 10s :$port | field targets.0.result; end_of $pid
  ended
  [143]

  $ for word in : :0 :65536 :http :80/sctp :80/; do hostkit kill $word 2>&1; done | sort -u | head -n 2
  hostkit kill: ':' names no process; write :8080, :8080/tcp or :8080/udp
  hostkit kill: ':0' names no process; write :8080, :8080/tcp or :8080/udp
