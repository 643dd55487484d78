#!/usr/bin/env bash
# How long `hub dag` takes for 1,000 attempts:
# - which contains which, with the graph drawn: at most twice what
#   `git for-each-ref --contains COMMIT refs/heads/hub/SESSION/` takes for one commit;
# - the list, which counts files and lines of each: at most twice what one
#   `git diff-tree --stdin --shortstat` takes to count the same.
#
# The repository is made by `git fast-import`: a base branch with a history, 250 agents with four
# attempts each, and many refs of others that neither has to look at. Both of a pair are run in
# turn, A B A B …, so that whatever else the machine does meets both. Prints medians, spread and
# the ratio of the pairs, also with a commit-graph file; ends with status 1 when a median ratio is
# over the limit.
#
# HUB=PATH measures another binary; TIPS, HISTORY, REFS, ROUNDS, PAIRS and LIMIT can be set, too.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/inputs/place.sh"
cd "$folder/repository"
"${hermetic[@]}" "TIPS=${TIPS:-1000}" "HISTORY=${HISTORY:-2000}" "REFS=${REFS:-100000}" \
    "ROUNDS=${ROUNDS:-3}" "PAIRS=${PAIRS:-20}" "LIMIT=${LIMIT:-2.0}" \
    python3 - "$hub" <<'PYTHON'
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

SESSION = "20260317-143022"
GIT = shutil.which("git")
HUB = [sys.argv[1], "dag", SESSION]
TIPS = int(os.environ["TIPS"])
HISTORY = int(os.environ["HISTORY"])
REFS = int(os.environ["REFS"])
ROUNDS = int(os.environ["ROUNDS"])
PAIRS = int(os.environ["PAIRS"])
LIMIT = float(os.environ["LIMIT"])
ATTEMPTS = 4
FILES = 200
NULL = os.open(os.devnull, os.O_RDWR)
OUTPUT = [(os.POSIX_SPAWN_DUP2, NULL, stream) for stream in (1, 2)]


def git(*arguments, **more):
    done = subprocess.run([GIT, *arguments], check=True, stdout=subprocess.PIPE, text=True, **more)
    return done.stdout.strip()


def blob(text):
    return f"data {len(text)}\n{text}\n"


def commit(branch, at, number, start, changes):
    who = f"Bench <bench@example.org> {1_700_000_000 + at} +0000"
    begin = f"from {start}\n" if start else ""
    files = "".join(f"M 100644 inline {path}\n{blob(text)}" for path, text in changes)
    message = blob(f"Commit {number} of {branch}")
    return f"commit refs/heads/{branch}\nmark :{at}\ncommitter {who}\n{message}{begin}{files}\n"


def text_of(path, word):
    return "".join(f"line {line} of {path}: {word if line == 7 else line}\n" for line in range(60))


def path_of(number):
    return f"src/room-{number % 10}/file-{number}.txt"


def stream():
    """The base branch, then 250 agents with four attempts each, two commits an attempt.

    A second attempt goes on from the first; each changes four files.
    """
    mark = 1
    everything = [(path_of(n), text_of(path_of(n), "begun")) for n in range(FILES)]
    yield commit("main", mark, 0, None, everything)
    for number in range(1, HISTORY):
        mark += 1
        path = path_of(number % FILES)
        yield commit("main", mark, number, None, [(path, text_of(path, f"main {number}"))])
    base = mark
    for tip in range(TIPS):
        agent, attempt = tip // ATTEMPTS + 1, tip % ATTEMPTS + 1
        start = f":{mark}" if attempt == 2 else f":{base}"
        branch = f"hub/{SESSION}/agent-{agent}/attempt-{attempt}"
        for number in (1, 2):
            mark += 1
            paths = [path_of((tip * 7 + number * 3 + more) % FILES) for more in range(2)]
            changes = [(path, text_of(path, f"{branch} {number}")) for path in paths]
            yield commit(branch, mark, number, start if number == 1 else None, changes)


