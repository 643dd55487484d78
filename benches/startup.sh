#!/usr/bin/env bash
# `hub list` in an empty hub directory takes at most 1.3 times what `git --version` takes.
#
# Both are run in turn, A B A B …, on this machine and in this run, so that whatever
# else the machine does meets both. Prints medians, spread and the ratio of the pairs;
# ends with status 1 when the median ratio is over the limit.
#
# HUB=PATH measures another binary; ROUNDS, PAIRS and LIMIT can be set, too.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/inputs/place.sh"
"${hermetic[@]}" git -C "$folder/repository" init --quiet
mkdir -p "$folder/repository/.agenthub/sessions"
echo '*' >"$folder/repository/.agenthub/.gitignore"

cd "$folder/repository"
"${hermetic[@]}" "ROUNDS=${ROUNDS:-5}" "PAIRS=${PAIRS:-200}" "LIMIT=${LIMIT:-1.3}" \
    python3 - "$hub" <<'PYTHON'
import os
import shutil
import statistics
import sys
import time

HUB = [sys.argv[1], "list"]
GIT = [shutil.which("git"), "--version"]
ROUNDS = int(os.environ["ROUNDS"])
PAIRS = int(os.environ["PAIRS"])
LIMIT = float(os.environ["LIMIT"])
NULL = os.open(os.devnull, os.O_RDWR)
STREAMS = [(os.POSIX_SPAWN_DUP2, NULL, stream) for stream in (0, 1, 2)]


def run(command):
    begun = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=STREAMS)
    _, status = os.waitpid(pid, 0)
    elapsed = time.perf_counter() - begun
    if status != 0:
        sys.exit(f"{command} ended with wait status {status}")
    return elapsed * 1000


def describe(name, times):
    low, _, high = statistics.quantiles(times, n=4)
    print(
        f"  {name:<14} median {statistics.median(times):.3f} ms, "
        f"quartiles {low:.3f} to {high:.3f}, least {min(times):.3f}"
    )


for _ in range(20):  # what is read from disk once is no part of it
    run(GIT), run(HUB)

ratios = []
for number in range(1, ROUNDS + 1):
    git, hub = [], []
    for _ in range(PAIRS):
        git.append(run(GIT))
        hub.append(run(HUB))
    pairs = [b / a for a, b in zip(git, hub)]
    ratios += pairs
    print(f"round {number} of {ROUNDS}, {PAIRS} pairs: ratio {statistics.median(pairs):.2f}")
    describe("git --version", git)
    describe("hub list", hub)

low, ratio, high = statistics.quantiles(ratios, n=4)
verdict = "within" if ratio <= LIMIT else "over"
print(
    f"hub list / git --version: {ratio:.2f} "
    f"(quartiles of {len(ratios)} pairs {low:.2f} to {high:.2f}), {verdict} the limit of {LIMIT:.2f}"
)
sys.exit(ratio > LIMIT)
PYTHON
