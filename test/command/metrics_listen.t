Metrics over HTTP.

  $ . "$TESTDIR/functions.sh"
  $ [ -x "$HOSTKIT_LIBEXEC/metrics" ] || skip "built without libmicrohttpd"
  $ hostkit metrics --listen 0 2> said & server=$!
  $ until_true grep -q serving said
  $ url=$(sed -n 's/^hostkit metrics: serving //p' said)
  $ sed 's/:[0-9][0-9]*\//:N\//' said
  hostkit metrics: serving http://127.0.0.1:N/metrics

It is one process, and it is ours:

  $ is_metrics() { grep -qa '^metrics' /proc/$server/cmdline; }; until_true is_metrics
  $ tr '\0' ' ' < /proc/$server/cmdline | cut -d ' ' -f 1
  metrics

  $ python3 "$TESTDIR/scrape.py" $url
  GET /metrics: 200 text/plain; version=0.0.4; charset=utf-8
  as Prometheus asks: 200 application/openmetrics-text; version=1.0.0; charset=utf-8
  HEAD /metrics: 200, empty
  GET /: 200 text/html; charset=utf-8
  GET /nothing: 404 text/plain; charset=utf-8
  POST /metrics: 405, allows GET, HEAD
  nonsense: closed or refused
  300 silent strangers: answered meanwhile
  300 who never end: answered meanwhile
  100 scrapes: nothing grew

The port is taken now, and other places make no sense:

  $ hostkit metrics --listen "${url#http://}" 2>&1 | sed "s/'.*'/N/; s/;.*//"
  hostkit metrics: N is no place to listen
  $ port=${url%/metrics}; port=${port##*:}
  $ hostkit metrics --listen $port 2>&1 | sed "s/$port/N/"
  hostkit metrics: cannot listen at 'N': address already in use (EADDRINUSE)
  $ for place in '' : x:y 1:2:3 [::1] [::1]x:3 70000 ::1:9; do hostkit metrics --listen "$place" 2> /dev/null; echo $?; done | sort | uniq -c
        8 2

  $ kill -TERM $server; end_of $server
  $ rm said

Counters of a group stay when its processes end, and hold those that no scrape saw:

  $ hostkit metrics load --processes name --groups 10000 --listen 0 2> said & server=$!
  $ until_true grep -q serving said
  $ python3 "$TESTDIR/metrics_groups.py" $(sed -n 's/^hostkit metrics: serving //p' said)
  fine
  $ kill -TERM $server; end_of $server
  $ rm said

Another kind of address:

  $ hostkit metrics --listen '[::1]:0' 2> said & server=$!
  $ until_true test -s said
  $ sed "s/]:[0-9]*.*/]:N/; s/cannot listen at '/serving http:\/\//" said
  hostkit metrics: serving http://[::1]:N
  $ kill -TERM $server 2> /dev/null; end_of $server || true
  $ HOSTKIT_LIBEXEC=/nowhere hostkit metrics --listen 0 2>&1 | sed -n 2p | cut -d ';' -f 1
  hostkit metrics: the program 'metrics' of hostkit is not there
