Input, output and messages.

  $ . "$TESTDIR/functions.sh"

  $ echo typed | hostkit run cat
  typed
  $ echo typed | hostkit run --stdin - cat
  typed
  $ echo typed | hostkit run --stdin null cat
  $ echo from a file > input; hostkit run --stdin input cat
  from a file
  $ hostkit run --stdin missing cat
  hostkit run: stdin: 'missing': no such file or directory (ENOENT)
  [125]

Files are emptied first, or added to:

  $ hostkit run --stdout log -- echo one; hostkit run --stdout log -- echo two; cat log
  two
  $ hostkit run --append --stdout log -- echo three; cat log
  two
  three
  $ hostkit run --stdout /no/such/dir/log -- touch started
  hostkit run: stdout: '/no/such/dir/log': no such file or directory (ENOENT)
  [125]
  $ test -e started
  [1]

Messages apart, together, or nowhere:

  $ both() { echo out; echo err >&2; }; export -f both
  $ hostkit run --stderr errors -- bash -c both; cat errors
  out
  err
  $ hostkit run --stderr stdout -- bash -c both 2> /dev/null
  out
  err
  $ hostkit run --stderr null -- bash -c both
  out
  $ hostkit run --stdout null --stderr null -- bash -c both

The same file for both is opened once, so neither writes over the other:

  $ hostkit run --stdout same --stderr same -- bash -c 'echo 1; echo 2 >&2; echo 3'; cat same
  1
  2
  3

Bytes pass through untouched:

  $ head -c 3000000 /dev/urandom > bytes
  $ hostkit run cat bytes | cmp - bytes
  $ hostkit run --capture --max-output 4M cat bytes | cmp - bytes
  $ hostkit run --stdin bytes --stdout copy cat; cmp bytes copy

A FIFO nobody writes to does not hang the start:

  $ mkfifo fifo
  $ timeout 20 hostkit run --timeout 10s --stdin fifo -- sh -c 'echo started'
  started

A reader that goes away ends the program as it would without us:

  $ hostkit run -- sh -c 'yes; echo "ended $?" >&2' 2>&1 | head -n 1
  y
  $ sh -c 'hostkit run yes; echo "code $?" >&2' 2>&1 > >(head -n 1 > /dev/null)
  code 141

Nothing of ours stays open in the program:

  $ hostkit run -- sh -c 'ls /proc/self/fd | tr "\n" " "' 9< /dev/null; echo
  0 1 2 3 
  $ hostkit run --pty -- ls -1 /proc/self/fd < /dev/null | tr -d '\r' | tr '\n' ' '; echo
  0 1 2 3 

Streams that were closed before do not become something else:

  $ (hostkit run -- sh -c 'echo still here' <&-)
  still here
  $ hostkit run -- sh -c 'echo nobody reads this 2> /dev/null' >&-
  [1]
  $ hostkit version >&-
  hostkit version: cannot write to standard output: bad file descriptor (EBADF)
  [9]
  $ test -w /dev/full && hostkit version > /dev/full
  hostkit version: cannot write to standard output: no space left on device (ENOSPC)
  [9]
