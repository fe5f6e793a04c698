#!/usr/bin/env bash
# Runs the engine's tests of "the same report on every machine" built for other machines than this one: arm64 by qemu-user, amd64 of the
# v3 level (whose compiler fuses multiply and add), and amd64 without jpegn's assembly. Arguments go to the test binaries; default: the
# tests of determinism.
set -euo pipefail
cd "$(dirname "$0")/../internal/face"

args=("$@")
[ ${#args[@]} -gt 0 ] || args=(-test.run 'EveryMachine|ToTheByte|Mirrored|PigoSees|TakeTurns|DecodersAgree|SamePixels')

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run() { # NAME RUNNER...
  echo "== $1"
  "${@:2}" "${args[@]}"
}

GOAMD64=v3 CGO_ENABLED=0 GOARCH=amd64 go test -c -o "$work/v3" .
CGO_ENABLED=0 GOARCH=amd64 go test -c -tags noasm -o "$work/noasm" .
CGO_ENABLED=0 GOARCH=arm64 go test -c -o "$work/arm64" .

if [ "$(uname -m)" = x86_64 ]; then
  if grep -qw fma /proc/cpuinfo && grep -qw avx2 /proc/cpuinfo; then
    run "amd64 v3" "$work/v3"
  else
    echo "== amd64 v3: skipped, this processor has no FMA"
  fi
  run "amd64 without assembly" "$work/noasm"
fi

case $(uname -m) in
  aarch64) run "arm64" "$work/arm64"; exit ;;
esac
if ! qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64); then
  echo "arm64: qemu-aarch64 is missing; on Debian: apt-get install qemu-user-static" >&2
  exit 1
fi
run "arm64" "$qemu" "$work/arm64"
