#!/usr/bin/env bash
# Runs the engine's tests of "the same report on every machine" built for other machines than this
# one: arm64 by qemu-user, amd64 of the v3 level (whose compiler fuses multiply and add), and amd64
# without jpegn's assembly. Arguments go to the test binaries; default: the tests of determinism, in
# every package of the engine that has one.
set -euo pipefail
cd "$(dirname "$0")/../internal/face"

tests='EveryMachine|ToTheByte|Mirrored|seesWhatPigo|TakeTurns|DecodersAgree|SamePixels'
args=("$@")
[ ${#args[@]} -gt 0 ] || args=(-test.run "$tests")
# No name of a package has a blank.
packages=($(grep -rlE "^func Test[A-Za-z0-9_]*($tests)" --include='*_test.go' . | xargs -n1 dirname | sort -u))

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run() { # NAME KIND [RUNNER]: the tests find their files in the folder of their package
  echo "== $1"
  for package in "${packages[@]}"; do
    echo "$package"
    (cd "$package" && "${@:3}" "$work/$2-${package//\//-}" "${args[@]}")
  done
}

build() { # KIND [OPTION...]
  for package in "${packages[@]}"; do
    go test -c "${@:2}" -o "$work/$1-${package//\//-}" "$package"
  done
}

export CGO_ENABLED=0
GOAMD64=v3 GOARCH=amd64 build v3
GOARCH=amd64 build noasm -tags noasm
GOARCH=arm64 build arm64

if [ "$(uname -m)" = x86_64 ]; then
  if grep -qw fma /proc/cpuinfo && grep -qw avx2 /proc/cpuinfo; then
    run "amd64 v3" v3
  else
    echo "== amd64 v3: skipped, this processor has no FMA"
  fi
  run "amd64 without assembly" noasm
fi

case $(uname -m) in
  aarch64) run "arm64" arm64; exit ;;
esac
if ! qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64); then
  echo "arm64: qemu-aarch64 is missing; on Debian: apt-get install qemu-user-static" >&2
  exit 1
fi
run "arm64" arm64 "$qemu"
