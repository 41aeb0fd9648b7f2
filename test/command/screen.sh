# Vocabulary for programs that draw on a whole screen; tmux is the terminal.

command -v tmux > /dev/null || skip "tmux is not installed"

# screen_start COLUMNS LINES COMMAND: a terminal of our own that runs it.  It is no child of
# ours, so it has to be ended also where a test is, which a time limit does by SIGTERM.
screen_start() {
	screen=hostkit-$$-$RANDOM
	trap 'screen_stop 2> /dev/null' EXIT
	trap 'exit 1' HUP INT TERM
	tmux -L "$screen" -f /dev/null new-session -d -x "$1" -y "$2" \
		"env ${SCREEN_ENVIRONMENT-LC_ALL=C.UTF-8 TERM=screen-256color} $3; echo \"ended with \$?\"; sleep 1000"
}

# press KEY…: as tmux names them.
press() {
	tmux -L "$screen" send-keys "$@"
}

# screen: what it shows, without blanks at the ends of lines.
screen() {
	tmux -L "$screen" capture-pane -p "$@" | sed 's/ *$//'
}

screen_has() {
	screen | grep -qE -- "$1"
}

screen_lacks() {
	! screen | grep -qE -- "$1"
}

# shows PATTERN…: wait until all of them are there; says what is there instead.
shows() {
	local pattern
	for pattern; do
		until_true screen_has "$pattern" || screen
	done
}

# hides PATTERN: wait until it is not there.
hides() {
	until_true screen_lacks "$1" || screen
}

screen_size() {
	tmux -L "$screen" resize-window -x "$1" -y "$2"
}

screen_stop() {
	tmux -L "$screen" kill-server
}
