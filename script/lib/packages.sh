# shellcheck shell=bash
# Sourced by script/setup: which Debian packages are missing, and how to get them.

# Print those of the given packages that are not installed.
packages_missing() {
	local package
	for package in "$@"; do
		# shellcheck disable=SC2016  # dpkg-query expands it, not the shell
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
			grep -qx installed || echo "$package"
	done
}

# Install packages, having said so.  Fails with one sentence when it cannot be done.
packages_install() {
	local log as_root=()
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null ||
			die "these packages are missing and need root to install: $*; run as root: apt-get install $*"
		as_root=(sudo)
	fi
	command -v apt-get >/dev/null ||
		die "these packages are missing and there is no apt-get to install them: $*"

	say "installing Debian packages: $*"
	log=$(mktemp)
	# The lists are read anew only here, because only now something is missing.
	if ! "${as_root[@]}" apt-get update -q -o Acquire::Retries=3 \
		-o DPkg::Lock::Timeout=300 >"$log" 2>&1 ||
		! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
			--no-install-recommends -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 \
			"$@" >>"$log" 2>&1 </dev/null; then
		tail -n 15 "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}
