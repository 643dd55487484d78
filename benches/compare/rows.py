"""The rows of the comparison: what is run beside what, and what is to be reached."""
import json
import os
import shutil
import subprocess
import sys

from measure import in_turn, ratio, run

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
        cold = in_turn({"without cache": [bench.hub, "list", "--format", "json"]}, folder, bench.environment, 0)
        del cold
        one = in_turn({"hub status": [bench.hub, "status", newest]}, folder, bench.environment, bench.rounds)
        for name, curve in runs.items():
            bench.point("list", name, count, curve.median * 1000)
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
            bench.point("status among refs", f"for-each-ref, {kind}", count, runs["git for-each-ref"].median * 1000)


def worktrees(bench):
    """`status` of eight worktrees of a big repository."""
    size = ("2000", "20000000") if bench.quick else ("50000", "500000000")
    maker = os.path.join(BENCHES, "inputs", "big-repository.sh")
    if not os.path.exists(maker):
        print("no big repository: benches/inputs/big-repository.sh is not there", file=sys.stderr)
        return
    variables = {**bench.environment, "FILES": size[0], "BYTES": size[1], "CACHE": bench.cache}
    made = subprocess.run([maker], check=True, env=variables, stdout=subprocess.PIPE, text=True)
    source = made.stdout.strip()
    folder = bench.input("status")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(folder + ".hub", ignore_errors=True)
    git = lambda *words: subprocess.run(["git", *words], check=True, env=bench.environment)
    git("clone", "--quiet", "--no-checkout", "--local", source, folder)
    hub = lambda *words: subprocess.run(
        [bench.hub, *words], check=True, env=bench.environment, cwd=folder, stdout=subprocess.PIPE, text=True
    )
    hub("init", "--task", "Be fast", "--agents", "8")
    session = json.loads(hub("list", "--json").stdout)["sessions"][0]["session_id"]
    hub("spawn", session, "--no-start", "--no-progress")
    try:
        status_of_eight(bench, folder, session)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(folder + ".hub", ignore_errors=True)


def status_of_eight(bench, folder, session):
    base = ["rev-parse", "HEAD"]
    base = subprocess.run(["git", "-C", folder, *base], check=True, env=bench.environment, stdout=subprocess.PIPE, text=True).stdout.strip()
    root = os.path.join(folder + ".hub", session)
    each = [os.path.join(root, f"agent-{agent}") for agent in range(1, 9)]
    for place in each:
        with open(os.path.join(place, "notes.txt"), "w") as file:
            file.write("halfway there\n")
    by_git = []
    for place in each:
        by_git.append(["git", "-C", place, "status", "--porcelain"])
        by_git.append(["git", "-C", place, "rev-list", "--count", f"{base}..HEAD"])
        by_git.append(["git", "-C", place, "diff", "--shortstat"])
    commands = {"8 × git": by_git, "hub status": [bench.hub, "status", session], "floor": [bench.floor, "walk", *each]}
    if shutil.which("wt"):
        commands["wt list"] = ["wt", "list"]
    runs = in_turn(commands, folder, bench.environment, max(5, bench.rounds // 2))
    bench.row("`status` of 8 worktrees", runs, "hub status", "8 × git", "≥ 2.5", lambda r: r >= 2.5)
    if "wt list" in runs:
        bench.row("`status` of 8 worktrees", runs, "hub status", "wt list", "≥ 1", lambda r: r >= 1)


def evaluation(bench):
    """What hub takes of its own for each run of the eval command."""
    folder = bench.input("eval")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(folder + ".hub", ignore_errors=True)
    os.makedirs(folder)
    identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.com"]
    for words in (["init", "--quiet"], [*identity, "commit", "--quiet", "--allow-empty", "-m", "Begin"]):
        subprocess.run(["git", "-C", folder, *words], check=True, env=bench.environment)
    command = "echo p50_ms: 1"
    hub = lambda *words: [bench.hub, *words]
    init = hub("init", "--task", "Be fast", "--agents", "1", "--eval", command, "--metric", "p50_ms")
    run(init, folder, bench.environment)
    run(hub("spawn", "--no-start"), folder, bench.environment)
    few, many = 2, 42
    # Each round is one run of the base commit and one of the agent.
    loop = f"i=0; while [ $i -lt {2 * (many - few)} ]; do sh -c '{command}' >/dev/null; i=$((i+1)); done"
    commands = {
        "sh": ["sh", "-c", loop],
        "few": hub("eval", "--repeat", str(few)),
        "many": hub("eval", "--repeat", str(many)),
    }
    runs = in_turn(commands, folder, bench.environment, bench.rounds)
    triples = zip(runs["sh"].seconds, runs["few"].seconds, runs["many"].seconds)
    own = sorted((many_s - few_s - sh_s) * 1000 / (2 * (many - few)) for sh_s, few_s, many_s in triples)
    middle = own[len(own) // 2]
    bench.rows.append(
        {"work": "`eval`, hub's own time per run", "text": f"{middle:.1f} ms more than `sh -c` ({own[0]:.1f} to {own[-1]:.1f})", "target": "≤ 5 ms", "reached": middle <= 5}
    )
    print(f"eval: {middle:.1f} ms of its own per run", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(folder + ".hub", ignore_errors=True)


ALL = {"startup": startup, "list": listing, "refs": refs, "status": worktrees, "eval": evaluation}
