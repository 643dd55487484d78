#!/usr/bin/env python3
"""Makes a repository with many sessions: sessions.py FOLDER COUNT.

Three agents each, one session a minute; every file as hub itself writes it. A folder that
is there already stays as it is.
"""
import datetime
import json
import os
import subprocess
import sys

folder, count = sys.argv[1], int(sys.argv[2])
if os.path.exists(os.path.join(folder, "made")):
    sys.exit(0)
os.makedirs(folder, exist_ok=True)
subprocess.run(["git", "-C", folder, "init", "--quiet"], check=True)
hub = os.path.join(folder, ".agenthub")
os.makedirs(os.path.join(hub, "sessions"), exist_ok=True)
with open(os.path.join(hub, ".gitignore"), "w") as file:
    file.write("*\n")

STATES = ["archived", "merged", "merged", "archived", "evaluating", "running"]
begin = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
for number in range(count):
    time = begin + datetime.timedelta(minutes=number)
    session = time.strftime("%Y%m%d-%H%M%S")
    stamp = time.isoformat(timespec="seconds")
    place = os.path.join(hub, "sessions", session)
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, "config.yaml"), "w") as file:
        file.write(
            f"session_id: {session}\n"
            f"task: Optimize API response time below {number % 400} ms\n"
            "agent_count: 3\n"
            "base_branch: main\n"
            "base_commit: \"3f1c0e5a9b7d2c4e6f8091a2b3c4d5e6f7081920\"\n"
            f"created: {stamp}\n"
            "eval_cmd: ./bench.sh\n"
            "metric: p50_ms\n"
            "direction: lower\n"
            "baseline: 180.0\n"
            "owner: ada\n"
            "parent: null\n"
            "mode: compete\n"
            "subtasks: null\n"
        )
    agents = {
        f"agent-{agent}": {
            "status": "succeeded",
            "attempt": 1,
            "branch": f"hub/{session}/agent-{agent}/attempt-1",
            "worktree": f"/home/ada/api.hub/{session}/agent-{agent}",
            "supervisor": {"pid": 4711, "start_ticks": 8812345, "boot": "0b6e1c5e"},
            "process": {"pid": 4713, "start_ticks": 8812351, "boot": "0b6e1c5e"},
            "started": stamp,
            "ended": stamp,
            "exit": {"code": 0},
        }
        for agent in (1, 2, 3)
    }
    state = {
        "schema_version": 1,
        "session_id": session,
        "state": STATES[number % len(STATES)],
        "created": stamp,
        "updated": stamp,
        "agents": agents,
    }
    with open(os.path.join(place, "state.json"), "w") as file:
        json.dump(state, file, indent=2)
        file.write("\n")
open(os.path.join(folder, "made"), "w").close()
