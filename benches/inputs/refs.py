#!/usr/bin/env python3
"""Makes a repository with a session among many refs: refs.py FOLDER COUNT loose|packed.

The session has ten agents with a commit each, and no worktrees. COUNT other branches lead to
the first commit. A folder that is there already stays as it is.
"""
import json
import os
import subprocess
import sys

SESSION = "20260317-143022"
folder, count, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if os.path.exists(os.path.join(folder, "made")):
    sys.exit(0)
os.makedirs(folder, exist_ok=True)
identity = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Bench"), ("EMAIL", "bench@example.com"))
}


def git(*arguments, text=None):
    done = subprocess.run(
        ["git", "-C", folder, *arguments],
        check=True,
        text=True,
        input=text,
        stdout=subprocess.PIPE,
        env={**os.environ, **identity},
    )
    return done.stdout.strip()


git("init", "--quiet", "--initial-branch=main")
tree = git("mktree", text="")
base = git("commit-tree", tree, "-m", "Begin")
git("update-ref", "refs/heads/main", base)
agents = {}
for agent in range(1, 11):
    branch = f"hub/{SESSION}/agent-{agent}/attempt-1"
    tip = git("commit-tree", tree, "-p", base, "-m", f"agent-{agent}")
    git("update-ref", f"refs/heads/{branch}", tip)
    agents[f"agent-{agent}"] = {"status": "succeeded", "attempt": 1, "branch": branch}
names = [f"refs/heads/topic/{number // 1000:03}/{number % 1000:03}" for number in range(count)]
if kind == "packed":
    # As git writes it, and without a lock for each of them before.
    git("pack-refs", "--all", "--prune")
    path = os.path.join(folder, ".git", "packed-refs")
    with open(path) as file:
        head, *lines = file.read().splitlines()
    lines += [f"{base} {name}" for name in names]
    lines.sort(key=lambda line: line.split(" ")[1])
    with open(path, "w") as file:
        file.write("\n".join([head, *lines]) + "\n")
else:
    for name in names:
        path = os.path.join(folder, ".git", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(base + "\n")

hub = os.path.join(folder, ".agenthub")
place = os.path.join(hub, "sessions", SESSION)
os.makedirs(place)
with open(os.path.join(hub, ".gitignore"), "w") as file:
    file.write("*\n")
time = "2026-03-17T14:30:22+00:00"
with open(os.path.join(place, "config.yaml"), "w") as file:
    file.write(
        f"session_id: {SESSION}\ntask: Be fast\nagent_count: 10\nbase_branch: main\n"
        f'base_commit: "{base}"\ncreated: {time}\neval_cmd: null\nmetric: null\n'
        "direction: null\nbaseline: null\nowner: ada\nparent: null\nmode: compete\nsubtasks: null\n"
    )
with open(os.path.join(place, "state.json"), "w") as file:
    state = {
        "schema_version": 1,
        "session_id": SESSION,
        "state": "evaluating",
        "created": time,
        "updated": time,
        "agents": agents,
    }
    json.dump(state, file, indent=2)
open(os.path.join(folder, "made"), "w").close()
