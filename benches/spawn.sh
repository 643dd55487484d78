#!/usr/bin/env bash
# `hub spawn` makes eight worktrees of 50,000 files in a third of the time of `git worktree add`,
# and `hub cleanup` is done with them in 0.3 of the time of `git worktree remove`.
#
# git makes and removes them one after the other, with its defaults. Both are run in turn,
# A B A B …, on this machine and in this run, so that whatever else the machine does meets both.
# Prints medians, spread and the ratio of the pairs, of the time that passes and, for what is
# made, of the processor's; of a cleanup until it returns and until the space is back. Ends with
# status 1 when a median ratio misses its limit.
#
# Each of the two begins on a new file system in memory (ext4, or FS=xfs, FS=btrfs), so that no
# disk and nothing that was deleted before counts: an ext4 without a journal looks for a minute at
# every inode that was freed. This needs root, mkfs and 10 GB of memory. Elsewhere, or with a
# folder in PLACE, it is measured there.
#
# HUB=PATH measures another binary. WORKTREES, PAIRS, the LIMITs, and FILES, BYTES and CACHE of
# inputs/big-repository.sh can be set, too. No pair is begun that would end after MOST seconds.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
hub=${HUB:-$root/target/release/hub}
if [ ! -x "$hub" ]; then
    (cd "$root" && cargo build --release --locked --bin hub)
fi
input=$("$root/benches/inputs/big-repository.sh")

folder=$(mktemp -d "${PLACE:-${TMPDIR:-/tmp}}/hub-bench-spawn.XXXXXX")
mkdir "$folder/home" "$folder/memory" "$folder/place"
clean() {
    umount "$folder/place" 2>/dev/null || true
    umount "$folder/memory" 2>/dev/null || true
    rm -rf "$folder"
}
trap clean EXIT

kind=none
if [ -z "${PLACE:-}" ] && mount -t tmpfs -o size=12G hub-bench "$folder/memory" 2>/dev/null; then
    kind=${FS:-ext4}
fi

# Nothing of the user's own git or hub settings is measured.
env -i "PATH=$PATH" "HOME=$folder/home" GIT_CONFIG_NOSYSTEM=1 LC_ALL=C \
    "WORKTREES=${WORKTREES:-8}" "PAIRS=${PAIRS:-5}" "MOST=${MOST:-330}" "LIMIT=${LIMIT:-3.0}" \
    "LIMIT_RETURN=${LIMIT_RETURN:-0.3}" "LIMIT_SPACE=${LIMIT_SPACE:-1.0}" \
    python3 - "$hub" "$input" "$folder" "$kind" <<'PYTHON'
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

BEGUN = time.monotonic()
HUB, INPUT, FOLDER, KIND = sys.argv[1:]
PLACE, IMAGE = FOLDER + "/place", FOLDER + "/memory/image"
WORKTREES, PAIRS = int(os.environ["WORKTREES"]), int(os.environ["PAIRS"])
MOST, LIMIT, LIMIT_RETURN, LIMIT_SPACE = (
    float(os.environ[name]) for name in ["MOST", "LIMIT", "LIMIT_RETURN", "LIMIT_SPACE"]
)
ADD = f"for n in $(seq {WORKTREES}); do git worktree add -q -b by-git-$n ../by-git/$n main; done"
REMOVE = f"for n in $(seq {WORKTREES}); do git worktree remove ../by-git/$n; done"


def call(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def begin():
    """A repository where nothing has been yet."""
    os.chdir("/")
    if KIND != "none":
        if os.path.ismount(PLACE):
            call("umount", PLACE)
        if os.path.exists(IMAGE):
            os.remove(IMAGE)
        with open(IMAGE, "wb") as image:
            image.truncate(10 << 30)
        call(f"mkfs.{KIND}", "-q", IMAGE)
        call("mount", "-o", "loop", IMAGE, PLACE)
    else:
        shutil.rmtree(PLACE)
        os.mkdir(PLACE)
    shutil.copytree(INPUT, PLACE + "/repository")
    os.chdir(PLACE + "/repository")


def taken():
    """The megabytes that are taken on the disk."""
    os.sync()
    stat = os.statvfs(".")
    return (stat.f_blocks - stat.f_bfree) * stat.f_frsize / 1e6


def timed(*command):
    """The seconds that pass, and those of the processor, until a command has ended."""
    os.sync()  # what was written before is not part of it
    begun = time.perf_counter()
    nothing = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=nothing)
    _, status, used = os.wait4(pid, 0)
    elapsed = time.perf_counter() - begun
    if status != 0:
        sys.exit(f"{command} ended with wait status {status}")
    return elapsed, used.ru_utime + used.ru_stime


