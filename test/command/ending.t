Streams end when they are told to, also while nobody reads what they print.

  $ . "$TESTDIR/functions.sh"

A pipe whose reader has stopped, and a command that hangs in writing to it:

  $ mkfifo pipe
  $ sleep 1000 < pipe &
  $ reader=$!
  $ hangs() {
  >     grep -q pipe_write /proc/$1/wchan
  > }
  $ ends() {
  >     "$@" > pipe 2> told &
  >     until_true hangs $!
  >     kill -TERM $!
  >     wait $!
  >     echo "status $?"
  > }

  $ ends hostkit ps -i 10ms --json
  status 0
  $ ends hostkit ps -i 10ms
  status 0
  $ ends hostkit top -b -i 50ms
  status 0
  $ ends hostkit top -b -i 50ms --json
  status 0
  $ cat told

Messages that come in are no reason to stay either:

  $ hostkit ipc listen unix:socket > pipe 2> told &
  $ listener=$!
  $ yes '{"word":"many, so that they fill the pipe"}' | head -20000 |
  >     hostkit ipc send --wait 60s unix:socket 2> send &
  $ sender=$!
  $ until_true hangs $listener
  $ kill -TERM $listener
  $ wait $listener
  $ wait $sender || true
  $ cat told
  hostkit ipc listen: listening at unix:socket

  $ kill $reader
