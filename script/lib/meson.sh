# shellcheck shell=bash disable=SC2034,SC2154  # `top` goes from say.sh to the others
# Sourced by the scripts that build: configure once, compile, show output only on failure.

# meson_configure FOLDER [OPTION…]: make the build folder unless it is there.
meson_configure() {
	local folder=$1
	shift
	[ ! -e "$folder/build.ninja" ] || return 0
	mkdir -p "$folder"
	quietly "$folder/configure.log" meson setup "$folder" "$top" "$@"
}

# meson_compile FOLDER [TARGET…]
meson_compile() {
	local folder=$1
	shift
	quietly "$folder/compile.log" ninja -C "$folder" -j "$(jobs_at_once)" "$@"
}

# quietly LOG COMMAND…: output goes to the log; its end is shown if the command fails.
quietly() {
	local log=$1
	shift
	if "$@" >"$log" 2>&1 </dev/null; then
		return 0
	fi
	tail -n 60 "$log" >&2
	return 1
}
