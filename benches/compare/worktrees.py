"""`spawn`, `status` and `cleanup` of worktrees of a big repository, beside git's own commands."""
import json
import os
import shutil
import subprocess
import time

from measure import Runs, in_turn, peak, run

AGENTS = 8
HERE = os.path.dirname(os.path.abspath(__file__))
MAKER = os.path.join(os.path.dirname(HERE), "inputs", "big-repository.sh")


class Clone:
    """A repository of so many files, with nothing checked out, that goes when it is done with."""

    def __init__(self, bench, name, files, place=None):
        self.bench, self.files = bench, files
        variables = {**bench.environment, "FILES": str(files), "BYTES": str(files * 10_000), "CACHE": bench.cache}
        made = subprocess.run([MAKER], check=True, env=variables, stdout=subprocess.PIPE, text=True)
        self.folder = os.path.join(place or bench.cache, name)
        self.remove()
        subprocess.run(
            ["git", "clone", "--quiet", "--no-checkout", "--no-hardlinks", made.stdout.strip(), self.folder],
            check=True,
            env=bench.environment,
        )
        self.base = self.git("rev-parse", "HEAD")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def remove(self):
        for folder in (self.folder, self.folder + ".hub", self.folder + ".git-worktrees"):
            shutil.rmtree(folder, ignore_errors=True)

    def said(self, *command):
        done = subprocess.run(
            command, check=True, env=self.bench.environment, cwd=self.folder, stdout=subprocess.PIPE, text=True
        )
        return done.stdout.strip()

    def git(self, *words):
        return self.said("git", *words)

    def session(self, agents):
        """A new session; its id."""
        self.said(self.bench.hub, "init", "--task", "Be fast", "--agents", str(agents))
        return json.loads(self.said(self.bench.hub, "list", "--json"))["sessions"][0]["session_id"]

    def run(self, *command):
        return run(list(command), self.folder, self.bench.environment)

    def peak(self, *command):
        return peak(list(command), self.folder, self.bench.environment)

    def all_gone(self):
        """Waits until nothing is left of hub's worktrees, also what it deletes in the background."""
        left = self.folder + ".hub"
        while any(files for _, _, files in os.walk(left)):
            time.sleep(0.005)


def pair(clone, agents, runs):
    """Makes and removes so many worktrees: git one after the other, then hub."""
    aside = clone.folder + ".git-worktrees"
    places = [os.path.join(aside, str(agent)) for agent in range(agents)]
    add = [
        ["git", "worktree", "add", "--quiet", "--no-track", "-b", f"by-git-{agent}", place, clone.base]
        for agent, place in enumerate(places)
    ]
    runs["git worktree add"].seconds.append(run(add, clone.folder, clone.bench.environment))
    remove = [["git", "worktree", "remove", place] for place in places]
    runs["git worktree remove"].seconds.append(run(remove, clone.folder, clone.bench.environment))
    clone.git("branch", "--quiet", "-D", *[f"by-git-{agent}" for agent in range(agents)])
    shutil.rmtree(aside, ignore_errors=True)

    session = clone.session(agents)
    make = [clone.bench.hub, "spawn", session, "--no-start", "--no-progress"]
    runs["hub spawn"].seconds.append(clone.run(*make))
    clone.said(clone.bench.hub, "archive", session, "--yes")
    begun = time.perf_counter()
    clone.run(clone.bench.hub, "cleanup", session, "--yes", "--no-progress")
    runs["hub cleanup"].seconds.append(time.perf_counter() - begun)
    clone.all_gone()
    runs["hub cleanup, space"].seconds.append(time.perf_counter() - begun)


def pairs(clone, agents, rounds):
    names = ("git worktree add", "git worktree remove", "hub spawn", "hub cleanup", "hub cleanup, space")
    runs = {name: Runs(name) for name in names}
    for _ in range(rounds):
        pair(clone, agents, runs)
    session = clone.session(agents)
    runs["hub spawn"].kilobytes = clone.peak(clone.bench.hub, "spawn", session, "--no-start", "--no-progress")
    clone.said(clone.bench.hub, "archive", session, "--yes")
    runs["hub cleanup"].kilobytes = clone.peak(clone.bench.hub, "cleanup", session, "--yes", "--no-progress")
    clone.all_gone()
    return runs


