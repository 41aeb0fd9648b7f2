# shellcheck shell=bash disable=SC2034,SC2154  # `top` goes from say.sh to the others
# Sourced first by every script: strict mode, where the tree is, how to speak.
#
# Words for people go to standard error, so that standard output carries only what
# the caller asked for.  Colour is for terminals alone, and never carries meaning.

set -euo pipefail
export LC_ALL=C.UTF-8
top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	say_bold=$'\033[1m' say_plain=$'\033[0m'
else
	say_bold='' say_plain=''
fi

say() {
	printf '%s%s%s\n' "$say_bold" "$*" "$say_plain" >&2
}

# One sentence about what is wrong and what to do, then leave.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

wrong_usage() {
	printf '%s: %s; see %s --help\n' "${0##*/}" "$*" "$0" >&2
	exit 2
}

# A script's help is the comment it opens with.
help_and_exit() {
	sed -n '2,/^[^#]/{/^#/!d; s/^# \{0,1\}//; p}' "$0"
	exit 0
}

# How many jobs at once: the processors this process may use.
jobs_at_once() {
	nproc 2>/dev/null || echo 2
}
