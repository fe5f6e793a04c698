#!/usr/bin/env bash
# Builds the Google provider that terraform/provider pins, from its source, into a mirror that terraform finds by TF_CLI_CONFIG_FILE, and
# prints that file's path. Built once for each go.sum: about 8 minutes of CPU and 3.4 GB of memory; after that it takes no time.
# The checks run the real provider's code, so there is no way round it: where it cannot be built, this fails.
set -euo pipefail
cd "$(dirname "$0")/../terraform/provider"

version=7.39.0 # that of the commit in go.mod
cache=${XDG_CACHE_HOME:-$HOME/.cache}/facescan/tf/$(sha256sum go.mod go.sum | sha256sum | cut -c1-12)
platform=$(go env GOOS)_$(go env GOARCH)
binary=$cache/mirror/registry.terraform.io/hashicorp/google/$version/$platform/terraform-provider-google_v${version}_x5

mkdir -p "$(dirname "$binary")"
cat >"$cache/terraformrc" <<RC
disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path    = "$cache/mirror"
    include = ["*/*/*"]
  }
}
RC

exec 9>"$cache/lock"
flock 9 # two checks at a time build it once
if [ ! -x "$binary" ]; then
	echo "Building the Google provider $version from source, once: about 8 minutes of CPU, so 5 to 10 minutes ..." >&2
	started=$SECONDS
	package=github.com/hashicorp/terraform-provider-google
	failed() {
		echo "The Google provider $version cannot be built here (see above), and without it nothing of the infrastructure is checked." >&2
		exit 1
	}
	packages=$(go list -deps "$package" | wc -l) || failed
	go build -v -trimpath -ldflags "-s -w -X $package/version.ProviderVersion=$version" -o "$binary.part" "$package" 2>&1 |
		awk -v all="$packages" -f ../../scripts/progress.awk >&2 || failed
	mv "$binary.part" "$binary"
	echo "Built it in $((SECONDS - started)) s." >&2
fi
echo "$cache/terraformrc"
