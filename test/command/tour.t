The tour: every chapter holds, and says so.

  $ . "$TESTDIR/functions.sh"

  $ hostkit tour --list | cut -d ' ' -f 1
  processes
  system
  watching
  loop
  messages
  scheduling

  $ hostkit tour > all
  $ tail -n 1 all | sed -E 's/[0-9]+(\.[0-9]+)?/N/g'
  N claims checked, N held, N failed (N s)
  $ grep -c '^  ok ' all | grep -qx "$(tail -n 1 all | cut -d ' ' -f 1)"

It fits a terminal of the usual width:

  $ awk 'length > 80' all

A chapter alone, and as a document:

  $ hostkit tour loop | grep -c '^Processes'
  0
  [1]
  $ hostkit tour --json loop | valid
  valid
  $ hostkit tour --json loop | field schema
  hostkit.tour/1

Without a terminal there is no colour, and nothing on stderr:

  $ hostkit tour loop 2>&1 | grep -c "$(printf '\033')"
  0
  [1]

A chapter that does not exist:

  $ hostkit tour nosuch
  hostkit tour: no chapter 'nosuch'; hostkit tour --list names them
  [4]
