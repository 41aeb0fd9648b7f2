When a service is ready, and what happens to one that no longer works.

  $ . "$TESTDIR/up_lib.sh"
  $ http=$(free_port) tcp=$(free_port)
  $ cat > hostkit.yaml <<END
  > services:
  >   http:
  >     command: [/usr/bin/python3, $TESTDIR/server.py, http, "$http", gate]
  >     healthcheck: {http: "http://127.0.0.1:$http/health", start_interval: 20ms}
  >   tcp:
  >     command: [/usr/bin/python3, $TESTDIR/server.py, tcp, "$tcp"]
  >     healthcheck: {tcp: $tcp, start_interval: 20ms}
  >   test:
  >     command: sleep 1000
  >     healthcheck: {test: [CMD, test, -e, gate], start_interval: 20ms}
  >   log:
  >     command: [sh, -c, "echo almost; echo 'listening on 80' >&2; exec sleep 1000"]
  >     healthcheck: {log: "^listening on [0-9]+$"}
  >   notify:
  >     command: [/usr/bin/python3, $TESTDIR/server.py, notify]
  >     healthcheck: {notify: true}
  >   after:
  >     command: [sh, -c, "echo all of them"]
  >     depends_on:
  >       http: {condition: service_healthy}
  >       tcp: {condition: service_healthy}
  >       test: {condition: service_healthy}
  >       log: {condition: service_healthy}
  >       notify: {condition: service_healthy}
  > END
  $ up_start
  $ for name in tcp log notify; do shown 1 " $name: ready"; done
  $ grep -cE ' (http|test): ready|all of them' shown
  0
  [1]
  $ touch gate
  $ shown 1 'http: ready'; shown 1 'test: ready'; shown 1 'all of them'
  $ grep -o 'notify: serving' shown
  notify: serving
  $ kill -INT $up; up_end

Alive, and then not any more: it is started again.

  $ rm gate; touch gate
  $ cat > hostkit.yaml <<END
  > services:
  >   test:
  >     command: sleep 1000
  >     healthcheck: {test: [CMD, test, -e, gate], interval: 1s, retries: 2, start_period: 60s}
  >     backoff: {initial: 1ms}
  >   watched:
  >     command: [/usr/bin/python3, $TESTDIR/server.py, notify]
  >     healthcheck: {notify: true, watchdog: 3s}
  >     backoff: {initial: 1ms}
  >   greedy:
  >     command: [/usr/bin/python3, -c, "held = bytearray(80000000); import time; time.sleep(1000)"]
  >     limits: {memory_restart: 40M}
  >     backoff: {initial: 1h, max: 1h}
  > END
  $ up_start
  $ shown 1 'test: ready'; shown 1 'watched: ready'
  $ rm gate; touch stuck
  $ shown 1 'test: unhealthy:'; shown 1 'watched: unhealthy:'
  $ touch gate; rm stuck
  $ shown 2 'test: ready'; shown 2 'watched: ready'
  $ shown 1 'greedy: uses'; shown 1 'greedy: ended'
  $ kill -INT $up; up_end
  $ told | grep -oE '(test|watched): unhealthy: .*' | sort -u
  test: unhealthy: exit code 1 (2 times in a row)
  watched: unhealthy: no sign of life within the watchdog's time
  $ grep -oE 'greedy: uses [0-9]+' shown | sed 's/[0-9]*$//'
  greedy: uses 

Never ready in time:

  $ cat > hostkit.yaml <<END
  > services:
  >   slow:
  >     command: sleep 1000
  >     healthcheck: {log: never, interval: 50ms, retries: 2}
  >     restart: "on-failure:1"
  >     backoff: {initial: 1ms}
  > END
  $ up > shown; echo $?
  8
  $ told | grep -E 'unhealthy|failed'
  hostkit: slow: unhealthy: not ready in time
  hostkit: slow: unhealthy: not ready in time
  hostkit: slow: failed (SIGTERM after TIME)
