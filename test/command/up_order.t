The order in which services begin and end.

  $ . "$TESTDIR/up_lib.sh"

Each leaves a line in `order` when it begins and when it is asked to end.

  $ cat > serve.sh <<'END'
  > trap 'echo "end $1" >> order; exit 0' TERM
  > echo "begin $1" >> order
  > [ -z "$2" ] || until [ -e "$2" ]; do sleep 0.01; done
  > echo ready
  > while :; do sleep 0.01; done
  > END
  $ cat > hostkit.yaml <<'END'
  > services:
  >   web:
  >     command: sh serve.sh web
  >     depends_on:
  >       api: {condition: service_healthy}
  >       schema: {condition: service_completed_successfully}
  >   api:
  >     command: sh serve.sh api gate
  >     depends_on: [db]
  >     healthcheck: {log: "^ready$"}
  >   schema:
  >     command: [sh, -c, "echo begin schema >> order"]
  >     depends_on: [db]
  >   db:
  >     command: sh serve.sh db
  >   other:
  >     command: sh serve.sh other
  >     stop_grace_period: 30s
  > END

All three conditions hold their services back. (Who has begun may have to wait for a processor
before it leaves its line.)

  $ started() { sed -n 's/^hostkit: \([a-z]*\): started, pid .*/\1/p' shown | grep -v other; }
  $ up_start
  $ shown 1 'schema: completed'; for name in db api other; do shown 1 "begin $name" order; done
  $ grep -c 'begin web' order
  0
  [1]
  $ touch gate
  $ shown 1 'begin web' order
  $ tail -n 1 order; started | head -n 1; started | tail -n 1
  begin web
  db
  web

At the end each goes before what it needs:

  $ kill -INT $up; up_end
  $ grep end order | grep -v other
  end web
  end api
  end db
  $ told | grep -E 'stop(ping|ped)' | grep -vE 'other|db|api'
  hostkit: stopping; once more kills
  hostkit: web: stopping
  hostkit: web: stopped (exit code 0 after TIME)

With a name: only that and what it needs.

  $ rm order; touch gate
  $ up_start api
  $ shown 1 'api: ready'; shown 1 'begin db' order; kill -TERM $up; up_end
  $ started; grep end order
  db
  api
  end api
  end db

What it waits for has failed, so it never starts:

  $ cat > hostkit.yaml <<'END'
  > services:
  >   web: {command: echo never, depends_on: {schema: {condition: service_completed_successfully}}}
  >   schema: {command: "false", restart: "no"}
  > END
  $ up > shown; echo $?
  8
  $ told | sort
  hostkit: schema: failed (exit code 1 after TIME)
  hostkit: schema: started, pid N
  hostkit: web: failed (depends on 'schema', which did not come up)

Names that are not there start nothing:

  $ up web nothing
  hostkit up: no service 'nothing' in 'hostkit.yaml'
  [4]
  $ up wbe
  hostkit up: no service 'wbe' in 'hostkit.yaml'; did you mean 'web'?
  [4]