def make():
    git("init", "--quiet", "--initial-branch=main")
    git("fast-import", "--quiet", input="".join(stream()))
    base = git("rev-parse", "main")
    others = "".join(f"create refs/remotes/origin/topic-{n} {base}\n" for n in range(REFS))
    git("update-ref", "--stdin", input=others)
    git("pack-refs", "--all")
    folder = f".agenthub/sessions/{SESSION}"
    os.makedirs(folder)
    with open(".agenthub/.gitignore", "w") as file:
        file.write("*\n")
    created = "2026-03-17T14:30:22+00:00"
    with open(f"{folder}/config.yaml", "w") as file:
        file.write(
            f"session_id: {SESSION}\ntask: Many\nagent_count: {TIPS // ATTEMPTS}\n"
            f"base_branch: main\nbase_commit: {base}\ncreated: {created}\n"
        )
    agents = {
        f"agent-{n}": {"status": "succeeded", "attempt": ATTEMPTS}
        for n in range(1, TIPS // ATTEMPTS + 1)
    }
    state = {"schema_version": 1, "session_id": SESSION, "state": "running", "agents": agents}
    with open(f"{folder}/state.json", "w") as file:
        json.dump(state | {"created": created, "updated": created}, file)


def run(command):
    words, stdin = command
    streams = OUTPUT + [(os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0)]
    begun = time.perf_counter()
    pid = os.posix_spawn(words[0], words, os.environ, file_actions=streams)
    _, status = os.waitpid(pid, 0)
    elapsed = time.perf_counter() - begun
    if status != 0:
        sys.exit(f"{words} ended with wait status {status}")
    return elapsed * 1000


def describe(name, times):
    low, _, high = statistics.quantiles(times, n=4)
    print(
        f"  {name:<27} median {statistics.median(times):.1f} ms, "
        f"quartiles {low:.1f} to {high:.1f}, least {min(times):.1f}"
    )


def compare(what, by_git, by_hub):
    """Medians of pairs; whether they are within the limit."""
    (git_name, git_words, stdin), (hub_name, hub_words) = by_git, by_hub
    asked, answer = (git_words, stdin), (hub_words, os.devnull)
    for _ in range(3):  # what is read from disk once is no part of it
        run(asked), run(answer)
    ratios = []
    for number in range(1, ROUNDS + 1):
        git_times, hub_times = [], []
        for _ in range(PAIRS):
            git_times.append(run(asked))
            hub_times.append(run(answer))
        pairs = [b / a for a, b in zip(git_times, hub_times)]
        ratios += pairs
        median = statistics.median(pairs)
        print(f"{what}, round {number} of {ROUNDS}, {PAIRS} pairs: ratio {median:.2f}")
        describe(git_name, git_times)
        describe(hub_name, hub_times)
    low, ratio, high = statistics.quantiles(ratios, n=4)
    verdict = "within" if ratio <= LIMIT else "over"
    print(
        f"{what}: {hub_name} / {git_name}: {ratio:.2f} (quartiles of {len(ratios)} "
        f"pairs {low:.2f} to {high:.2f}), {verdict} the limit of {LIMIT:.2f}"
    )
    return ratio <= LIMIT


def compare_graph(what):
    """For the first commit of the first attempt, which two branches contain."""
    asked = git("rev-parse", f"hub/{SESSION}/agent-1/attempt-1~1")
    contains = [GIT, "for-each-ref", "--contains", asked, f"refs/heads/hub/{SESSION}/"]
    by_git = ("git for-each-ref --contains", contains, os.devnull)
    return compare(what, by_git, ("hub dag --graph", [*HUB, "--graph"]))


def compare_list(what):
    base = git("rev-parse", "main")
    tips = git("for-each-ref", "--format=%(objectname)", f"refs/heads/hub/{SESSION}/")
    with open("../pairs", "w") as file:
        file.writelines(f"{tip} {base}\n" for tip in tips.split())
    count = [GIT, "diff-tree", "--stdin", "-r", "--shortstat", "--find-renames"]
    return compare(what, ("git diff-tree --stdin", count, "../pairs"), ("hub dag", HUB))


make()
answer = subprocess.run([*HUB, "--json"], check=True, stdout=subprocess.PIPE).stdout
found = json.loads(answer)["agents"]
tips = [agent["frontier"] for agent in found]
print(f"{len(found)} tips, {sum(tips)} of them at the frontier, {REFS} refs beside them")
held = [compare_graph("graph"), compare_list("list")]
git("commit-graph", "write", "--reachable")
held.append(compare_graph("graph with a commit-graph"))
sys.exit(not all(held))
PYTHON
