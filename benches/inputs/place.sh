# Sourced by the scripts beside: the binary that is measured in `hub`, a folder of their own in
# `folder` with a home and a place for a repository, and in `hermetic` what keeps the user's own
# git and hub settings from being measured. HUB=PATH measures another binary.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
hub=${HUB:-$root/target/release/hub}
if [ ! -x "$hub" ]; then
    (cd "$root" && cargo build --release --locked --bin hub)
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/home" "$folder/repository"
hermetic=(env -i "PATH=$PATH" "HOME=$folder/home" GIT_CONFIG_NOSYSTEM=1 LC_ALL=C)
