Every verb is complete: help, manual page, page in docs, examples and exit codes, all
from its row.

  $ . "$TESTDIR/functions.sh"

The verbs with manual pages are the verbs there are (command_verbs in cmd/meson.build):

  $ diff <(hostkit help --list | sort) <(tr , '\n' <<< "$HOSTKIT_VERBS" | sort)

  $ hostkit help --list | while read -r verb; do
  >   hostkit help $verb > text || echo "$verb: no help"
  >   for part in Usage: Examples 'Exit codes' 'Options of every verb'; do
  >     grep -q "^$part" text || echo "$verb: help without '$part'"
  >   done
  >   hostkit help --json $verb | python3 -c '
  > import json, sys
  > verb = json.load(sys.stdin)
  > seen = set()
  > for option in verb["options"]:
  >     for name in [option["name"], option.get("letter")]:
  >         if name in seen: print(verb["name"], "has", name, "twice")
  >         if name: seen.add(name)
  >     if not option["help"][0].islower() and not option["help"][0].isupper() or option["help"].endswith("."):
  >         print(verb["name"], option["name"], "help is no plain sentence")
  > for name in verb["help"], *(example["shows"] for example in verb["examples"]):
  >     if name.endswith("."): print(verb["name"], "has a full stop:", name)
  > for example in verb["examples"]:
  >     if "hostkit " + verb["name"] not in example["command"]: print(example["command"])'
  > done

Manual pages are sound scdoc:

  $ command -v scdoc > /dev/null || alias scdoc=cat
  $ { echo; hostkit help --list; } | while read -r verb; do
  >   hostkit help --man $verb | scdoc > page || echo "$verb: scdoc refuses the page"
  >   test -s page || echo "$verb: no page"
  > done

The pages in docs/cmd are what the rows say now. If not: hostkit help --page VERB > docs/cmd/VERB.md

  $ hostkit help --list | while read -r verb; do
  >   hostkit help --page $verb | diff - "$HOSTKIT_SOURCE/docs/cmd/${verb// /-}.md"
  > done
  $ hostkit help --page | diff - "$HOSTKIT_SOURCE/docs/cmd/README.md"
  $ ls "$HOSTKIT_SOURCE/docs/cmd" | grep -v README.md | sed 's/\.md$//' | sort | diff - <(hostkit help --list | tr ' ' - | sort)