def spawn(bench):
    """Eight worktrees: made and removed; and how that grows with files and with agents."""
    most = 2_000 if bench.quick else 50_000
    with Clone(bench, "spawn", most) as clone:
        runs = pairs(clone, AGENTS, 2 if bench.quick else 5)
        made_and_removed(bench, runs, f"{AGENTS} worktrees of {most:,} files", 3)
        grown(bench, "files", most, pairs(clone, 1, 1))
    for files in () if bench.quick else (1_000, 10_000):
        with Clone(bench, "spawn", files) as clone:
            grown(bench, "files", files, pairs(clone, 1, 3))
            if files == 10_000:
                for agents in (1, 2, 4, 8):
                    grown(bench, "agents", agents, pairs(clone, agents, 3))
    place = os.environ.get("REFLINKS")
    if place:
        with Clone(bench, "spawn", most, place) as clone:
            runs = pairs(clone, AGENTS, 2 if bench.quick else 5)
            made_and_removed(bench, runs, f"{AGENTS} worktrees of {most:,} files with reflinks", 5)


def made_and_removed(bench, runs, what, times):
    bench.row(f"`spawn`, {what}", runs, "hub spawn", "git worktree add", f"≥ {times}", lambda r: r >= times)
    for ours, target, most in (("hub cleanup", "≤ 0.3", 0.3), ("hub cleanup, space", "≤ 1", 1)):
        work = f"`cleanup`, {what}" + (", until the space is back" if "space" in ours else "")
        bench.row(work, runs, ours, "git worktree remove", target, lambda r, most=most: r <= most, faster=False)


def grown(bench, across, value, runs):
    for name, one in runs.items():
        bench.point(f"worktrees against {across}", name, value, one.median * 1000)
        if one.kilobytes:
            bench.point(f"memory against {across}", name, value, one.megabytes)


def status(bench):
    """`status` of eight worktrees with a file each that git does not know."""
    with Clone(bench, "status", 2_000 if bench.quick else 50_000) as clone:
        session = clone.session(AGENTS)
        clone.said(bench.hub, "spawn", session, "--no-start", "--no-progress")
        root = os.path.join(clone.folder + ".hub", session)
        each = [os.path.join(root, f"agent-{agent}") for agent in range(1, AGENTS + 1)]
        status_of(bench, clone, session, each)


def status_of(bench, clone, session, each):
    by_git = []
    for place in each:
        with open(os.path.join(place, "notes.txt"), "w", encoding="utf-8") as file:
            file.write("halfway there\n")
        by_git.append(["git", "-C", place, "status", "--porcelain"])
        by_git.append(["git", "-C", place, "rev-list", "--count", f"{clone.base}..HEAD"])
        by_git.append(["git", "-C", place, "diff", "--shortstat"])
    ours = {"hub status": [bench.hub, "status", session], "floor": [bench.floor, "walk", *each]}
    commands = {"8 × git": by_git, **ours}
    if shutil.which("wt"):
        commands["wt list"] = ["wt", "list"]
    work = f"`status` of {AGENTS} worktrees of {clone.files:,} files"
    rounds = max(5, bench.rounds // 2)
    runs = in_turn(commands, clone.folder, bench.environment, rounds)
    bench.row(f"{work}, nothing changed since", runs, "hub status", "8 × git", "≥ 5", lambda r: r >= 5)
    if "wt list" in runs:
        bench.row(work, runs, "hub status", "wt list", "≥ 1", lambda r: r >= 1)
    changed = {name: Runs(name) for name in ("8 × git", "hub status")}
    for number in range(rounds):
        for name, one in changed.items():
            change(each, number)
            one.seconds.append(run(commands[name], clone.folder, bench.environment))
    bench.row(f"{work}, each changed since", changed, "hub status", "8 × git", "≥ 2.5", lambda r: r >= 2.5)


def change(each, number):
    """Writes into a tracked file and a new one of every worktree."""
    for place in each:
        folder = os.path.join(place, "part-00", "module-00", "unit-00")
        with open(os.path.join(folder, f"file-{number:05}.txt"), "a", encoding="utf-8") as file:
            file.write(f"{number}\n")
        with open(os.path.join(folder, f"new-{number}.txt"), "a", encoding="utf-8") as file:
            file.write(f"{number}\n")
