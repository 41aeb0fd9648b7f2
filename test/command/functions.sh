# Vocabulary of the tests; each .t file begins with `. "$TESTDIR/functions.sh"`.

unset NO_COLOR CLICOLOR_FORCE COLUMNS

# skip REASON: this machine cannot run the file.
skip() {
	echo "$1" >"$SKIP_REASON"
	exit 80
}

# field NAME: that member of the JSON document on stdin, as JSON.
field() {
	python3 -c 'import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].split("."):
    value = value[int(name)] if isinstance(value, list) else value.get(name, "absent")
print(value if isinstance(value, str) else json.dumps(value))' "$1"
}

# valid: stdin is one JSON document.
valid() {
	python3 -m json.tool >/dev/null && echo valid
}

# unique: a number of seconds no other test sleeps for.
unique() {
	echo "$((100000 + RANDOM)).$RANDOM$$"
}

# sleepers SECONDS: how many processes are `sleep SECONDS` and nothing else.
sleepers() {
	grep -lsaP "^sleep\x00$1\x00\$" /proc/[0-9]*/cmdline | wc -l
}

# are_there COUNT SECONDS: that many sleepers, for until_true.
are_there() {
	[ "$(sleepers "$2")" -eq "$1" ]
}

# sleeps PID NAME: it has become `NAME …`, which has nothing more to do, for until_true.
sleeps() {
	grep -qaP "^$2\x00" "/proc/$1/cmdline" && grep -q '^State:.S' "/proc/$1/status"
}

# end_of PID: wait for it and give its exit code, without the shell's own words about it.
end_of() {
	wait "$1" 2>/dev/null
}

# until_true COMMAND…: wait for an event, at most a minute: a bound that only a failure reaches.
until_true() {
	local end=$((SECONDS + 60))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { echo "never came true: $*"; return 1; }
		sleep 0.01
	done
}

# free_port: a TCP port of 127.0.0.1 that nobody has at this moment, of those that the
# kernel gives to nobody who does not ask for them.
free_port() {
	python3 -c 'import random, socket
with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
    given = int(file.read().split()[0])
while True:
    port = random.randrange(2000, given) if given > 4000 else 0
    with socket.socket() as held:
        try:
            held.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(held.getsockname()[1])
        break'
}

# is_gone PID: it has ended (a zombie that waits for its parent has).
is_gone() {
	local state
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 0
	[ -z "$state" ] || [ "$state" = Z ]
}
