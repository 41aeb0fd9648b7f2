Who the program is. Only root can become somebody else.

  $ . "$TESTDIR/functions.sh"
  $ [ "$(id -u)" = 0 ] || skip 'needs root to change users'
  $ getent passwd nobody > /dev/null || skip 'there is no user nobody'

  $ hostkit run --user nobody -- sh -c 'id -un; id -u; id -gn' | head -n 2
  nobody
  65534
  $ hostkit run --user nobody -- sh -c 'grep Groups: /proc/self/status' | tr -s '\t ' ' '
  Groups: 65534 
  $ hostkit run --user 65534 --group 0 -- sh -c 'echo "$(id -u) $(id -g)"'
  65534 0
  $ hostkit run --user nosuchuser true
  hostkit run: user: * (glob)
  [125]
  $ hostkit run --group nosuchgroup true
  hostkit run: group*: * (glob)
  [125]

Privileges that were given up stay given up:

  $ hostkit run --no-new-privileges -- grep NoNewPrivs /proc/self/status
  NoNewPrivs:	1
  $ hostkit run -- grep NoNewPrivs /proc/self/status
  NoNewPrivs:	0

One who is not root is told which step failed:

  $ chmod 755 .
  $ hostkit run --user nobody -- "$(command -v hostkit)" run --user root true
  hostkit run: * (glob)
  [125]
  $ hostkit run --user nobody -- "$(command -v hostkit)" kill -s KILL $$ > out 2> err
  [6]
  $ cut -f 4 out; sed "s/$$/PID/" err
  RESULT
  denied
  hostkit kill: 'PID': operation not permitted (EPERM)
