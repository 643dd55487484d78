#!/usr/bin/env bash
# What the walls around an agent cost: its start-up at `maximum` against `low`, and a build inside
# against outside. A build inside takes at most 3 % longer.
#
# Two sessions of one agent, one at each level, get another attempt in turn, A B A B …, in this run
# and on this machine, so that whatever else the machine does meets both. What is measured is the
# time that hub itself tells of an attempt (`wall_s` in the journal): from before its process is
# started until all that it started is gone. The build compiles many small C files by `cc`, or
# where there is none does a shell's work on many small files. Prints medians and the ratio of the
# pairs; ends with status 1 when the build's median ratio is over the limit.
#
# HUB=PATH measures another binary; STARTS, BUILDS, FILES and LIMIT can be set, too.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/inputs/place.sh"
cat >"$folder/home/.gitconfig" <<'CONFIG'
[user]
	name = Bench
	email = bench@example.com
CONFIG
"${hermetic[@]}" git -C "$folder/repository" init --quiet --initial-branch=main

cd "$folder/repository"
"${hermetic[@]}" "STARTS=${STARTS:-40}" "BUILDS=${BUILDS:-40}" "FILES=${FILES:-60}" \
    "LIMIT=${LIMIT:-1.03}" python3 - "$hub" <<'PYTHON'
import json
import os
import shutil
import statistics
import subprocess
import sys

HUB = sys.argv[1]
STARTS = int(os.environ["STARTS"])
BUILDS = int(os.environ["BUILDS"])
FILES = int(os.environ["FILES"])
LIMIT = float(os.environ["LIMIT"])
LEVELS = ["low", "maximum"]

C_FILE = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int work_{n}(int count) {{
    char text[64]; int sum = 0;
    for (int i = 0; i < count; i++) {{
        snprintf(text, sizeof text, "%d %d", i, {n});
        sum += (int) strlen(text) + atoi(text);
    }}
    return sum;
}}
"""
COMPILE = "mkdir -p out; for f in src/*.c; do cc -O1 -c $f -o out/$(basename $f).o || exit 1; done"
SHELL = "mkdir -p out; for r in 1 2 3 4 5; do for f in src/*.c; do sort $f | sed s/int/long/ >out/$(basename $f).$r; done; done; cat out/* | wc -l >total"


def hub(*arguments):
    done = subprocess.run([HUB, *arguments], capture_output=True, text=True)
    return done


def answered(*arguments):
    done = hub(*arguments, "--json")
    if not done.stdout:
        sys.exit(f"hub {' '.join(arguments)}: {done.stderr}")
    return json.loads(done.stdout)


def session(level, command):
    made = answered("init", "--task", "Bench", "--agents", "1")["session_id"]
    spawn = ["spawn", made, "--agent-cmd", command, "--security", level, "--leftovers", "keep"]
    if hub(*spawn).returncode != 0:
        sys.exit(hub("security").stdout)
    hub("wait", made)
    return made


def attempt(made):
    """Another attempt to its end; how long it took, in milliseconds."""
    worktree = answered("path", made, "agent-1")["path"]
    subprocess.run(["git", "-C", worktree, "clean", "-fdxq"], check=True)
    hub("retry", made, "--agent", "agent-1")
    hub("wait", made)
    ends = [e for e in answered("events", made)["events"] if e["operation"] == "finish"]
    detail = ends[-1]["detail"]
    if detail["status"] != "succeeded":
        sys.exit(f"the agent {detail}: {hub('logs', made).stdout[-500:]}")
    return detail["usage"]["wall_s"] * 1000


def compare(name, command, pairs):
    low, maximum = (session(level, command) for level in LEVELS)
    attempt(low), attempt(maximum)
    times = {"low": [], "maximum": []}
    for number in range(pairs):
        # Who goes first has the warmer or the colder cache.
        order = [("low", low), ("maximum", maximum)]
        for level, made in order if number % 2 == 0 else reversed(order):
            times[level].append(attempt(made))
    ratios = [b / a for a, b in zip(times["low"], times["maximum"])]
    for level in LEVELS:
        print(f"  {name:<9} {level:<8} median {statistics.median(times[level]):9.2f} ms, least {min(times[level]):9.2f}")
    ratio = statistics.median(ratios)
    more = statistics.median(b - a for a, b in zip(times["low"], times["maximum"]))
    first, _, third = statistics.quantiles(ratios)
    print(f"  {name:<9} maximum / low: {ratio:.3f} ({first:.3f} to {third:.3f}), {more:+.2f} ms, {pairs} pairs", flush=True)
    return ratio


os.makedirs("src")
for number in range(FILES):
    with open(f"src/{number}.c", "w") as file:
        file.write(C_FILE.format(n=number))
subprocess.run("git add -A && git commit -qm Files", shell=True, check=True)

compare("start-up", "true", STARTS)
build = COMPILE if shutil.which("cc") else SHELL
print(f"  the build: {build}")
ratio = compare("build", build, BUILDS)
verdict = "within" if ratio <= LIMIT else "over"
print(f"a build inside / outside: {ratio:.3f}, {verdict} the limit of {LIMIT:.2f}")
sys.exit(ratio > LIMIT)
PYTHON