def by_git():
    begin()
    before = taken()
    made, used = timed("sh", "-c", ADD)
    size = taken() - before
    removed, _ = timed("sh", "-c", REMOVE)
    return made, used, removed, removed, size


def by_hub():
    begin()
    answer = call(HUB, "init", "--task", "bench", "--agents", str(WORKTREES), "--json")
    session = json.loads(answer)["session_id"]
    before = taken()
    made, used = timed(HUB, "spawn", session, "--no-start", "--quiet")
    size = taken() - before
    worktree = call(HUB, "path", session, f"agent-{WORKTREES}").strip()
    if call("git", "-C", worktree, "status", "--porcelain"):
        sys.exit(f"{worktree} is not clean")
    call(HUB, "archive", session, "--yes", "--quiet")
    returned, _ = timed(HUB, "cleanup", session, "--quiet")
    begun = time.perf_counter()
    while os.path.exists("../repository.hub"):
        if time.perf_counter() - begun > 300:
            sys.exit("the files of the worktrees are not deleted")
        time.sleep(0.01)
    return made, used, returned, returned + time.perf_counter() - begun, size


def quartiles(values):
    return statistics.quantiles(values, n=4) if len(values) > 1 else values * 3


def describe(name, values, unit):
    low, middle, high = quartiles(values)
    print(f"  {name}  median {middle:.2f} {unit}, quartiles {low:.2f} to {high:.2f}, least {min(values):.2f}")


print(f"on {'a new ' + KIND + ' in memory' if KIND != 'none' else PLACE}", flush=True)
git, hub, longest = [], [], 0.0
while len(git) < PAIRS:
    now = time.monotonic()
    if git and now + longest > BEGUN + MOST:
        print(f"{len(git)} pairs, not {PAIRS}: there is no time for another one")
        break
    git.append(by_git())
    hub.append(by_hub())
    longest = max(longest, time.monotonic() - now)
    a, b = git[-1], hub[-1]
    print(
        f"pair {len(git)}: made in {a[0]:.2f} s by git, {b[0]:.2f} s by hub; removed in {a[2]:.2f} s"
        f" by git, in {b[2]:.2f} s by hub, whose space is back after {b[3]:.2f} s",
        flush=True,
    )
os.chdir("/")

middles = []
for column, (what, unit, name, ratio) in enumerate(
    [
        ("made, time that passes", "s", "git / hub", lambda a, b: a / b),
        ("made, time of the processor", "s", "git / hub", lambda a, b: a / b),
        ("removed, until it returns", "s", "hub / git", lambda a, b: b / a),
        ("removed, until the space is back", "s", "hub / git", lambda a, b: b / a),
        ("taken on the disk", "MB", "hub / git", lambda a, b: b / a),
    ]
):
    a, b = [row[column] for row in git], [row[column] for row in hub]
    print(what)
    describe("git", a, unit)
    describe("hub", b, unit)
    low, middle, high = quartiles([ratio(x, y) for x, y in zip(a, b)])
    print(f"  {name}: {middle:.2f} (quartiles {low:.2f} to {high:.2f})")
    middles.append(middle)

missed = False
for what, middle, limit, kept in [
    ("spawn, times faster than git", middles[0], LIMIT, middles[0] >= LIMIT),
    ("cleanup returns, of git's time", middles[2], LIMIT_RETURN, middles[2] <= LIMIT_RETURN),
    ("its space is back, of git's time", middles[3], LIMIT_SPACE, middles[3] <= LIMIT_SPACE),
]:
    print(f"{WORKTREES} worktrees: {what}: {middle:.2f}, {'within' if kept else 'outside of'} the limit of {limit:.2f}")
    missed = missed or not kept
sys.exit(missed)
PYTHON
