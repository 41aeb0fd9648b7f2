Output kept in files.

  $ . "$TESTDIR/up_lib.sh"
  $ python=/usr/bin/python3
  $ cat > hostkit.yaml <<END
  > services:
  >   lines:
  >     command: [$python, $TESTDIR/lines.py, print, "30000", "100"]
  >     logging: {file: logs/lines.log, max_size: 300K, max_files: 20}
  >   stamped:
  >     command: [sh, -c, "echo one; echo two >&2"]
  >     logging: {file: logs/stamped.log, timestamps: true, error_file: logs/error.log}
  > END
  $ up --quiet > shown; echo $?
  0

Rotation happens between two lines, and every line is there once:

  $ ls logs/lines.log* | wc -l
  10
  $ $python "$TESTDIR/lines.py" check 30000 $(ls -v -r logs/lines.log*)
  every line once
  $ find logs -name 'lines.log*' -size +307200c

The files are for their owner's eyes, and for those of the group:

  $ stat -c %a logs/lines.log
  640
  $ sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z/TIME/' logs/stamped.log logs/error.log
  TIME one
  TIME two

As many old ones as asked for, and the newest of all; the next run goes on:

  $ rm logs/lines.log*
  $ sed -i 's/max_files: 20/max_files: 3/' hostkit.yaml
  $ up --quiet lines > shown; echo $?
  0
  $ ls logs | grep lines; tail -c 100 logs/lines.log | cut -c 1-10
  lines.log
  lines.log.1
  lines.log.2
  lines.log.3
  00029999 x
  $ sed -i 's/max_files: 3/max_files: 0/' hostkit.yaml; rm logs/lines.log.*
  $ up --quiet lines > shown; ls logs | grep lines
  lines.log

Somebody else renamed the file; SIGUSR1 makes a new one.

  $ cat > tick.sh <<'END'
  > trap 'echo "number $((n += 1))"' USR1
  > echo begun
  > while :; do sleep 0.01; done
  > END
  $ cat > hostkit.yaml <<'END'
  > services:
  >   tick: {command: sh tick.sh, logging: {file: tick.log}}
  > END
  $ up_start
  $ shown 1 begun tick.log
  $ mv tick.log moved.log
  $ kill -USR1 "$(pid_of tick)"; shown 1 'number 1' moved.log
  $ kill -USR1 $up; until_true test -e tick.log
  $ kill -USR1 "$(pid_of tick)"; shown 1 'number 2' tick.log
  $ kill -INT $up; up_end
  $ cat moved.log tick.log
  begun
  number 1
  number 2

Neither bytes that are no text nor lines of 10 MB are changed on their way:

  $ cat > hostkit.yaml <<END
  > services:
  >   noise: {command: [cat, noise], logging: {file: noise.log, max_size: 0}}
  >   long: {command: [cat, long], logging: {file: long.log, max_size: 0}}
  > END
  $ head -c 3000000 /dev/urandom > noise
  $ { head -c 10000000 /dev/zero | tr '\0' y; echo; echo after; } > long
  $ up > shown; echo $?
  0
  $ cmp noise noise.log && cmp long long.log

A file that cannot be made is told, and the program runs:

  $ touch file
  $ cat > hostkit.yaml <<'END'
  > services:
  >   runs: {command: echo all the same, logging: {file: file/in/a/file.log}}
  > END
  $ up > shown; echo $?
  0
  $ grep -o 'all the same' shown; grep -c 'file/in/a/file.log.*ENOTDIR\|file/in/a/file.log.*not a directory' shown
  all the same
  1
