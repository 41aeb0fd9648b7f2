The machine on a screen.

  $ . "$TESTDIR/functions.sh"
  $ [ -x "$HOSTKIT_LIBEXEC/top" ] || skip "built without ncurses"
  $ . "$TESTDIR/screen.sh"
  $ one=one$RANDOM$$; two=two$RANDOM$$
  $ sleeper() { (exec -a "$1" sleep 1000) & }
  $ sleeper $one; first=$!; until_true sleeps $first $one
  $ sleeper $two; second=$!; until_true sleeps $second $two

  $ screen_start 80 24 "hostkit top -i 200ms"
  $ shows 'PID +USER .*COMMAND' 'mem +\[' 'pressure' 'F1help' 'self [0-9.]+%'
  $ screen | head -n 1 | grep -c 'processes, .* running  load '
  1

A filter; a mistake names its place and leaves the old one:

  $ press '\'; press -l "name == sleep && command ~ $one"; press Enter
  $ shows "$first .*$one" 'filtered, 1 of'
  $ hides "$two"
  $ press '\' C-u; press -l 'cpu >'; press Enter; shows 'filter: .*cpu >' 'column|value'
  $ press Escape; shows "$one"
  $ press '\' C-u; press -l "name == sleep && command ~ $two"; press Enter
  $ shows "$second .*$two"; hides "$one"

A signal goes to what is under the cursor, and says so:

  $ press F9; shows 'send a signal' 'SIGTERM'
  $ press Enter; shows 'sent SIGTERM to 1 process'
  $ end_of $second
  [143]
  $ hides "$second .*$two"

The past shows it again, and the present does not:

  $ press Z; shows 'samples ago'
  $ back() { press Left; screen_has "$second .*$two"; }; until_true back; shows 'samples ago'
  $ press 0; hides 'samples ago'; hides "$second .*$two"

Tree, details, help, order. Whoever looks for the sleeper has its name on the command line too,
and is not looked for; and rows stand still only in the past.

  $ press '\' C-u Enter; hides 'filtered'
  $ press t; shows '[├└]─'
  $ press '\'; press -l "name == sleep"; press Enter; shows 'filtered'
  $ press Z; shows 'samples ago'
  $ press '/'; press -l "$one"; shows "search: $one"; press Enter; press Enter
  $ shows "pid $first " 'processor, up to' 'memory, up to'
  $ press Escape; hides 'processor, up to'
  $ press 0; hides 'samples ago'
  $ press '\' C-u; press -l "$one"; press Enter; shows 'filtered' "$one"; press '\' C-u Enter; hides 'filtered'
  $ press t M; shows 'RESv'; press I; shows 'RES\^'; press P; shows 'CPU%v'
  $ press F1; shows 'any key goes back' 'samples of the last'; press Space; shows 'F1help'

Any size:

  $ for size in '40 10' '200 60' '10 3' '120 40' '80 24'; do screen_size $size; sleep 0.3; screen > /dev/null; done
  $ shows 'F1help'

It ends in order, and gives the terminal back:

  $ press q; shows 'ended with 0'
  $ screen_stop

Without rights to act, without colours, without Unicode:

  $ SCREEN_ENVIRONMENT="LC_ALL=C TERM=screen-256color NO_COLOR=1" screen_start 80 30 "hostkit top -i 100ms --tree --read-only --filter 'command ~ $one'"
  $ shows "$one" 'F1help'
  $ screen -e | grep -c "$(printf '\033\\[[0-9;]*[34][0-7]m')"
  0
  [1]
  $ screen | LC_ALL=C grep -c "$(printf '[\200-\377]')"
  0
  [1]
  $ press k; shows 'read-only: no signals'
  $ tmux -L "$screen" list-panes -F '#{pane_pid}' | xargs -I N pgrep -P N top | xargs kill -TERM; shows 'ended with 0'
  $ screen_stop

A terminal that cannot show anything is told:

  $ SCREEN_ENVIRONMENT="TERM=nonsense ASAN_OPTIONS=detect_leaks=0" screen_start 80 24 "hostkit top"; shows 'this terminal cannot be used' 'ended with 9'; screen_stop
  $ kill $first; end_of $first
  [143]
