#!/usr/bin/env python3
"""Lists sessions the way a plain script does: listing_loop.py SESSIONS

The loop of a tool that keeps the established format: for each session it reads `config.yaml`
line by line and `state.json` as JSON, and prints all as one document. What `hub list
--format json` is measured against.
"""
import json
import os
import sys


def read_config(path):
    config = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            name, colon, value = line.partition(":")
            if colon and not name.startswith((" ", "#")):
                config[name.strip()] = value.strip().strip("\"'")
    return config


def main():
    folder = sys.argv[1]
    sessions = []
    for session in sorted(os.listdir(folder), reverse=True):
        place = os.path.join(folder, session)
        if not os.path.isdir(place):
            continue
        config = read_config(os.path.join(place, "config.yaml"))
        with open(os.path.join(place, "state.json"), encoding="utf-8") as file:
            state = json.load(file)
        sessions.append(
            {
                "session_id": session,
                "state": state["state"],
                "task": config.get("task"),
                "agents": int(config.get("agent_count", 0)),
                "created": config.get("created"),
                "updated": state.get("updated"),
                "base_branch": config.get("base_branch"),
            }
        )
    print(json.dumps({"sessions": sessions}, indent=2))


main()
