What psutil and ps(1) say of a process is what we say.

  $ . "$TESTDIR/functions.sh"
  $ /usr/bin/python3 -c 'import psutil' 2> /dev/null || skip "psutil is not installed"
  $ /usr/bin/python3 "$TESTDIR/ps_psutil.py"
  agreed
