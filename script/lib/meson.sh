# shellcheck shell=bash disable=SC2034,SC2154  # `top` goes from say.sh to the others
# Sourced by the scripts that build: configure once, compile, show output only on failure.

# meson_configure FOLDER [OPTION…]: make the build folder, or bring it up to date.
meson_configure() {
	local folder=$1
	shift
	if [ -e "$folder/build.ninja" ]; then
		quietly "$folder/configure.log" ninja -C "$folder" build.ninja
		return
	fi
	mkdir -p "$folder"
	quietly "$folder/configure.log" meson setup "$folder" "$top" "$@"
}

# meson_compile FOLDER [TARGET…]
meson_compile() {
	local folder=$1
	shift
	quietly "$folder/compile.log" ninja -C "$folder" -k 0 -j "$(jobs_at_once)" "$@"
}

# quietly LOG COMMAND…: output goes to the log; its end is shown if the command fails.
quietly() {
	local log=$1
	shift
	if "$@" >"$log" 2>&1 </dev/null; then
		return 0
	fi
	# ninja's progress says nothing about why
	grep -vE '^\[[0-9]+/[0-9]+\] (Compiling|Linking|Generating)' "$log" | tail -n 60 >&2
	return 1
}
