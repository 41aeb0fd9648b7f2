Messages without a broker: one side listens, the other sends.

  $ . "$TESTDIR/functions.sh"
  $ wait_for() { until_true eval "$1"; }
  $ listen() { rm -f got got.err; hostkit ipc listen "$@" > got 2> got.err & LISTEN=$!; wait_for 'grep -q "listening at" got.err'; }

The guide's burst: all of a thousand messages arrive, in order.

  $ listen -n 1000 unix:in.sock
  $ seq 1000 | sed 's/.*/{"n":&}/' | hostkit ipc send unix:in.sock
  $ wait $LISTEN
  $ sed 's/.*:\([0-9]*\)}/\1/' got | diff - <(seq 1000)
  $ test -e in.sock
  [1]

  $ listen -n 4 unix:in.sock
  $ hostkit ipc send --json unix:in.sock 1 '"two"' '{"three": 3}' | field sent
  3
  $ hostkit ipc send unix:in.sock '[
  >   "lines", 1.50
  > ]'
  $ wait $LISTEN
  $ cat got
  1
  "two"
  {"three": 3}
  ["lines",1.50]

What is not JSON is refused before it is sent; as text it may go:

  $ hostkit ipc send unix:in.sock hello
  hostkit ipc send: cannot send to 'unix:in.sock': no such file or directory (ENOENT); nobody listens there; 'hostkit ipc serve' and 'hostkit ipc listen' do
  [4]
  $ listen -n 1 --framing lines unix:in.sock
  $ hostkit ipc send unix:in.sock hello
  hostkit ipc send: 'hello' is not JSON: * (glob)
  [2]
  $ printf 'hello\n"a secret"\n' | hostkit ipc send unix:in.sock
  hostkit ipc send: stdin:1:1: a value is expected here, in 'hello'; * (glob)
  [2]
  $ hostkit ipc send --framing lines unix:in.sock "$(printf 'one\ntwo')"
  hostkit ipc send: a message with a line feed is more than one line; send it with --framing length
  [2]
  $ hostkit ipc send --framing lines unix:in.sock 'hello, world'
  $ wait $LISTEN
  $ cat got
  hello, world

A full disk is told, once, and why:

  $ (exec hostkit ipc listen unix:in.sock > /dev/full 2> full.err) & LISTEN=$!
  $ wait_for 'grep -q "listening at" full.err'
  $ hostkit ipc send unix:in.sock 1
  $ wait $LISTEN
  [9]
  $ cat full.err
  hostkit ipc listen: listening at unix:in.sock
  hostkit ipc listen: cannot write to standard output: no space left on device (ENOSPC)
  $ rm full.err

A line that never ends is not read for ever:

  $ listen unix:in.sock
  $ tr '\0' 1 < /dev/zero | hostkit ipc send unix:in.sock
  hostkit ipc send: a line of standard input is longer than 64 MiB; messages are one a line
  [9]
  $ kill $LISTEN; wait $LISTEN

With --json a message says where it came from:

  $ hostkit ipc listen --json -n 1 unix:in.sock > got & LISTEN=$!
  $ wait_for 'test -s got'
  $ field url < got
  unix:in.sock
  $ hostkit ipc send unix:in.sock '[1]'
  $ wait $LISTEN
  $ tail -1 got | field kind; tail -1 got | field data; test "$(tail -1 got | field pid)" -gt 1
  message
  [1]

A program answers: each connection has its own, its lines are the answers.

  $ listen --exec 'sed -u "s/^/[/; s/$/]/"' unix:in.sock
  $ hostkit ipc send -a 2 unix:in.sock 1 2
  [1]
  [2]
  $ seq 300 | hostkit ipc send -a 300 unix:in.sock | tail -1
  [300]
  $ hostkit ipc send -a 1 -t 60s unix:in.sock < /dev/null
  hostkit ipc send: 'unix:in.sock' closed the connection before it answered
  [1]
  $ kill $LISTEN; wait $LISTEN
  $ test -e in.sock
  [1]

