#!/usr/bin/env bash
# Runs a command in a copy of terraform/ that is initialised without its backend: no state, provider or lock file of a checkout's is touched.
# The copy has the lock file, so the checks run the version of the provider that an operator gets.
set -euo pipefail
cd "$(dirname "$0")/.."

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp -R terraform/. "$stage"
rm -rf "$stage"/{provider,checks,.terraform} "$stage"/*.auto.tfvars.json
cd "$stage"
terraform init -backend=false -input=false >init.log 2>&1 || { cat init.log; exit 1; }
"$@"
