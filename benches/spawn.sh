#!/usr/bin/env bash
# `hub spawn` makes eight worktrees of 50,000 files in a third of the time of `git worktree add`.
#
# git makes them one after the other, with its defaults. Both are run in turn, A B A B …, on this
# machine and in this run, so that whatever else the machine does meets both; what the one has
# made is removed before the other begins. Prints medians, spread and the ratio of the pairs, of
# the time that passes and of the processor's; ends with status 1 when the median ratio of the
# first is below the limit.
#
# HUB=PATH measures another binary. PLACE is a folder on the file system to be measured, with
# room for the worktrees (5 GB). WORKTREES, PAIRS, LIMIT, and FILES, BYTES and CACHE of
# inputs/big-repository.sh can be set, too.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
hub=${HUB:-$root/target/release/hub}
if [ ! -x "$hub" ]; then
    (cd "$root" && cargo build --release --locked --bin hub)
fi
input=$("$root/benches/inputs/big-repository.sh")

folder=$(mktemp -d "${PLACE:-${TMPDIR:-/tmp}}/hub-bench-spawn.XXXXXX")
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/home"
cp -R "$input" "$folder/repository"

# Nothing of the user's own git or hub settings is measured.
cd "$folder/repository"
env -i "PATH=$PATH" "HOME=$folder/home" GIT_CONFIG_NOSYSTEM=1 LC_ALL=C \
    "WORKTREES=${WORKTREES:-8}" "PAIRS=${PAIRS:-5}" "LIMIT=${LIMIT:-3.0}" \
    python3 - "$hub" <<'PYTHON'
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

HUB = sys.argv[1]
WORKTREES = int(os.environ["WORKTREES"])
PAIRS = int(os.environ["PAIRS"])
LIMIT = float(os.environ["LIMIT"])
GIT_PLACE = "../by-git"
GIT = f"for n in $(seq {WORKTREES}); do git worktree add -q -b by-git-$n {GIT_PLACE}/$n main; done"


def call(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def timed(*command):
    """The seconds that pass, and those of the processor, until a command has ended."""
    os.sync()  # what was written before is not part of it
    begun = time.perf_counter()
    pid = os.posix_spawnp(
        command[0],
        command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, used = os.wait4(pid, 0)
    elapsed = time.perf_counter() - begun
    if status != 0:
        sys.exit(f"{command} ended with wait status {status}")
    return elapsed, used.ru_utime + used.ru_stime


def forget(place, branches):
    shutil.rmtree(place)
    call("git", "worktree", "prune")
    names = call("git", "branch", "--list", branches, "--format=%(refname:short)").split()
    call("git", "branch", "-q", "-D", *names)


def by_git():
    times = timed("sh", "-c", GIT)
    forget(GIT_PLACE, "by-git-*")
    return times


def by_hub():
    made = call(HUB, "init", "--task", "bench", "--agents", str(WORKTREES), "--json")
    session = json.loads(made)["session_id"]
    times = timed(HUB, "spawn", session, "--no-start", "--quiet")
    worktree = call(HUB, "path", session, f"agent-{WORKTREES}").strip()
    if call("git", "-C", worktree, "status", "--porcelain"):
        sys.exit(f"{worktree} is not clean")
    forget("../repository.hub", "hub/*")
    shutil.rmtree(".agenthub")
    return times


def describe(name, times):
    low, middle, high = statistics.quantiles(times, n=4)
    print(f"  {name:<26} median {middle:.2f} s, quartiles {low:.2f} to {high:.2f}, least {min(times):.2f}")


git, hub = [], []
for number in range(1, PAIRS + 1):
    git.append(by_git())
    hub.append(by_hub())
    print(f"pair {number} of {PAIRS}: git {git[-1][0]:.2f} s, hub {hub[-1][0]:.2f} s", flush=True)

ratios = []
for column, what in enumerate(["passed", "of the processor"]):
    a, b = [times[column] for times in git], [times[column] for times in hub]
    describe(f"git, {what}", a)
    describe(f"hub, {what}", b)
    low, middle, high = statistics.quantiles([x / y for x, y in zip(a, b)], n=4)
    print(f"  git / hub, {what}: {middle:.2f} (quartiles {low:.2f} to {high:.2f})")
    ratios.append(middle)
verdict = "within" if ratios[0] >= LIMIT else "below"
print(f"{WORKTREES} worktrees: {ratios[0]:.2f} times faster than git, {verdict} the limit of {LIMIT:.2f}")
sys.exit(ratios[0] < LIMIT)
PYTHON
