JSON, checked and printed again.

  $ . "$TESTDIR/functions.sh"

What is JSON is passed over in silence:

  $ printf '{"a": [1, 2.50, null]}\n' > good.json
  $ hostkit json check good.json
  $ printf '"\\ud83d\\ude00"' | hostkit json check - good.json -
  standard input:1:1: there is nothing in it
  [1]

What is not is told with its place, the first mistake of each file:

  $ printf '{\n  "a": 1,\n  "b": [1, 2,]\n,}\n' > comma.json
  $ printf '{"a": 1,\n "a": 2}' > twice.json
  $ printf '\357\273\277{}' > mark.json
  $ printf '"\377"' > bytes.json
  $ : > empty.json
  $ hostkit json check comma.json good.json twice.json mark.json bytes.json empty.json
  comma.json:3:14: no comma goes before the closing bracket
  twice.json:2:2: the object has a member of this name already
  mark.json:1:1: JSON does not begin with a byte order mark; remove the first three bytes
  bytes.json:1:2: this is not UTF-8
  empty.json:1:1: there is nothing in it
  [1]
  $ hostkit json check --json comma.json good.json > verdicts
  [1]
  $ valid < verdicts
  valid
  $ field files.0 < verdicts
  {"file": "comma.json", "valid": false, "documents": 0, "line": 3, "column": 14, "offset_bytes": 25, "reason": "no comma goes before the closing bracket"}
  $ field files.1 < verdicts
  {"file": "good.json", "valid": true, "documents": 1}
  $ hostkit json check --duplicates first twice.json
  $ hostkit json check --duplicates lst twice.json
  hostkit json check: option '--duplicates': 'lst' is not a word it knows; write one of: refuse first last
  [2]

A file that cannot be read is another matter:

  $ hostkit json check nowhere.json
  hostkit json check: cannot read 'nowhere.json': no such file or directory (ENOENT)
  [4]
  $ hostkit json check nowhere.json comma.json 2> /dev/null
  comma.json:3:14: no comma goes before the closing bracket
  [1]
  $ hostkit json check .
  hostkit json check: cannot read '.': is a directory (EISDIR)
  [9]
  $ printf '[' > "$(printf 'a\033b')"
  $ hostkit json check "$(printf 'a\033b')"
  a\x1bb:1:2: the text ends before its value is complete
  [1]

Nesting and length cannot be used against us:

  $ python3 -c 'print("[" * 100000)' > deep.json; hostkit json check - < deep.json
  standard input:1:129: arrays and objects are nested deeper than allowed
  [1]

JSON Lines:

  $ printf '{"n":1}\n\n[2]\r\n3' > good.jsonl
  $ hostkit json check --lines good.jsonl
  $ hostkit json check --lines --json good.jsonl | field files.0.documents
  3
  $ printf '1\n{"n":}\n[' > bad.jsonl
  $ hostkit json check --lines bad.jsonl
  bad.jsonl:2:6: a value is expected here
  [1]

Printing: numbers stay as they are, strings take their shortest form.

  $ printf '{"b":[1e2,2.50,-0],"a":{"z":"\\u00e9\\/","y":[]},"n":123456789012345678901234567890}' > mixed.json
  $ hostkit json fmt mixed.json
  {
    "b": [
      1e2,
      2.50,
      -0
    ],
    "a": {
      "z": "\xc3\xa9/", (esc)
      "y": []
    },
    "n": 123456789012345678901234567890
  }
  $ hostkit json fmt --indent 1 --sort-keys < good.json
  {
   "a": [
    1,
    2.50,
    null
   ]
  }
  $ hostkit json fmt --compact --sort-keys mixed.json
  {"a":{"y":[],"z":"\xc3\xa9/"},"b":[1e2,2.50,-0],"n":123456789012345678901234567890} (esc)
  $ hostkit json fmt mixed.json | hostkit json fmt -c - | cmp - <(hostkit json fmt -c mixed.json)
  $ hostkit json fmt -c --duplicates last twice.json
  {"a":2}
  $ hostkit json fmt --json good.json | field value
  {"a": [1, 2.5, null]}
  $ hostkit json fmt --indent 17 good.json
  hostkit json fmt: option '--indent': '17' is not a whole number from 0 to 16
  [2]

A mistake leaves nothing half printed:

  $ hostkit json fmt comma.json
  hostkit json fmt: comma.json:3:14: no comma goes before the closing bracket
  [1]
  $ hostkit json fmt --json comma.json
  {"error":{"code":"NO","message":"comma.json:3:14: no comma goes before the closing bracket"}}
  [1]
  $ hostkit json fmt nowhere.json
  hostkit json fmt: cannot read 'nowhere.json': no such file or directory (ENOENT)
  [4]

Line by line, a wrong one is told and the next one printed:

  $ printf '{ "n" : 1 }\n[2,\n 3\n' | hostkit json fmt --lines 2> errors
  {"n":1}
  3
  [1]
  $ cat errors
  hostkit json fmt: standard input:2:4: the text ends before its value is complete
  $ hostkit json fmt --lines --json good.jsonl
  {"error":{"code":"USAGE","message":"--lines and --json do not go together","hint":"without --json the lines are JSON already"}}
  [2]
  $ hostkit json fmt good.json > /dev/full
  hostkit json fmt: cannot write to standard output: no space left on device (ENOSPC)
  [9]

What cannot become JSON any more is not read to an end that may never come, and what can is:

  $ hostkit json check /dev/zero
  /dev/zero:1:1: a value is expected here
  [1]
  $ (printf '["fine",\n'; yes no | head -n 500000) | hostkit json check -
  standard input:2:1: no such word: true, false and null are written in full and small letters
  [1]
  $ tr '\0' '[' < /dev/zero 2> tr.log | timeout 60 hostkit json check -
  standard input:1:129: arrays and objects are nested deeper than allowed
  [1]
  $ (printf '{"a":"'; yes '\uD83D\uDE00' | head -n 60000 | tr -d '\n'; printf '"}') > long.json
  $ hostkit json check long.json
