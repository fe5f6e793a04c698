#!/usr/bin/env bash
# Looks for known vulnerabilities in what the code calls: govulncheck.sh GOVULNCHECK@VERSION VULNDB_VERSION.
#
# The database is the one of vuln.go.dev or, where that cannot be reached, the one in the module golang.org/x/vulndb of
# that version, or of "latest"; its index is kept in the cache. The standard library is the one of go.mod's toolchain,
# where the Go command can fetch that. A check that could not run is said aloud. It fails in CI (CI=true), but not
# elsewhere: a machine without a way to either database can do nothing about it. VULN=skip leaves the check out.
set -euo pipefail
module=${1:?usage: govulncheck.sh GOVULNCHECK@VERSION VULNDB_VERSION}
pinned=${2:?usage: govulncheck.sh GOVULNCHECK@VERSION VULNDB_VERSION}

say() { echo "govulncheck: $*" >&2; }

nothing() { # REASON
	say "CHECKED NOTHING: $1"
	[ "${CI:-}" != true ] || exit 1
	exit 0
}

if [ "${VULN:-}" = skip ]; then
	say "CHECKED NOTHING: VULN=skip"
	exit 0
fi

# Prints the folder of the database in the module, which is made the first time.
from_module() {
	local told version dir folder
	told=$(go mod download -json "golang.org/x/vulndb@$pinned") || return
	version=$(sed -n 's/^\t"Version": "\(.*\)",$/\1/p' <<<"$told")
	dir=$(sed -n 's/^\t"Dir": "\(.*\)",$/\1/p' <<<"$told")
	folder=${XDG_CACHE_HOME:-${HOME:?names the folder for caches}/.cache}/facescan/vulndb/$version
	if [ ! -e "$folder" ]; then
		local work
		mkdir -p "$(dirname "$folder")"
		work=$(mktemp -d "$folder.XXXXXX")
		say "making the index of golang.org/x/vulndb $version (a minute, once)"
		go run "golang.org/x/vulndb/cmd/indexdb@$version" -vulns "$dir/data/osv" -out "$work/v1" >&2 || {
			rm -rf "$work"
			return 1
		}
		[ -e "$folder" ] || mv "$work/v1" "$folder" # another run may have been faster
		rm -rf "$work"
	fi
	local day=${version#v0.0.0-} # a pseudo-version has the time of its commit
	day=$(date -u -d "${day:0:8}" +%s 2>/dev/null || date -u -j -f %Y%m%d "${day:0:8}" +%s)
	say "the database of golang.org/x/vulndb $version is $((($(date -u +%s) - day) / 86400)) days old"
	echo "$folder"
}

database=${GOVULNDB:-https://vuln.go.dev}
if ! told=$(curl --silent --show-error --fail --max-time 20 --output /dev/null "$database/index/db.json" 2>&1); then
	say "$database cannot be reached: $told"
	folder=$(from_module) || nothing "nor can golang.org/x/vulndb be had"
	database=file://$folder
fi

toolchain=$(sed -n 's/^toolchain //p' go.mod)
if [ -n "$toolchain" ] && GOTOOLCHAIN=$toolchain go version >/dev/null 2>&1; then
	export GOTOOLCHAIN=$toolchain
else
	say "$toolchain cannot be had: the standard library is that of $(go env GOVERSION)"
fi
exec go run "$module" -db "$database" ./...
