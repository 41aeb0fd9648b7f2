Files that others have written: Procfiles and PM2's.

  $ . "$TESTDIR/up_lib.sh"

A Procfile, as foreman reads it:

  $ mkdir procfile && cd procfile
  $ echo 'GREETING=hello' > .env
  $ cat > Procfile <<'END'
  > # what runs
  > web: echo "$GREETING on $PORT" | tr a-z A-Z
  > worker: echo "works on $PORT"
  > END
  $ up | grep '|' | sort
  web     | HELLO ON 5000
  worker  | works on 5100
  $ cd ..

PM2's JSON: names, arguments, environments by name, output files.

  $ mkdir pm2 && cd pm2
  $ cat > app.sh <<'END'
  > echo "$1 in $STAGE"
  > echo oops >&2
  > END
  $ cat > ecosystem.config.json <<'END'
  > {"apps": [{"name": "app", "script": "app.sh", "args": ["runs"], "instances": 2,
  >   "autorestart": false, "env": {"STAGE": "development"},
  >   "env_production": {"STAGE": "production"},
  >   "out_file": "out.log", "error_file": "error.log"}]}
  > END
  $ up --env production > shown; echo $?
  0
  $ grep '|' shown | sort
  app-1   | oops
  app-1   | runs in production
  app-2   | oops
  app-2   | runs in production
  $ cat out.log error.log
  runs in production
  runs in production
  oops
  oops
  $ up -f ecosystem.config.json --json > events; echo $?
  0
  $ events check < events; rm *.log
  whole

And its JavaScript, which node reads:

  $ command -v node > /dev/null || skip "node is not installed"
  $ rm ecosystem.config.json
  $ cat > ecosystem.config.js <<'END'
  > const names = ['one', 'two']
  > module.exports = {apps: names.map(name => ({name, script: './app.sh', args: name,
  >   autorestart: false, env: {STAGE: process.platform}, max_memory_restart: '100M'}))}
  > END
  $ up > shown; echo $?
  0
  $ grep '|' shown | sort
  one     | one in linux
  one     | oops
  two     | oops
  two     | two in linux
  $ echo 'module.exports = nonsense' > ecosystem.config.js
  $ up
  hostkit up: *nonsense is not defined* (glob)
  [7]
