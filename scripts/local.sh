#!/usr/bin/env bash
# Runs scripts/local with the arguments given, as make does: says at once what it is doing, tells
# what is missing on this machine before anything is built, builds, and becomes the program. `go
# run` would not do: it says nothing for minutes, and on Ctrl-C it and make report an error for a
# program that stopped as it was asked to.
set -euo pipefail

say() { echo "$*" >&2; }

# On a signal, to this script alone or to its group, ends what runs in the background, with what it
# leaves. What does not end by itself, as a shell that had the signal just before it began a command,
# is ended after 15 s.
stop() {
	trap '' INT TERM HUP
	local job=${!:-} tries
	if [ -n "$job" ]; then
		kill -INT -- "-$job" 2>/dev/null || true
		for ((tries = 0; tries < 300; tries++)); do
			kill -0 -- "-$job" 2>/dev/null || break
			sleep .05
		done
		kill -KILL -- "-$job" 2>/dev/null || true
	fi
	clean
	say stopped
	exit 0
}
clean() { [ -z "$work" ] || rm -rf "$work"; }
work=
trap stop INT TERM HUP
trap clean EXIT

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# A name for each checkout, so that two of them do not build over one another.
cache=${XDG_CACHE_HOME:-${HOME:?names the folder for caches}/.cache}/facescan/bin/$(cksum <<<"$root" | tr -dc '0-9')

# Runs a command in a process group of its own, in the background: bash would let a signal wait for
# a command in the foreground to end.
interruptible() {
	set -m
	"$@" </dev/null &
	set +m
	wait "$!"
}

build() { # NAME PACKAGE [FLAG...]
	# From a folder next to its place the program is put there by a rename, so that one that runs is
	# not written over.
	GOTMPDIR=$work go build -C "$root" -buildvcs=false -o "$cache/$1" "${@:3}" "$2"
}

# The first time, packages are counted; with -v the compiler names each that it is done with.
build_local() {
	if [ -x "$cache/local" ]; then
		build local ./scripts/local
		return
	fi
	local packages
	packages=$(go list -C "$root" -deps ./scripts/local | wc -l)
	build local ./scripts/local -v 2>&1 | awk -v all="$packages" -f "$root/scripts/progress.awk" >&2
}

# The photo, the last argument, may be meant as seen from where make was called, which is not here
# after `make -C`.
photo=${!#}
if [ "${1:-}" = demo ] && [ ! -e "$photo" ] && [ -e "${CALLED_FROM:-}/$photo" ]; then
	cd "$CALLED_FROM"
fi

if ! command -v go >/dev/null; then
	say "local: Go 1.26 or newer is missing (no go on the PATH); to mend it: install it as go.dev/doc/install says"
	exit 1
fi
if [ -x "$cache/local" ]; then say "building"; else say "building; the first time takes minutes"; fi
mkdir -p "$cache"
work=$(mktemp -d "$cache/build.XXXXXX")

fail() {
	say "local: building failed, as said above$*"
	exit 1
}
interruptible build check ./scripts/local/check || fail
interruptible "$cache/check" "$@" || exit
interruptible build_local || fail "; the first time, modules are downloaded"
clean
exec "$cache/local" "$@"