Whoever waits in vain is told so:

  $ hostkit ipc listen -n 1 -t 100ms unix:other.sock
  hostkit ipc listen: listening at unix:other.sock
  hostkit ipc listen: not enough came in time
  [1]
  $ hostkit ipc listen -t 100ms unix:other.sock
  hostkit ipc listen: listening at unix:other.sock
  $ listen udp:127.0.0.1:0
  $ hostkit ipc send -a 1 -t 100ms $(sed 's/.* //' got.err) 1
  hostkit ipc send: not enough came in time
  [1]
  $ kill $LISTEN; wait $LISTEN

A program that fails is told, the listener goes on:

  $ listen --exec 'exit 3' unix:in.sock
  $ hostkit ipc send -a 1 unix:in.sock 1
  hostkit ipc send: * (glob)
  [*] (glob)
  $ wait_for 'grep -q "ended with 3" got.err'
  $ kill $LISTEN; wait $LISTEN

A listener without a program takes calls and answers none, which is not waited for without end:

  $ listen unix:in.sock
  $ hostkit ipc bench -n 10 -t 200ms unix:in.sock
  hostkit ipc bench: cannot measure 'unix:in.sock': timed out (ETIMEDOUT); --timeout gives it longer
  [9]
  $ kill $LISTEN; wait $LISTEN

As many programs as there are descriptors for; who comes then is turned away, and the
listener stays:

  $ (ulimit -Sn 16; exec hostkit ipc listen --exec cat unix:in.sock 2> crowd.err) & LISTEN=$!
  $ wait_for 'grep -q "listening at" crowd.err'
  $ cat > crowd.py <<'EOF'
  > import socket
  > crowd = [socket.socket(socket.AF_UNIX) for _ in range(12)]
  > for one in crowd: one.connect("in.sock")
  > for one in crowd: one.settimeout(60)
  > served = 0
  > for one in crowd:
  >     try:
  >         one.sendall(b"1\n"); served += one.recv(9) == b"1\n"
  >     except OSError: pass
  >     one.close()
  > print("some" if 0 < served < 12 else served)
  > EOF
  $ python3 crowd.py
  some
  $ wait_for 'grep -q "closed a connection: cannot run .cat.: too many open files" crowd.err'
  $ until_true hostkit ipc send -a 1 -t 10s unix:in.sock 7
  $ kill $LISTEN; wait $LISTEN
  $ rm crowd.*

Datagrams:

  $ listen -n 2 udp:127.0.0.1:0
  $ URL=$(sed 's/.* //' got.err)
  $ hostkit ipc send $URL '{"a":1}' '"b"'
  $ wait $LISTEN
  $ cat got
  {"a":1}
  "b"
  $ hostkit ipc send -a 1 $URL 1
  hostkit ipc send: cannot send to 'udp:127.0.0.1:*': connection refused (ECONNREFUSED); nobody receives there; 'hostkit ipc listen' does (glob)
  [3]
  $ hostkit ipc listen udp:example.org:1
  hostkit ipc listen: *names a host; datagrams want its address* (glob)
  [2]

Named pipes, for whoever can only write to a file:

  $ listen -n 3 fifo:pipe
  $ stat -c '%F %a' pipe
  fifo 600
  $ echo '{"from":"echo"}' > pipe
  $ printf '"one"\n"two"\n' | hostkit ipc send fifo:pipe
  $ wait $LISTEN
  $ cat got
  {"from":"echo"}
  "one"
  "two"
  $ ls
  got
  got.err
  $ mkfifo idle; hostkit ipc send fifo:idle 1
  hostkit ipc send: cannot write to 'fifo:idle': no such device or address (ENXIO); nobody reads from the pipe
  [3]
  $ echo text > file; hostkit ipc listen fifo:file
  hostkit ipc listen: cannot listen at 'fifo:file': file exists (EEXIST)
  [9]
  $ hostkit ipc listen --exec cat fifo:pipe
  hostkit ipc listen: --exec answers, and nobody can be answered at 'fifo:pipe'; use unix: or tcp:
  [2]

