Running programs: what reaches them, and how their end is told.

  $ . "$TESTDIR/functions.sh"

Arguments reach the program as they are, without a shell:

  $ hostkit run -- printf '<%s>\n' 'a b' '$HOME' '*' ''
  <a b>
  <$HOME>
  <*>
  <>
  $ hostkit run echo --json -- -x
  --json -- -x

The exit code is the program's:

  $ hostkit run true
  $ hostkit run false
  [1]
  $ hostkit run -- sh -c 'exit 42'
  [42]
  $ hostkit run -- sh -c 'exit 255'
  [255]

A signal is told as shells do, 128 + its number:

  $ hostkit run -- sh -c 'kill -TERM $$'
  [143]
  $ hostkit run -- sh -c 'kill -KILL $$'
  [137]

A program that is not there, or cannot be executed:

  $ hostkit run no-such-program
  hostkit run: exec: 'no-such-program': no such file or directory (ENOENT); it is in no directory of PATH
  [127]
  $ hostkit run ./nothing/here
  hostkit run: exec: './nothing/here': no such file or directory (ENOENT)
  [127]
  $ echo plain > plain; hostkit run ./plain
  hostkit run: exec: './plain': permission denied (EACCES); is it executable, and may its directory be entered?
  [126]
  $ mkdir folder; hostkit run ./folder
  hostkit run: exec: './folder': permission denied (EACCES); is it executable, and may its directory be entered?
  [126]
  $ printf '\177ELFnonsense' > broken; chmod +x broken; hostkit run ./broken
  hostkit run: exec: './broken': exec format error (ENOEXEC); it is no program and has no '#!' line: name its interpreter first
  [126]
  $ printf '#!/no/such/interpreter\n' > script; chmod +x script; hostkit run ./script
  hostkit run: exec: './script': no such file or directory (ENOENT); the file is there, but the interpreter it names is not
  [127]

Our own failures are 125, before anything was started:

  $ hostkit run --cwd /no/such/directory touch started
  hostkit run: cwd: '/no/such/directory': no such file or directory (ENOENT)
  [125]
  $ hostkit run --timeout soon touch started
  hostkit run: option '--timeout': 'soon' is not a time; write 10s, 250ms or 1m30s
  [125]
  $ hostkit run
  hostkit run: what is missing: [--] PROGRAM [ARGUMENT …]; see hostkit run --help
  [125]
  $ test -e started
  [1]

A directory:

  $ mkdir there; hostkit run -C there -- sh -c 'basename "$PWD"; basename "$(pwd -P)"' | tail -n 1
  there
  $ hostkit run --cwd=there pwd | sed 's/.*\///'
  there

A shell only when it is asked for, with its words:

  $ hostkit run --shell 'echo "$1-$2" | tr a-z A-Z' one two
  ONE-TWO
  $ hostkit run --shell 'exit 3'
  [3]

A time limit ends the program, and says so with 124:

  $ hostkit run --timeout 100ms sleep 60
  [124]
  $ hostkit run --timeout 60s -- sh -c 'exit 6'
  [6]

The stop signal can be caught; its answer does not change the code:

  $ cat > patient.sh <<'END'
  > trap 'echo asked; exit 0' USR1
  > echo up
  > while :; do sleep 0.01; done
  > END
  $ for limit in 1s 4s 16s 64s; do # whenever it has come as far as to listen
  >   hostkit run --timeout $limit --kill-after 60s --signal USR1 -- bash patient.sh > heard; code=$?
  >   grep -q up heard && break
  > done; cat heard; (exit $code)
  up
  asked
  [124]

One that will not listen is ended for certain:

  $ hostkit run -t 100ms -k 100ms -- sh -c 'trap "" TERM; while :; do sleep 0.01; done'
  [124]

The report is for people, on stderr:

  $ hostkit run --report -- sh -c 'echo output; exit 3' 2> report
  output
  [3]
  $ sed -E '/^peak bound/d; s/  +/: /; /^(wall|user|system|peak|minor|major|waits|preemptions|identity|tree)/s/:.*//' report
  program: sh -c echo output; exit 3
  identity
  exit code: 3
  timed out: no
  wall time
  user time
  system time
  peak memory
  minor faults
  major faults
  waits
  preemptions
  tree
  leftovers: 0
  survivors: 0

  $ hostkit run --report -- sh -c 'kill -USR1 $$' 2>&1 | grep -E '^(signal|exit)'
  signal        SIGUSR1
  $ hostkit run --report -t 50ms sleep 9 2>&1 | grep -E '^timed'
  timed out     yes

Captured output comes whole at the end, each stream where it belongs:

  $ hostkit run --capture -- sh -c 'echo out; echo err >&2; echo more' > out 2> err
  $ cat out
  out
  more
  $ cat err
  err
  $ hostkit run --capture --max-output 10 -- sh -c 'printf 1234567890abc; printf x >&2'
  1234567890hostkit run: stdout was cut: 10 of 13 bytes kept (--max-output)
  x (no-eol)
