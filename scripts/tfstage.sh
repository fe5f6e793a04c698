#!/usr/bin/env bash
# usage: scripts/tfstage.sh FOLDER... -- COMMAND...
# Runs the command in each folder of a copy of terraform/, which is initialised there without its backend: no state, provider or lock file
# of a checkout's is touched. The copy has the lock files, so the checks run the version of the provider that an operator gets.
set -euo pipefail
cd "$(dirname "$0")/.."

folders=()
while [ "$1" != -- ]; do
	folders+=("$1")
	shift
done
shift

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp -R terraform/. "$stage"
rm -rf "$stage"/{provider,checks,.terraform} "$stage"/*.auto.tfvars.json
for folder in "${folders[@]}"; do
	cd "$stage/$folder"
	terraform init -backend=false -input=false >init.log 2>&1 || { cat init.log; exit 1; }
	"$@"
done
