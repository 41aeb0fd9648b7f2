Many at once: 200 services that end at once, and 100 that crash together.

  $ . "$TESTDIR/up_lib.sh"
  $ /usr/bin/python3 -c 'import json
  > print(json.dumps({"services": {f"short-{n}": {"command": ["echo", f"line {n}"]} for n in range(200)}}))' > hostkit.json
  $ up > shown; echo $?
  0
  $ grep -c '| line' shown; grep -c ': completed' shown
  200
  200
  $ grep -o '| line .*' shown | sort -u | wc -l
  200
  $ /usr/bin/python3 -c 'import json
  > print(json.dumps({"services": {"crash": {"scale": 100, "shell": "echo up; exit 3", "restart": "on-failure:2",
  >   "backoff": {"initial": "1ms"}}}}))' > hostkit.json
  $ up --json > events; echo $?
  8
  $ events check < events; grep -c '"state":"failed"' events; grep -c '"state":"running"' events
  whole
  100
  300
