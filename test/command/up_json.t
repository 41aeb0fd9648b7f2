Everything that happens as NDJSON, for programs.

  $ . "$TESTDIR/up_lib.sh"
  $ cat > hostkit.yaml <<'END'
  > services:
  >   web: {command: [sh, -c, "echo not shown; exit 3"], restart: "on-failure:1", backoff: {initial: 5ms}}
  >   missing: {command: no-such-program-here, restart: "no"}
  >   stays: {command: sleep 1000, scale: 2}
  > END
  $ up_start --json
  $ shown 1 '"service":"web","instance":1,"state":"failed"'; shown 4 '"state":"ready"'
  $ kill -INT $up; up_end
  [8]
  $ cat errors
  $ events check < shown
  whole
  $ events states web < shown
  waiting starting running ready backoff starting running ready failed
  $ events states missing < shown
  waiting starting failed
  $ events states stays < shown | tr ' ' '\n' | sort | uniq -c | sed 's/^ *//'
  2 ready
  2 running
  2 starting
  2 stopped
  2 stopping
  2 waiting
  $ events field exit_code web backoff < shown; events field restarts web failed < shown
  3
  1
  $ events field output web failed < shown
  "not shown\n"
  $ events field error missing failed < shown
  "exec: 'no-such-program-here': no such file or directory (ENOENT)"
  $ events field signal stays stopped < shown
  "SIGTERM"
  $ grep -c 'identity":"[0-9]*@[0-9]*:[0-9]*"' shown | sed 's/[0-9][0-9]/many/'
  many

Text that is no UTF-8 is given exactly, apart:

  $ cat > hostkit.yaml <<'END'
  > services:
  >   web: {command: [printf, '\377\n'], success_exit_codes: [3], restart: "no"}
  > END
  $ up --json > shown; echo $?
  8
  $ events check < shown; grep -c '"output_base64":"/wo="' shown
  whole
  1
