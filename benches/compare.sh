#!/usr/bin/env bash
# Compares hub with git, with a plain script and with the bare system calls, and writes the
# tables and plots of docs/performance.md.
#
#   benches/compare.sh             everything: about twelve minutes, and 10 GB below CACHE
#   benches/compare.sh list refs   these rows alone; the page stays as it is
#   benches/compare.sh --update eval
#                                  the same, and their lines of the table are replaced
#   benches/compare.sh --quick     small inputs; the page stays as it is
#
# Inputs are made once and kept in CACHE (a folder of its own below the temporary one). HUB=PATH
# measures another binary. REFLINKS=FOLDER, on a file system that shares the bytes of copies,
# measures spawn there, too. benches/startup.sh and dag.sh are run behind it where everything is
# measured; benches/spawn.sh tells more of spawn.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${CACHE:-${TMPDIR:-/tmp}/hub-bench-inputs}
hub=${HUB:-$root/target/release/hub}
mkdir -p "$cache"
if [ -z "${HUB:-}" ]; then
    (cd "$root" && cargo build --release --locked --bin hub)
fi
floor=$cache/floor
if [ ! "$floor" -nt "$root/benches/floor.rs" ]; then
    rustc --edition 2024 -O -o "$floor" "$root/benches/floor.rs"
fi

python3 -B "$root/benches/compare/compare.py" --hub "$hub" --floor "$floor" --cache "$cache" "$@"

[ $# -eq 0 ] || exit 0
for script in startup dag; do
    echo
    echo "benches/$script.sh"
    # What is over its limit is told, and stands in the page.
    HUB=$hub ROUNDS=2 "$root/benches/$script.sh" || true
done
