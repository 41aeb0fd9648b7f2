Messages between programs: a broker, and everybody who talks to it.

  $ . "$TESTDIR/functions.sh"
  $ B=unix:bus.sock
  $ wait_for() { until_true eval "$1"; }
  $ field_of() { python3 -c 'import json,sys
  > for line in sys.stdin: print(*[json.loads(line).get(key) for key in sys.argv[1:]])' "$@"; }

Nobody is there yet, which is told with what to do:

  $ hostkit ipc call $B ping
  hostkit ipc call: cannot get an answer from 'unix:bus.sock': no such file or directory (ENOENT); nobody listens there; 'hostkit ipc serve' and 'hostkit ipc listen' do
  [4]
  $ hostkit ipc call nonsense ping 2>&1 | head -c 50
  hostkit ipc call: nonsense:1:1: url: * (glob)
  $ hostkit ipc call $B ping '{"a":'
  hostkit ipc call: '{"a":' is not JSON: the text ends before its value is complete, at column 6; text is JSON in quotes of its own: '"text"'
  [2]
  $ hostkit ipc call $B ping 7
  hostkit ipc call: params are an array or an object, not '7'; put it into brackets: '[1]'
  [2]
  $ hostkit ipc pub $B 'a.*' 1
  hostkit ipc pub: 'a.*' is no subject; a subject is tokens between dots, such as cpu.0.load
  [2]
  $ hostkit ipc sub $B 'a.>.b'
  hostkit ipc sub: 'a.>.b' is no pattern; * is one token, > at the end all that follow: cpu.*.load, cpu.>
  [2]

Datagrams and named pipes have no conversations, which is a mistake of the command line:

  $ hostkit ipc call udp:99 ping
  hostkit ipc call: dial: udp: has no connections; unix, tcp and fd have: protocol not supported (EPROTONOSUPPORT)
  [2]
  $ hostkit ipc serve fifo:pipe
  hostkit ipc serve: listen: fifo: has no connections; unix, tcp, fd and activation have: protocol not supported (EPROTONOSUPPORT)
  [2]

A broker says where it is, and its socket is its user's alone:

  $ hostkit ipc serve $B > served 2> served.err &
  $ SERVE=$!
  $ wait_for 'grep -q "serving at" served.err'
  $ cat served.err
  hostkit ipc serve: serving at unix:bus.sock
  $ stat -c %a bus.sock
  600
  $ hostkit ipc serve $B
  hostkit ipc serve: * (glob)
  [9]

What is published reaches whoever subscribed, and nobody else:

  $ hostkit ipc sub -n 4 $B 'cpu.*.load' 'disk.>' > heard 2> heard.err &
  $ SUB=$!
  $ wait_for 'grep -q listening heard.err'
  $ hostkit ipc pub $B cpu.0.load '{"value": 0.50}'
  $ hostkit ipc pub $B cpu.0.heat 60
  $ printf '1\n\n[2,\t3]\n' | hostkit ipc pub --json $B disk.sda.reads | field published
  2
  $ hostkit ipc pub $B disk.x '"last"'
  $ wait $SUB
  $ cat heard
  {"topic":"cpu.0.load","data":{"value":0.50}}
  {"topic":"disk.sda.reads","data":1}
  {"topic":"disk.sda.reads","data":[2,3]}
  {"topic":"disk.x","data":"last"}

A line that is not JSON is quoted alone, whatever follows it, or when nothing does:

  $ printf '1\nx\n{"behind":2}\n' | hostkit ipc pub $B z
  hostkit ipc pub: stdin:2:1: a value is expected here, in 'x'; text is JSON in quotes of its own: '"text"'
  [2]
  $ printf '"a value that is longer than it"\ny' | hostkit ipc pub $B z
  hostkit ipc pub: stdin:2:1: a value is expected here, in 'y'; text is JSON in quotes of its own: '"text"'
  [2]

A queue shares: of two workers each news goes to one.

  $ for i in 1 2; do hostkit ipc sub -d -n 10 -q workers $B jobs > work$i 2> work$i.err & eval W$i=$!; done
  $ wait_for 'grep -q listening work1.err && grep -q listening work2.err'
  $ seq 20 | hostkit ipc pub $B jobs
  $ wait $W1 $W2
  $ sort -n work1 work2 | tr '\n' ' '
  1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20  (no-eol)

With --json each line is an event in the envelope of all streams:

  $ hostkit --json ipc sub -n 2 $B '>' > events 2> events.err & SUB=$!
  $ wait_for 'grep -q listening events'
  $ hostkit ipc pub $B a 1; hostkit ipc pub $B b.c '[]'
  $ wait $SUB
  $ field_of schema seq kind topic data pattern news_seq < events
  hostkit.ipc.sub/1 1 listening None None None None
  hostkit.ipc.sub/1 2 news a 1 > 1
  hostkit.ipc.sub/1 3 news b.c [] > 2
  $ cat events.err

Calls find a service by the name of its method.  Here it is a shell script:

  $ cat > service.sh <<'EOF'
  > echo '{"jsonrpc":"2.0","id":1,"method":"register","params":{"method":"shout"}}'
  > read -r registered
  > while read -r line; do
  >   id=$(printf %s "$line" | sed 's/.*"id":\([0-9]*\).*/\1/')
  >   word=$(printf %s "$line" | sed 's/.*"params":\["\([a-z]*\)"\].*/\1/' | tr a-z A-Z)
  >   printf '{"jsonrpc":"2.0","id":%s,"result":"%s"}\n' "$id" "$word"
  > done
  > EOF
  $ if command -v socat > /dev/null; then
  >   socat UNIX-CONNECT:bus.sock EXEC:'sh service.sh' &
  > else
  >   python3 "$TESTDIR/ipc_bridge.py" bus.sock sh service.sh &
  > fi
  $ SERVICE=$!
  $ wait_for 'hostkit ipc call $B broker.stats | grep -q "\"methods\":1"'
  $ hostkit ipc call $B shout '["hello"]'
  "HELLO"
  $ hostkit ipc call --json $B shout '["again"]' > answer; field ok < answer; field result < answer
  true
  AGAIN
  $ hostkit ipc call $B whisper
  hostkit ipc call: 'whisper' failed: nobody here offers this method (-32601)
  [4]
  $ hostkit ipc call --json $B whisper > answer
  [4]
  $ field code < answer
  -32601
  $ hostkit ipc call $B register '{"method":"sub"}'
  hostkit ipc call: 'register' failed: this method is the broker's own (-32602)
  [1]
  $ kill $SERVICE; wait $SERVICE 2> /dev/null
  [143]

A tap sees everything:

  $ hostkit --json ipc tap -n 4 $B > tapped 2> tapped.err & TAP=$!
  $ wait_for 'grep -q listening tapped'
  $ hostkit ipc pub $B probe 0; hostkit ipc pub $B probe 1
  $ wait $TAP
  $ field_of schema seq < tapped
  hostkit.ipc.tap/1 1
  hostkit.ipc.tap/1 2
  hostkit.ipc.tap/1 3
  hostkit.ipc.tap/1 4
  hostkit.ipc.tap/1 5
  $ field_of kind topic data < tapped
  listening None None
  join None None
  pub probe 0
  leave None None
  join None None

Any program can take part; what it says wrong is answered, and the next line heard:

  $ cat > ask.py <<'EOF'
  > import socket, sys
  > s = socket.socket(socket.AF_UNIX); s.connect("bus.sock")
  > s.sendall(sys.stdin.buffer.read()); s.shutdown(socket.SHUT_WR)
  > print(s.makefile().read(), end="")
  > EOF
  $ python3 ask.py <<'EOF'
  > {"jsonrpc":"2.0","id":1,
  > {"jsonrpc":"2.0","id":2,"method":"pub","params":{"topic":"x","data":1}}
  > [{"jsonrpc":"2.0","id":3,"method":"unsub"},{"jsonrpc":"2.0","method":"pub","params":{"topic":"y"}}]
  > EOF
  {"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"the text ends before its value is complete"}}
  {"jsonrpc":"2.0","id":2,"result":{"subscribers":0}}
  [{"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"there is no such sub on this connection"}}]

Measuring is quick enough to be tried:

  $ hostkit ipc bench -n 500 $B | cut -f 1,2,5
  CASE	MESSAGES	LOST
  call	500	0
  calls	500	0
  news	500	0
  $ hostkit ipc bench --json -n 200 $B > measured
  $ valid < measured
  valid

It stops when told to, says what it did, and leaves nothing behind:

  $ kill $SERVE; wait $SERVE
  $ grep -c 'published.*delivered.*dropped' served.err
  1
  $ test -e bus.sock
  [1]
  $ hostkit ipc sub -n 1 $B a
  hostkit ipc sub: * (glob)
  [4]
