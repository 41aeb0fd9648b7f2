Output for people and for programs.

  $ . "$TESTDIR/functions.sh"
  $ on_terminal() { python3 "$TESTDIR/terminal.py" --size "$1" --show -- "${@:2}"; }
  $ escapes() { tr '\033' '~' | grep -c '~'; }
  $ export TERM=xterm
  $ me=$$

Piped: every column, tabs between, no colour:

  $ hostkit kill -s 0 $me | head -n 1 | tr '\t' '|'
  TARGET|PID|NAME|RESULT
  $ hostkit help | escapes
  0
  [1]

On a terminal: colour, unless somebody does not want it:

  $ on_terminal 24x80 hostkit help | escapes > count; test $(cat count) -gt 1
  $ NO_COLOR=1 on_terminal 24x80 hostkit help | escapes
  0
  [1]
  $ NO_COLOR= on_terminal 24x80 hostkit help | escapes > count; test $(cat count) -gt 1
  $ TERM=dumb on_terminal 24x80 hostkit help | escapes
  0
  [1]
  $ on_terminal 24x80 hostkit --color never help | escapes
  0
  [1]
  $ CLICOLOR_FORCE=1 hostkit help | escapes > count; test $(cat count) -gt 1
  $ CLICOLOR_FORCE=0 hostkit help | escapes
  0
  [1]
  $ NO_COLOR=1 CLICOLOR_FORCE=1 hostkit help | escapes
  0
  [1]
  $ NO_COLOR=1 hostkit --color=always help | escapes > count; test $(cat count) -gt 1

A document is never coloured:

  $ CLICOLOR_FORCE=1 hostkit version --json | valid
  valid

A table never wraps; it loses columns and says which:

  $ on_terminal 24x80 hostkit --color never kill -s 0 $me | sed -E 's/[0-9]+/N/g; s/ +/ /g'
  TARGET PID NAME RESULT
  N N * running (glob)
  exit N
  $ on_terminal 24x16 hostkit --color never kill -s 0 $me | tr '\n' '|' | sed -E 's/[0-9]+/N/g; s/ +/ /g; s/^ //'; echo
  PID RESULT|N running|hostkit kill: the screen is too narrow for N columns: target,name; --json has all|exit N|
  $ COLUMNS=16 on_terminal 24x80 hostkit --color never kill -s 0 $me | grep -c 'too narrow'
  1
