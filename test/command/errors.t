What is wrong is said in one line, with a remedy.

  $ . "$TESTDIR/functions.sh"

  $ hostkit rnu
  hostkit: unknown verb 'rnu'; did you mean 'run'?
  [2]
  $ hostkit frobnicate
  hostkit: unknown verb 'frobnicate'; see hostkit help
  [2]
  $ hostkit --jsno version
  hostkit: unknown option '--jsno'; did you mean '--json'?
  [2]
  $ hostkit run --tiemout 5s true
  hostkit run: unknown option '--tiemout'; did you mean '--timeout'?
  [125]
  $ hostkit run --time 5s true
  hostkit run: unknown option '--time'; did you mean '--timeout'?
  [125]
  $ hostkit version extra
  hostkit version: unexpected 'extra'; see hostkit version --help
  [2]

As JSON, wherever --json stands:

  $ hostkit --json rnu
  {"error":{"code":"USAGE","message":"unknown verb 'rnu'","hint":"did you mean 'run'?"}}
  [2]
  $ hostkit kill --wiat 5s --json
  {"error":{"code":"USAGE","message":"unknown option '--wiat'","hint":"did you mean '--wait'?"}}
  [2]
  $ hostkit kill --json "$(printf 'bad\001\377')" 2>&1 | valid
  valid

Nothing from outside reaches the terminal raw:

  $ hostkit "$(printf 'a\033[2Jb\nc\303')"
  hostkit: unknown verb 'a\\x1b[2Jb\\nc\xef\xbf\xbd'; see hostkit help (esc)
  [2]
  $ hostkit run -- "$(printf 'no\033]0;title\007')"
  hostkit run: exec: 'no\x1b]0;title\x07': no such file or directory (ENOENT); it is in no directory of PATH
  [127]

Very long words do no harm:

  $ long=$(head -c 100000 /dev/zero | tr '\0' x)
  $ hostkit "$long" 2>&1 | wc -l
  1
  $ hostkit run "--$long" true > out 2>&1
  [125]
  $ hostkit run --tree "$long" true 2>&1 | wc -c | sed -E 's/^1[0-9]{5}$/told/'
  told

What cannot be printed is told with its reason, however much of it there was before:

  $ for verb in version 'ps' 'ps --json' info 'help --json' 'sched policies' metrics 'completion bash' 'sched gen -n 5000' 'top -b -n 1'; do
  >   hostkit $verb > /dev/full 2> error; status=$?
  >   grep -q 'cannot write to standard output.*ENOSPC\|ENOSPC.*cannot write to standard output' error || echo "$verb: $(cat error)"
  >   [ "$(wc -l < error)" = 1 ] && [ $status = 9 ] || echo "$verb: $status, $(cat error)"
  > done
