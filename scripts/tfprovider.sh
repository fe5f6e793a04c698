#!/usr/bin/env bash
# Puts the Google provider of the version that terraform/.terraform.lock.hcl pins into a mirror that terraform finds by TF_CLI_CONFIG_FILE,
# and prints that file's path: from the registry where it can be had, else built from the source that terraform/provider pins, which takes
# about 8 minutes of CPU and 3.4 GB of memory. Done once for each go.sum; after that it takes no time. It says which of the two it took.
# The checks run the real provider's code, so there is no way round it: where it cannot be had, this fails.
#
# The lock files name the version and no hashes. terraform init takes the pinned version then, whatever its hash, and writes down the hash of
# what it took: at an operator's those of the signed release from the registry, which hold from then on; here that of a binary built from
# source, in the copies that the checks run in. With the release's hashes in the file, a provider built from source would be refused ("doesn't
# match any of the checksums previously recorded"), and with the hash of that, the registry's:
# https://developer.hashicorp.com/terraform/language/files/dependency-lock#checksum-verification
set -euo pipefail
cd "$(dirname "$0")/../terraform/provider"

version=$(sed -n 's/^ *version *= *"\(.*\)"$/\1/p' ../.terraform.lock.hcl) # go.mod pins its commit
sum() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi; }
cache=${XDG_CACHE_HOME:-$HOME/.cache}/facescan/tf/$(for file in go.mod go.sum; do sum <"$file" | sed "s/-$/$file/"; done | sum | cut -c1-12)
platform=$(go env GOOS)_$(go env GOARCH)
registry=registry.terraform.io
folder=$cache/mirror/$registry/hashicorp/google/$version/$platform
binary=$folder/terraform-provider-google_v${version}_x5

mkdir -p "$folder"
cat >"$cache/terraformrc" <<RC
disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path    = "$cache/mirror"
    include = ["*/*/*"]
  }
}
RC

# download has terraform fetch the release and check its signature.
download() (
	curl --fail --silent --max-time 5 --output /dev/null "https://$registry/.well-known/terraform.json" || return 1
	stage=$(mktemp -d)
	trap 'rm -rf "$stage"' EXIT
	cat >"$stage/main.tf" <<TF
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "$version"
    }
  }
}
TF
	cd "$stage"
	echo "Taking the Google provider $version from $registry ..." >&2
	TF_CLI_CONFIG_FILE=/dev/null terraform init -input=false >init.log 2>&1 || { cat init.log >&2; return 1; }
	found=$(find .terraform/providers -name 'terraform-provider-google_*' -type f | head -n 1)
	[ -n "$found" ] && cp "$found" "$binary.part" && chmod +x "$binary.part" && mv "$binary.part" "$binary"
)

build() {
	echo "Building the Google provider $version from source, once: about 8 minutes of CPU, so 5 to 10 minutes ..." >&2
	started=$SECONDS
	package=github.com/hashicorp/terraform-provider-google
	packages=$(go list -deps "$package" | wc -l) &&
		go build -v -trimpath -ldflags "-s -w -X $package/version.ProviderVersion=$version" -o "$binary.part" "$package" 2>&1 |
		awk -v all="$packages" -f ../../scripts/progress.awk >&2 || {
		echo "The Google provider $version cannot be built here (see above), and without it nothing of the infrastructure is checked." >&2
		exit 1
	}
	mv "$binary.part" "$binary"
	echo "Built it in $((SECONDS - started)) s." >&2
}

exec 9>"$cache/lock"
if command -v flock >/dev/null; then flock 9; fi # two checks at a time make it once
if [ ! -x "$binary" ]; then
	if download; then echo "from $registry" >"$cache/origin"; else
		build
		echo "built from source" >"$cache/origin"
	fi
fi
echo "The Google provider $version: $(cat "$cache/origin" 2>/dev/null || echo "built from source")." >&2
echo "$cache/terraformrc"
