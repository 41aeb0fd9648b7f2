What the machine is and how it fares.

  $ . "$TESTDIR/functions.sh"

Others who know the machine say the same:

  $ "$TESTDIR/info_oracle.py" memory free df inodes ip disks cpu pressure vmstat psutil host sockets 2>/dev/null
  memory: agrees
  free: agrees
  df: agrees
  inodes: agrees
  ip: agrees
  disks: agrees
  cpu: agrees
  pressure: agrees
  vmstat: agrees
  psutil: agrees
  host: agrees
  sockets: agrees

One document, at once and without rates; what was asked for and nothing else:

  $ hostkit info --json > document; valid < document
  valid
  $ field schema < document
  hostkit.info/1
  $ grep -c 'per_s"\|used_percent": .*"shares' document
  0
  [1]
  $ field cpu.used_percent < document
  absent
  $ hostkit info --json cpu memory > two; python3 -c 'import json; print(*json.load(open("two")))'
  schema cpu memory
  $ python3 -c 'import json; m = json.load(open("two"))["memory"]; print(m["used_bytes"] == m["total_bytes"] - m["available_bytes"])'
  True

The performance metrics of the guide, of the process and of the machine beside each other:

  $ hostkit info --json self memory cpu > document
  $ python3 -c 'import json
  > d = json.load(open("document"))
  > print(d["self"]["rss_bytes"] > 0, d["self"]["cpu_user_s"] >= 0, d["memory"]["used_bytes"] > 0, len(d["cpu"]["load"]))'
  True True True 3

Over an interval it has them:

  $ hostkit info --json -i 50ms cpu vmstat > document
  $ python3 -c 'import json; d = json.load(open("document")); print(0 <= d["cpu"]["used_percent"] <= 100, d["vmstat"]["page_faults_per_s"] >= 0)'
  True True

A stream has a line a sample, numbered, each with the envelope:

  $ hostkit info --json -i 20ms -n 3 memory > stream; wc -l < stream
  3
  $ python3 -c 'import json
  > for line in open("stream"):
  >     sample = json.loads(line)
  >     print(sample["schema"], sample["seq"], "boot_id" in sample, *sample["info"])'
  hostkit.info.sample/1 1 True memory
  hostkit.info.sample/1 2 True memory
  hostkit.info.sample/1 3 True memory

Text is plain where nobody sees it:

  $ hostkit info -i 10ms > text; head -n 1 text | cut -d: -f1 | grep -Fxc "$(uname -n)"
  1
  $ LC_ALL=C grep -c "$(printf '\033')" text
  0
  [1]
  $ grep -c '^memory .*% .* of .* available$' text
  1
  $ grep -o '^MOUNT' text
  MOUNT
  $ hostkit info filesystems | cut -f 1 | grep -Fx / 
  /
  $ hostkit info cpu memory -i 10ms | grep -x 'cpu\|memory'
  cpu
  memory

On a terminal no line is longer than the screen, and colour is left out where it is not wanted:

  $ export LC_ALL=C.UTF-8 TERM=xterm
  $ NO_COLOR=1 python3 "$TESTDIR/terminal.py" --size 24x80 --show -- hostkit info -i 10ms > screen
  $ python3 -c 'print(max(len(line.rstrip("\n")) for line in open("screen")) <= 80)'
  True
  $ grep -c "$(printf '\033')" screen
  0
  [1]
  $ grep -o '^memory    [█░]*' screen | python3 -c 'print(len(input()))'
  34
  $ NO_COLOR=1 python3 "$TESTDIR/terminal.py" --size 24x48 --show -- hostkit info -i 50ms cpu > screen
  $ grep -cE '^(all|[0-9]+) .*%' screen > lines; test "$(cat lines)" -ge 2
  $ python3 -c 'import re
  > print(*[line for line in open("screen").read().splitlines() if re.match(r"(all|[0-9]+) .*%", line) and len(line) > 48], sep="", end="")'
  $ python3 "$TESTDIR/terminal.py" --size 24x80 --show -- hostkit info memory > screen
  $ grep -q "$(printf '\033')" screen && echo coloured
  coloured

Each section has something to say:

  $ for section in host cpu memory vmstat limits filesystems disks networks sockets sensors self; do
  >   hostkit info -i 0 $section | grep -q . || echo "$section says nothing"
  > done

A word that is no section:

  $ hostkit info memmory
  hostkit info: there is no section 'memmory'; did you mean 'memory'?
  [2]
  $ hostkit info -n -1
  hostkit info: option '--count': '-1' is not a whole number from 0 to 2147483647
  [2]
  $ hostkit info -i soon
  hostkit info: option '--interval': 'soon' is not a time; write 10s, 250ms or 1m30s
  [2]

A file system that never answers holds nobody up, neither while asking nor at the end:

  $ mkdir silent
  $ "$TESTDIR/silence.py" "$PWD/silent" hostkit info --json filesystems > document 2> /dev/null; status=$?
  $ [ $status = 80 ] && echo '{"filesystems": [{"mount": "'"$PWD"'/silent", "state": "stale", "error": "ETIMEDOUT"}]}' > document
  [1]
  $ python3 -c 'import json, os
  > silent = [each for each in json.load(open("document"))["filesystems"] if each["mount"] == os.getcwd() + "/silent"]
  > print([(each["state"], each["error"], "total_bytes" in each) for each in silent])'
  [('stale', 'ETIMEDOUT', False)]

Values of a section stand below one another:

  $ for section in limits cpu host; do hostkit info $section | sed -n '/^[a-z].*[a-z]  /p' | grep -v '%' | awk '{ match($0, /  +/); print RSTART + RLENGTH }' | sort -u | wc -l; done
  1
  1
  1

A reader that goes away ends a stream without a word:

  $ hostkit info --json -i 5ms -n 0 memory | head -n 2 | wc -l
  2

What could not be read is told, and never shown as if it were not there:

  $ (ulimit -n 5; hostkit info) > few; grep -c 'too many open files' few > told; [ $(cat told) -gt 3 ] && echo told
  told
  $ grep -c '^swap *none' few
  0
  [1]
  $ hostkit info | grep 'not read'
  [1]
