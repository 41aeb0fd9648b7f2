# Vocabulary of the tests of `hostkit up`: . "$TESTDIR/up_lib.sh"
#
# Every file has a state directory of its own, and whatever it left running is killed when
# it ends, whether it passed or not.

. "$TESTDIR/functions.sh"

state="$PWD/state"
up=
ups=()

# killed_at_the_end: no supervisor of ours outlives the test.
killed_at_the_end() {
	local pid
	for pid in "${ups[@]}"; do
		kill -KILL "$pid" 2>/dev/null
	done
}
trap killed_at_the_end EXIT

# up [OPTION…] [NAME…]: run hostkit up to its end, at most 90 seconds.
up() {
	timeout -k 1 90 hostkit up --state-directory "$state" "$@"
}

# up_start [OPTION…] [NAME…]: begin it in the background; what it prints goes to `shown` and
# `errors`, its process id to $up.  A shell without jobs would have it ignore INT and QUIT.
up_start() {
	: >shown
	env --default-signal=INT,QUIT hostkit up --state-directory "$state" "$@" >shown 2>errors &
	up=$!
	ups+=("$up")
}

# up_end: wait for the one in the background, at most a minute, and give its exit code.
up_end() {
	if ! until_true is_gone "$up"; then
		kill -KILL "$up"
		tail -n 20 shown errors
	fi
	end_of "$up"
}

# has COUNT TEXT [FILE]: at least that many lines hold the text, for until_true.
has() {
	[ "$(grep -cF -- "$2" "${3:-shown}" 2>/dev/null)" -ge "$1" ]
}

# shown COUNT TEXT [FILE]: wait until it is so; say what there is if it never is.
shown() {
	until_true has "$@" || { tail -n 30 "${3:-shown}" errors; return 1; }
}

# pid_of SERVICE [N]: the process id of its N-th start, by what was shown.
pid_of() {
	sed -n "s/^hostkit: $1: started, pid //p" shown | sed -n "${2:-1}p"
}

# told: what was shown, without process ids, durations and the like.
told() {
	sed -E 's/\x1b\[[0-9;]*m//g; s/pid [0-9]+/pid N/; s/(after|in) ([0-9.]+[a-z]+)+/\1 TIME/g' "${1:-shown}"
}

# events [FILTER…]: the events on stdin as lines of words; see up_events.py.
events() {
	/usr/bin/python3 "$TESTDIR/up_events.py" "$@"
}

# ms_between FIRST SECOND: milliseconds between two `date +%s%N`.
ms_between() {
	echo $((($2 - $1) / 1000000))
}
