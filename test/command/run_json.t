The document of a run, hostkit.run/1.

  $ . "$TESTDIR/functions.sh"

  $ hostkit run --json -- sh -c 'echo out; echo err >&2; exit 7' > document
  [7]
  $ valid < document
  valid
  $ for name in schema argv exit_code signal timed_out survivors leftovers stdout stdout_cut stdout_bytes stderr stderr_cut; do
  >   echo "$name $(field $name < document)"
  > done
  schema hostkit.run/1
  argv ["sh", "-c", "echo out; echo err >&2; exit 7"]
  exit_code 7
  signal absent
  timed_out false
  survivors 0
  leftovers 0
  stdout out
  stdout_cut false
  stdout_bytes 4
  stderr err
  stderr_cut false

Numbers are numbers:

  $ python3 - <<'END'
  > import json
  > d = json.load(open("document"))
  > assert 0 < d["wall_s"] < 60, d
  > assert 0 <= d["user_s"] < 60 and 0 <= d["system_s"] < 60, d
  > assert 100_000 < d["max_rss_bytes"] < 1_000_000_000, d
  > assert d["pid"] > 1 and d["identity"].startswith(f'{d["pid"]}@'), d
  > END

A signal takes the place of the exit code:

  $ hostkit run --json -- sh -c 'kill -TERM $$' > document
  [143]
  $ field signal < document; field exit_code < document
  SIGTERM
  absent

The time was up:

  $ for limit in 200ms 4s 16s 64s; do # whenever it has begun
  >   hostkit run --json --timeout $limit -- sh -c 'echo begun; sleep 100' > document; code=$?
  >   grep -q '"stdout": "begun' document && break
  > done; (exit $code)
  [124]
  $ field timed_out < document; field stdout < document
  true
  begun
  

Output that is not text is shown with replacement characters and given exactly:

  $ hostkit run --json -- printf 'caf\303\251 \377\376\000end' > document
  $ valid < document
  valid
  $ python3 - <<'END'
  > import base64, json
  > d = json.load(open("document"))
  > assert base64.b64decode(d["stdout_base64"]) == b"caf\xc3\xa9 \xff\xfe\x00end", d
  > assert d["stdout"] == "caf\u00e9 \ufffd\ufffd\x00end", d
  > assert "stderr_base64" not in d
  > END

Arguments too:

  $ hostkit run --json -- true "$(printf 'a\377b')" | valid
  valid

Too much output is read, dropped, and said to be cut:

  $ hostkit run --json --max-output 64K -- sh -c 'head -c 50000000 /dev/zero; echo done >&2' > document
  $ python3 - <<'END'
  > import json
  > d = json.load(open("document"))
  > assert len(d["stdout"]) == 65536 and d["stdout_cut"] is True and d["stdout_bytes"] == 50_000_000
  > assert d["stderr"] == "done\n" and d["stderr_cut"] is False
  > END
  $ hostkit run --json -- sh -c 'head -c 3000000 /dev/zero | tr "\0" x' | field stdout | wc -c
  1048577

A stream that goes elsewhere is not part of it:

  $ hostkit run --json --stdout file -- sh -c 'echo to the file; echo err >&2' > document
  $ cat file; field stdout < document; field stderr < document
  to the file
  absent
  err
  
  $ hostkit run --json --stderr stdout -- sh -c 'echo a; echo b >&2' | field stdout
  a
  b
  

Input reaches the program:

  $ echo hello | hostkit run --json cat | field stdout
  hello
  

Nothing was started: an object on stderr, and stdout stays empty:

  $ hostkit run --json no-such-program > out 2> err
  [127]
  $ cat out
  $ valid < err
  valid
  $ field error.code < err; field error.step < err; field error.message < err
  ENOENT
  exec
  'no-such-program': no such file or directory
  $ hostkit run --json --timeout x true 2>&1 | field error
  {"code": "USAGE", "message": "option '--timeout': 'x' is not a time", "hint": "write 10s, 250ms or 1m30s"}

A program that closes its output, and one whose child keeps it open:

  $ hostkit run --json -- sh -c 'echo bye; exec >&- 2>&-; exit 4' > document
  [4]
  $ field stdout < document
  bye
  
  $ seconds=$(unique)
  $ hostkit run --json -- sh -c "sleep $seconds & echo started" > document
  $ field stdout < document; field leftovers < document; sleepers "$seconds"
  started
  
  1
  0
