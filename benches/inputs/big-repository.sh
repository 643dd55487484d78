#!/usr/bin/env bash
# Makes the large repository that benchmarks check out, and prints its path.
#
# FILES (50,000) files of BYTES (500,000,000) in all, words in folders of twenty files, in one
# pack and one commit, on the branch main. What it makes is the same at every run. It stands in
# CACHE, or in a folder of its own below the temporary one, and is made once.
set -euo pipefail

files=${FILES:-50000}
bytes=${BYTES:-500000000}
cache=${CACHE:-${TMPDIR:-/tmp}/hub-bench-inputs}
made=$cache/big-$files-$bytes

if [ -d "$made" ]; then
    printf '%s\n' "$made"
    exit
fi
mkdir -p "$cache"
folder=$(mktemp -d "$cache/making.XXXXXX")
trap 'rm -rf "$folder"' EXIT

# Nothing of the user's own git settings counts. The main worktree stays empty: it is not measured.
hermetic=(env -i "PATH=$PATH" "HOME=$folder" GIT_CONFIG_NOSYSTEM=1 LC_ALL=C)
"${hermetic[@]}" git -C "$folder" init --quiet --initial-branch=main --template= repository
"${hermetic[@]}" python3 - "$files" "$bytes" <<'PYTHON' |
import random
import sys

FILES, BYTES = int(sys.argv[1]), int(sys.argv[2])
chance = random.Random(20260317)
letters = "etaoinshrdlucmfwypvbgk"
vocabulary = [
    "".join(chance.choices(letters, k=chance.randint(2, 11))) for _ in range(20_000)
]
words = chance.choices(vocabulary, weights=[1 / (n + 10) for n in range(20_000)], k=6_000_000)
text = " ".join(
    word + ("\n" if number % 11 == 0 else "") for number, word in enumerate(words)
).encode()

# As in a source tree: most files are small, some are large.
shares = [chance.lognormvariate(0, 1.1) for _ in range(FILES)]
scale = BYTES / sum(shares)
out = sys.stdout.buffer
out.write(b"commit refs/heads/main\ncommitter Bench <bench@example.com> 1767225600 +0000\n")
out.write(b"data 5\nBegin\n")
for number, share in enumerate(shares):
    size = min(max(1, round(share * scale)), len(text) // 2)
    begin = chance.randrange(len(text) - size)
    folder = number // 20
    path = f"part-{folder // 400:02}/module-{folder // 20 % 20:02}/unit-{folder % 20:02}/file-{number:05}.txt"
    mode = "100755" if number % 50 == 0 else "100644"
    out.write(f"M {mode} inline {path}\ndata {size}\n".encode())
    out.write(text[begin : begin + size])
    out.write(b"\n")
out.write(b"done\n")
PYTHON
    "${hermetic[@]}" git -C "$folder/repository" fast-import --quiet --done
mv "$folder/repository" "$made"
printf '%s\n' "$made"
