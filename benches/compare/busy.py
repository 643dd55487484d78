"""`list` and `events` while fifty agents write, beside the same when nobody does."""
import os
import shutil
import subprocess

from measure import Runs, run

AGENTS = 50
# Each prints a line and waits, as an agent that thinks does.
AGENT = "while :; do echo thinking; sleep 0.5; done"


def busy(bench):
    folder = bench.input("busy")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(folder + ".hub", ignore_errors=True)
    os.makedirs(folder)
    identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.com"]
    for words in (["init", "--quiet"], [*identity, "commit", "--quiet", "--allow-empty", "-m", "Begin"]):
        subprocess.run(["git", "-C", folder, *words], check=True, env=bench.environment)

    def hub(*words):
        subprocess.run(
            [bench.hub, *words], check=True, cwd=folder, env=bench.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    hub("init", "--task", "Write a lot", "--agents", str(AGENTS))
    hub("spawn", "--agent-cmd", AGENT)
    commands = {"hub list": [bench.hub, "list"], "hub events": [bench.hub, "events"]}
    runs = {name: {"idle": Runs("idle"), "busy": Runs("busy")} for name in commands}
    try:
        # Paused agents write nothing, and all else is the same.
        for _ in range(max(5, bench.rounds // 2)):
            for kind, switch in (("busy", "resume"), ("idle", "pause")):
                hub(switch)
                for name, command in commands.items():
                    run(command, folder, bench.environment)
                    for _ in range(10):
                        runs[name][kind].seconds.append(run(command, folder, bench.environment))
    finally:
        hub("stop", "--grace", "0", "--yes")
        shutil.rmtree(folder + ".hub", ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
    for name, both in runs.items():
        bench.row(f"`{name[4:]}` while {AGENTS} agents write", both, "busy", "idle", "≤ 1.5", lambda r: r <= 1.5, faster=False)
