"""The rows of the comparison: what is run beside what, and what is to be reached."""
import os
import shutil
import subprocess
import sys

from measure import Runs, in_turn, ratio, run

HERE = os.path.dirname(os.path.abspath(__file__))
BENCHES = os.path.dirname(HERE)


class Bench:
    """Where things are, and how often each is run."""

    def __init__(self, hub, floor, cache, rounds, quick, environment):
        self.hub, self.floor, self.cache = hub, floor, cache
        self.rounds, self.quick, self.environment = rounds, quick, environment
        self.rows, self.curves = [], {}

    def make(self, script, *arguments):
        subprocess.run(
            [sys.executable, os.path.join(BENCHES, "inputs", script), *arguments],
            check=True,
            env=self.environment,
        )
        return arguments[0]

    def input(self, name):
        return os.path.join(self.cache, name)

    def row(self, work, runs, ours, baseline, target, reached, faster=True):
        """Keeps a row and prints it. `faster` ratios say how many times faster hub is."""
        over, under = (runs[ours], runs[baseline]) if faster else (runs[baseline], runs[ours])
        middle, low, high = ratio(under, over)
        row = {
            "work": work,
            "baseline": baseline,
            "runs": {name: one for name, one in runs.items()},
            "ours": ours,
            "ratio": (middle, low, high),
            "target": target,
            "reached": reached(middle),
            "faster": faster,
        }
        self.rows.append(row)
        print(f"{work}: {middle:.2f} ({low:.2f} to {high:.2f}) {'times faster than' if faster else 'times'} {baseline}", flush=True)

    def point(self, plot, curve, across, value):
        if value is not None:
            self.curves.setdefault(plot, {}).setdefault(curve, []).append((across, value))


def startup(bench):
    folder = bench.make("sessions.py", bench.input("sessions-0"), "0")
    commands = {
        "git --version": ["git", "--version"],
        "hub list": [bench.hub, "list"],
        "floor": [bench.floor, "start"],
    }
    runs = in_turn(commands, folder, bench.environment, bench.rounds * 20)
    bench.row("`hub list`, empty", runs, "hub list", "git --version", "≤ 1.3", lambda r: r <= 1.3, faster=False)


def listing(bench):
    counts = [100, 1000] if bench.quick else [100, 1000, 10_000, 100_000]
    wanted = {10_000: 15, 100_000: 20}
    for count in counts:
        folder = bench.make("sessions.py", bench.input(f"sessions-{count}"), str(count))
        sessions = os.path.join(folder, ".agenthub", "sessions")
        newest = max(os.listdir(sessions))
        commands = {
            "Python loop": [sys.executable, os.path.join(BENCHES, "listing_loop.py"), sessions],
            "hub list --format json": [bench.hub, "list", "--format", "json"],
            "floor": [bench.floor, "stat", sessions],
        }
        rounds = bench.rounds if count < 100_000 else max(5, bench.rounds // 2)
        runs = in_turn(commands, folder, bench.environment, rounds)
        least = wanted.get(count)
        bench.row(
            f"`list --format json`, {count:,} sessions",
            runs,
            "hub list --format json",
            "Python loop",
            f"≥ {least}" if least else "",
            lambda r, least=least: least is None or r >= least,
        )
        cold = Runs("hub list, no cache")
        for _ in range(5):
            shutil.rmtree(os.path.join(folder, ".agenthub", "cache"), ignore_errors=True)
            cold.seconds.append(run(commands["hub list --format json"], folder, bench.environment))
        one = in_turn({"hub status": [bench.hub, "status", newest]}, folder, bench.environment, bench.rounds)
        for name, curve in runs.items():
            bench.point("list", name, count, curve.median * 1000)
        bench.point("list", cold.name, count, cold.median * 1000)
        bench.point("list", "hub status SESSION", count, one["hub status"].median * 1000)
        for name in ("Python loop", "hub list --format json"):
            bench.point("memory of list", name, count, runs[name].megabytes)


def refs(bench):
    counts = [1000] if bench.quick else [1000, 10_000, 100_000]
    session = "20260317-143022"
    for kind in ("loose", "packed"):
        for count in counts:
            folder = bench.make("refs.py", bench.input(f"refs-{count}-{kind}"), str(count), kind)
            commands = {
                "git for-each-ref": ["git", "for-each-ref", f"refs/heads/hub/{session}/"],
                "hub status": [bench.hub, "status", session],
                "hub dag": [bench.hub, "dag", session],
            }
            runs = in_turn(commands, folder, bench.environment, bench.rounds * 4)
            for ours in ("hub status", "hub dag"):
                bench.row(
                    f"`{ours[4:]}` of one session among {count:,} {kind} refs",
                    runs,
                    ours,
                    "git for-each-ref",
                    "≤ 1.5",
                    lambda r: r <= 1.5,
                    faster=False,
                )
                bench.point("status among refs", f"{ours}, {kind}", count, runs[ours].median * 1000)
            bench.point("memory of status", f"hub status, {kind}", count, runs["hub status"].megabytes)
            bench.point("status among refs", f"for-each-ref, {kind}", count, runs["git for-each-ref"].median * 1000)
