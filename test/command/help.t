Help.

  $ . "$TESTDIR/functions.sh"

  $ hostkit help | head -n 4
  hostkit: the operating system in one command
  
  Usage: hostkit [--json] VERB [options] [arguments]
  
  $ hostkit help | grep -E '^  (run|kill) '
    run         run a program with limits, and leave nothing behind
    kill        signal processes, by identity or by port
  $ hostkit --help | cmp - <(hostkit help)
  $ hostkit -h run | cmp - <(hostkit help run)
  $ hostkit kill --help | cmp - <(hostkit help kill)

Without a verb it goes to stderr, as a mistake:

  $ hostkit > out 2> err
  [2]
  $ hostkit 2>&1 > out | cmp - <(hostkit help)
  $ cat out
  $ hostkit --json
  {"error":{"code":"USAGE","message":"no verb was given","hint":"see hostkit help"}}
  [2]

Eighty columns are enough for all of it:

  $ { echo; hostkit help --list; } | while read -r verb; do hostkit help $verb; done | python3 -c '
  > import sys
  > for line in sys.stdin:
  >     if len(line.rstrip("\n")) > 80: print(len(line), line)'

The verb that was asked for, and the one that was meant:

  $ hostkit help nosuch
  hostkit help: there is no verb 'nosuch'; see hostkit help
  [4]
  $ hostkit help rnu
  hostkit help: there is no verb 'rnu'; did you mean 'run'?
  [4]

Help as data:

  $ hostkit help --json | valid
  valid
  $ hostkit --json help run > document; field name < document; field group < document
  run
  Run programs

The version:

  $ hostkit version | sed -E 's/[0-9]+\.[0-9]+\.[0-9]+ .*/N/'
  hostkit N
  $ hostkit --version | cmp - <(hostkit version)
  $ hostkit version --json > document; valid < document; field schema < document
  valid
  hostkit.version/1

The first word of two explains what can follow it:

  $ hostkit json --help | sed -n '1p;4,5p'
  Usage: hostkit json VERB [options] [arguments]
    json check  check that files are JSON
    json fmt    print JSON for people, or in its shortest form
  $ hostkit json --help > a; hostkit help json > b; hostkit -h json | cat a b - | sort | uniq -c | grep -vc '^ *3 '
  1
  $ hostkit json
  hostkit: 'json' needs a second word; see hostkit json --help
  [2]
