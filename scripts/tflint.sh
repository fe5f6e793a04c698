#!/usr/bin/env bash
# Lints the Terraform modules with tflint's own ruleset for the language. The Google ruleset found nothing that `terraform validate` had not.
set -euo pipefail
tflint=$1
cd "$(dirname "$0")/.."

binary=${XDG_CACHE_HOME:-$HOME/.cache}/facescan/tf/tflint-${tflint##*@}
if [ ! -x "$binary" ]; then
	echo "Building tflint, once: this takes 3 minutes of CPU ..." >&2
	mkdir -p "$(dirname "$binary")"
	GOBIN=$(mktemp -d)
	export GOBIN
	go install "$tflint"
	mv "$GOBIN/tflint" "$binary"
	rmdir "$GOBIN"
fi
for module in terraform terraform/bootstrap terraform/firebase terraform/modules/* terraform/examples/*; do
	"$binary" --config="$PWD/terraform/.tflint.hcl" --chdir="$module"
done
