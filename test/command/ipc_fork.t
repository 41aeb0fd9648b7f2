Messages with a Node program.

  $ . "$TESTDIR/functions.sh"
  $ [ "$(node -p 'parseInt(process.versions.node) >= 16' 2>/dev/null)" = true ] || skip 'node 16 or later is not installed'

Each line is a message; what the program sends is printed; its own output goes to stderr.

  $ cat > echo.js <<'END'
  > console.log('started with', process.argv.slice(2));
  > process.on('message', (m) => process.send({ got: m }));
  > process.on('disconnect', () => { process.exitCode = 5; });
  > END
  $ printf '{"n": 1}\n"two"\n\n[3]' | hostkit ipc fork echo.js one -two 2> errors
  {"got":{"n":1}}
  {"got":"two"}
  {"got":[3]}
  [5]
  $ cat errors
  started with [ 'one', '-two' ]

From a file, and however many:

  $ seq 20000 > many
  $ hostkit ipc fork echo.js < many 2> /dev/null > answers
  [5]
  $ wc -l < answers
  20000
  $ tail -n 1 answers
  {"got":20000}

With no input the program is let go at once:

  $ echo 'process.on("message", () => {});' > quiet.js
  $ hostkit ipc fork quiet.js < /dev/null

Values that JSON does not have, both ways:

  $ cat > kinds.js <<'END'
  > process.on('message', (m) => {
  >   process.send({ is: m.constructor.name, back: m });
  > });
  > END
  $ printf '%s\n' '{"$map":[["a",{"$bigint":"12"}]]}' '{"$date":"2026-11-22T20:05:00.000Z"}' '{"$bytes":"aGk="}' > kinds
  $ hostkit ipc fork --serialization advanced kinds.js < kinds
  {"is":"Map","back":{"$map":[["a",{"$bigint":"12"}]]}}
  {"is":"Date","back":{"$date":"2026-11-22T20:05:00.000Z"}}
  {"is":"Buffer","back":{"$bytes":"aGk=","$type":"Buffer"}}
  $ echo '{"$nothing":1}' | hostkit ipc fork -s advanced kinds.js
  hostkit ipc fork: a line was not sent: it is no tagged JSON; docs/api/ipc_fork.md lists the tags
  [125]

A program that answers later:

  $ echo 'process.on("message", (m) => setTimeout(() => process.send(m + 1), 20));' > late.js
  $ echo 1 | hostkit ipc fork --count 1 late.js
  2
  $ echo 'process.on("message", (m) => setTimeout(() => { process.send(m + 1); process.disconnect(); }, 20));' > once.js
  $ echo 1 | hostkit ipc fork --keep-open once.js
  2

Options of Node itself:

  $ echo 'process.send(process.execArgv)' > self.js
  $ hostkit ipc fork -a --no-warnings -a --max-old-space-size=64 self.js < /dev/null
  ["--no-warnings","--max-old-space-size=64"]

What is no message is told, and the rest goes on:

  $ printf '1\n{bad\n2\n' | hostkit ipc fork quiet.js
  hostkit ipc fork: standard input:2:2: a member begins with its name in double quotes
  [125]
  $ echo '{"cmd":"NODE_HANDLE"}' | hostkit ipc fork quiet.js
  hostkit ipc fork: a line was not sent: its "cmd" begins with NODE_, which Node keeps for itself
  [125]
  $ echo 'require("fs").writeSync(3, "garbage\n"); process.send("after")' > garbage.js
  $ hostkit ipc fork garbage.js < /dev/null
  hostkit ipc fork: the program sent what is no message: a value is expected here
  "after"
  $ hostkit --json ipc fork garbage.js < /dev/null | python3 -c '
  > import json, sys
  > for line in sys.stdin:
  >     event = json.loads(line)
  >     print(event["schema"], event["seq"], event["event"], event.get("message", event.get("reason", event.get("exit_code", ""))))'
  hostkit.ipc.fork/1 1 bad a value is expected here
  hostkit.ipc.fork/1 2 message after
  hostkit.ipc.fork/1 3 disconnect 
  hostkit.ipc.fork/1 4 exit 0

How it ends:

  $ echo 'process.exit(3)' > three.js
  $ hostkit ipc fork three.js < /dev/null
  [3]
  $ echo 'process.kill(process.pid, "SIGKILL")' > killed.js
  $ hostkit ipc fork killed.js < /dev/null
  [137]
  $ echo 'setInterval(() => {}, 1000)' > stays.js
  $ hostkit ipc fork --grace 50ms stays.js < /dev/null
  [143]
  $ hostkit ipc fork --exec-path /no/such/node x.js < /dev/null
  hostkit ipc fork: exec: '/no/such/node': no such file or directory (ENOENT)
  [127]
  $ hostkit ipc fork
  hostkit ipc fork: what is missing: [--] MODULE [ARGUMENT …]; see hostkit ipc fork --help
  [125]
  $ hostkit ipc fork --serialization yaml x.js
  hostkit ipc fork: option '--serialization': 'yaml' is not a word it knows; write one of: json advanced
  [125]

A signal sent to us is meant for the program:

  $ echo 'process.on("SIGUSR2", () => process.exit(9)); process.send("up"); process.on("message", () => {})' > signal.js
  $ mkfifo input
  $ hostkit ipc fork signal.js < input > up & main=$!
  $ exec 7> input
  $ until_true grep -q up up
  $ kill -USR2 $main
  $ end_of $main
  [9]
  $ exec 7>&-

One that is stopped hears of it too, and one that does not listen has until the grace is over:

  $ echo 'process.send(process.pid); setInterval(() => {}, 1000)' > stopped.js
  $ hostkit ipc fork stopped.js < input > stopped & main=$!
  $ exec 7> input
  $ until_true test -s stopped
  $ kill -STOP "$(cat stopped)" && kill -TERM $main
  $ end_of $main
  [143]
  $ exec 7>&-
  $ echo 'process.on("SIGTERM", () => {}); process.send(process.pid); setInterval(() => {}, 1000)' > deaf.js
  $ hostkit ipc fork --grace 50ms deaf.js < input > deaf & main=$!
  $ exec 7> input
  $ until_true test -s deaf
  $ kill -STOP "$(cat deaf)" && kill -TERM $main
  $ end_of $main
  [137]
  $ exec 7>&-

What cannot be printed ends it, whatever the program would still do:

  $ hostkit ipc fork --keep-open stopped.js < /dev/null > /dev/full
  hostkit ipc fork: cannot write to standard output: no space left on device (ENOSPC)
  [125]
  $ hostkit ipc fork --keep-open stopped.js < /dev/null >&-
  hostkit ipc fork: cannot write to standard output: bad file descriptor (EBADF)
  [125]
