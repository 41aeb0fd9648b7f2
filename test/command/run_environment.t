What the program finds in its environment.

  $ . "$TESTDIR/functions.sh"

  $ export KEPT=here
  $ hostkit run -e ADDED=value -e EMPTY= -- sh -c 'echo "$KEPT $ADDED <$EMPTY>"'
  here value <>
  $ hostkit run --unset-env KEPT -- sh -c 'echo "${KEPT-gone}"'
  gone
  $ hostkit run --clear-env -- /usr/bin/env
  $ hostkit run --clear-env -e KEPT -e ABSENT -e NEW=1 -- /usr/bin/env | sort
  KEPT=here
  NEW=1

The program is looked for in the PATH it will have:

  $ mkdir bin; printf '#!/bin/sh\necho found\n' > bin/only-here; chmod +x bin/only-here
  $ hostkit run only-here 2>/dev/null
  [127]
  $ hostkit run -e PATH="$PWD/bin:$PATH" only-here
  found

Files of variables; what is set goes over them:

  $ cat > vars <<'END'
  > # a comment
  > 
  > ONE=1
  > QUOTED="two words"
  > BOTH=from the file
  > END
  $ hostkit run --clear-env --env-file vars --env BOTH=set -- /usr/bin/env | sort
  BOTH=set
  ONE=1
  QUOTED=two words
  $ echo ONE=later > more
  $ hostkit run --clear-env --env-file vars --env-file more -- /usr/bin/env | grep ONE
  ONE=later

Mistakes are all told, with their place:

  $ printf 'GOOD=1\nno equals sign\n=nameless\n' > bad
  $ hostkit run --env-file bad true
  hostkit run: bad:2:4: env_file: '=' is missing behind the name; write NAME=VALUE
  hostkit run: bad:3:1: env_file: a line must begin with the name of a variable; write NAME=VALUE, or '#' for a comment
  [125]
  $ hostkit run --json --env-file bad true 2>&1 | python3 -c 'import json, sys
  > d = json.load(sys.stdin)
  > print(d["error"]["line"], d["error"]["column"], len(d["errors"]), d["error_count"])'
  2 4 2 2
  $ hostkit run --env-file missing true
  hostkit run: env_file: 'missing': no such file or directory (ENOENT)
  [125]
  $ hostkit run --env =x true
  hostkit run: option '--env': '=x' is not a variable; write KEY=VALUE, or KEY
  [125]
  $ hostkit run --unset-env A=B true
  hostkit run: option '--unset-env': 'A=B' is not the name of a variable; write KEY
  [125]
