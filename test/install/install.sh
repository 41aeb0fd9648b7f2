#!/bin/bash
# install.sh BUILD CONSUMER: install into an empty folder, then build and run a C and a
# C++ program against what lies there, found by pkg-config, shared and static.  TAP.
set -u
build=$1 consumer=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
read -ra compiler <<<"${CC:-cc}" # it may be two words: ccache cc
number=0
failed=0

# step TITLE COMMAND…
step() {
	local title=$1
	shift
	number=$((number + 1))
	if "$@" >"$folder/output" 2>&1; then
		echo "ok $number - $title"
	else
		echo "not ok $number - $title"
		sed 's/^/# /' "$folder/output"
		failed=1
	fi
}

echo 1..7
step 'meson install succeeds' \
	env DESTDIR="$folder/root" meson install --no-rebuild -C "$build"

package=$(find "$folder/root" -name hostkit.pc)
export PKG_CONFIG_SYSROOT_DIR=$folder/root
export PKG_CONFIG_PATH=${package%/*}
libraries=$folder/root$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=libdir hostkit)

step 'pkg-config names the version of the tree' \
	test "$(pkg-config --modversion hostkit)" = "$(meson introspect "$build" --projectinfo | sed -E 's/.*"version": "([^"]*)".*/\1/')"

# compile_and_run NAME COMPILER… : the flags after it come from pkg-config
compile_and_run() {
	local name=$1
	shift
	# shellcheck disable=SC2046  # pkg-config prints words
	"$@" -o "$folder/$name" $(pkg-config $kind --cflags --libs hostkit) || return 1
	LD_LIBRARY_PATH=$libraries "$folder/$name" | grep -qx 'consumer works'
}

kind=''
step 'a C program links the shared library and runs' \
	compile_and_run c "${compiler[@]}" -std=c11 -Wall -Wextra -Werror "$consumer"
if command -v "${CXX:-c++}" >/dev/null; then
	step 'a C++ program links the shared library and runs' \
		compile_and_run cxx "${CXX:-c++}" -std=c++20 -Wall -Werror -x c++ "$consumer" -x none
else
	number=$((number + 1))
	echo "ok $number - a C++ program # SKIP there is no C++ compiler"
fi
kind=--static
step 'a C program links the static library and runs' \
	compile_and_run static "${compiler[@]}" -static -std=c11 -Wall -Wextra -Werror "$consumer"

kind=''
run_command() {
	local command
	command=$(find "$folder/root" -path '*/bin/hostkit' -type f | head -n 1)
	[ -n "$command" ] || {
		echo 'bin/hostkit was not installed'
		return 1
	}
	LD_LIBRARY_PATH=$libraries "$command" help
}
step 'the installed command runs' run_command

# Nothing in what is installed may point back to where it was built.
no_build_paths() {
	! grep -rlF "$build" "$folder/root" --include='*.pc' --include='*.h' --include="*.1"
}
step 'nothing installed names the build folder' no_build_paths
exit "$failed"
