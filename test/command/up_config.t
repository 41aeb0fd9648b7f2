What is wrong with a configuration is told at once, and then nothing is started.

  $ . "$TESTDIR/up_lib.sh"
  $ cat > hostkit.yaml <<'END'
  > services:
  >   good:
  >     command: [sh, -c, "touch started"]
  >   bad:
  >     command: sleep 1
  >     comand: sleep 1
  >     restart: sometimes
  >     stop_grace_period: 5 parsecs
  >     limits: {memory: -1}
  >     depends_on: [nobody]
  > END
  $ up
  hostkit up: hostkit.yaml:6:5: * 'comand'* 'command'* (glob)
  hostkit up: hostkit.yaml:7:14: *sometimes* (glob)
  hostkit up: hostkit.yaml:8:24: *5 parsecs* (glob)
  hostkit up: hostkit.yaml:9:22: *-1* (glob)
  hostkit up: hostkit.yaml:10:18: *nobody* (glob)
  [7]
  $ ls
  hostkit.yaml
  $ up --json > document 2> failure
  [7]
  $ cat document
  $ field errors.0.line < failure; field errors.4.line < failure; field error.code < failure
  6
  10
  HK_EPARSE

Only checked:

  $ up --check > /dev/null 2>&1
  [7]
  $ cat > hostkit.yaml <<'END'
  > services:
  >   web: {command: "touch started", depends_on: [db], scale: 3}
  >   db: {command: "touch started"}
  > END
  $ up --check; ls
  hostkit.yaml is valid: 2 services
  document
  failure
  hostkit.yaml
  $ up --check --json > document; field schema < document; field config.services.web.scale < document
  hostkit.up.check/1
  3
  $ field config.services.db.stop.0.wait < document
  5s
  $ up --schema | valid
  valid

From anywhere, from standard input, from a folder without any:

  $ mkdir -p elsewhere && cd elsewhere
  $ up
  hostkit up: there is no configuration file here; hostkit.yaml, hostkit.yml, hostkit.json, ecosystem.config.js, .cjs, .mjs or .json, or Procfile; -f names another
  [7]
  $ up -f nothing.yaml
  hostkit up: *nothing.yaml*no such file or directory (ENOENT)* (glob)
  [7]
  $ echo '{"services": {"web": {"command": "echo from json"}}}' | up -f - | grep '|'
  web     | from json
  $ mkdir project; echo 'services: {where: {command: pwd}}' > project/hostkit.yaml
  $ up -f project | grep '|' | sed 's,/.*/,,'
  where   | project
  $ cd ..

Asked for in ways that make no sense:

  $ up --scale web
  hostkit up: 'web' is no scale; write NAME=COUNT, such as web=3, with a count of 0 to 1000
  [2]
  $ up --scale nothing=3
  hostkit up: no service 'nothing' in '*hostkit.yaml' (glob)
  [4]
  $ up --scale web=4 web > shown; echo $?
  0
  $ told | grep -c 'web-.: completed'
  4
  $ up --chekc
  hostkit up: unknown option '--chekc'; did you mean '--check'?
  [2]

What works but may not be meant is said, and goes on:

  $ cat > hostkit.yaml <<'END'
  > services:
  >   web: {command: "echo $UP_TEST_NOT_SET| cat"}
  > END
  $ up 2>&1 | grep -o "variable 'UP_TEST_NOT_SET' is not set"
  variable 'UP_TEST_NOT_SET' is not set