What waits for a peer that takes nothing waits as long as it is told to:

  $ cat > deaf.py <<'END'
  > import os, signal, socket
  > here = socket.socket(socket.AF_UNIX)
  > here.bind('deaf.sock')
  > here.listen()
  > open('deaf', 'w').close()
  > there = [here.accept()[0] for _ in range(3)]
  > signal.pause()
  > END
  $ python3 deaf.py & DEAF=$!
  $ wait_for 'test -e deaf'
  $ yes '"0123456789012345678901234567890123456789"' | head -n 200000 > many.jsonl
  $ hostkit ipc send -t 300ms unix:deaf.sock < many.jsonl
  hostkit ipc send: cannot send to 'unix:deaf.sock': timed out (ETIMEDOUT); --timeout gives it longer
  [9]

And whoever is no broker is told to be none:

  $ hostkit ipc sub -t 300ms unix:deaf.sock a
  hostkit ipc sub: 'unix:deaf.sock' does not answer: it is no broker, or it is stopped; 'hostkit ipc serve' makes a broker
  [4]
  $ hostkit ipc tap -t 300ms unix:deaf.sock
  hostkit ipc tap: 'unix:deaf.sock' does not answer: it is no broker, or it is stopped; 'hostkit ipc serve' makes a broker
  [4]
  $ hostkit ipc bench -t 300ms unix:deaf.sock
  hostkit ipc bench: cannot measure 'unix:deaf.sock': timed out (ETIMEDOUT); --timeout gives it longer
  [9]
  $ kill $DEAF
  $ end_of $DEAF
  [143]
  $ mkfifo stuck
  $ exec 8<> stuck
  $ hostkit ipc send -t 300ms fifo:stuck < many.jsonl
  hostkit ipc send: cannot send to 'fifo:stuck': timed out (ETIMEDOUT)
  [9]
  $ exec 8>&-

What is wrong with a place is said of that kind of place:

  $ hostkit ipc send udp:0 1
  hostkit ipc send: url: 'udp:0' has port 0, where nobody can be: name the one of the receiver: invalid argument (EINVAL)
  [2]
  $ hostkit ipc send 'udp:*:5000' 1
  hostkit ipc send: url: 'udp:*:5000' is every address: name one to send to: invalid argument (EINVAL)
  [2]
  $ hostkit ipc send tcp:no..host:5000 1
  hostkit ipc send: cannot send to 'tcp:no..host:5000'; no host of this name is known
  [4]
  $ head -c 70000 /dev/zero | tr '\0' 1 | hostkit ipc send udp:127.0.0.1:9
  hostkit ipc send: cannot send to 'udp:127.0.0.1:9': message too long (EMSGSIZE); a datagram has at most 65507 bytes, and 1200 to another machine; larger messages go over unix: or tcp:
  [9]
  $ hostkit ipc send fifo:nowhere 1
  hostkit ipc send: cannot write to 'fifo:nowhere': no such file or directory (ENOENT); 'hostkit ipc listen' makes the pipe, and so does mkfifo
  [4]
  $ hostkit ipc call udp:5000 method
  hostkit ipc call: dial: udp: has no connections; unix, tcp and fd have: protocol not supported (EPROTONOSUPPORT)
  [2]

Who comes before the server can wait for it:

  $ hostkit ipc send --wait 60s unix:late.sock '"early"' & SEND=$!
  $ listen -n 1 unix:late.sock
  $ end_of $SEND
  $ wait $LISTEN
  $ cat got
  "early"
  $ hostkit ipc sub --wait 10s -n 1 -d unix:bus.sock a > heard 2> heard.err & SUB=$!
  $ hostkit ipc call --wait 10s unix:bus.sock broker.stats > stats & CALL=$!
  $ hostkit ipc serve unix:bus.sock 2> bus.err & BUS=$!
  $ end_of $CALL
  $ field published < stats
  0
  $ wait_for 'grep -q listening heard.err'
  $ hostkit ipc pub --wait 10s unix:bus.sock a 1
  $ end_of $SUB
  $ cat heard
  1
  $ kill $BUS
  $ end_of $BUS
  $ hostkit ipc call --wait 50ms unix:bus.sock broker.stats
  hostkit ipc call: cannot dial 'unix:bus.sock': no such file or directory (ENOENT); nobody listens there; 'hostkit ipc serve' and 'hostkit ipc listen' do
  [4]
