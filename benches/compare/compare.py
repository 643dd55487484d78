#!/usr/bin/env python3
"""The driver of benches/compare.sh: runs the rows, writes the tables and the plots."""
import argparse
import os
import platform
import shutil
import subprocess
import sys

from busy import busy
from chart import draw
from evaluation import evaluation
from measure import hermetic
from rows import Bench, listing, refs, startup
from worktrees import spawn, status

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "docs", "performance.md")
PLOTS = os.path.join(ROOT, "docs", "performance.svg")
BEGIN, END = "<!-- compare -->", "<!-- /compare -->"
ROWS = {
    "startup": startup,
    "list": listing,
    "refs": refs,
    "status": status,
    "spawn": spawn,
    "eval": evaluation,
    "busy": busy,
}
TITLES = {
    "list": ("list and status against sessions", "sessions", "ms"),
    "memory of list": ("peak memory of list", "sessions", "MB"),
    "status among refs": ("one session among refs", "refs", "ms"),
    "memory of status": ("peak memory of status", "refs", "MB"),
    "worktrees against files": ("one worktree against files", "files", "ms"),
    "memory against files": ("peak memory of one worktree", "files", "MB"),
    "worktrees against agents": ("worktrees of 10,000 files", "agents", "ms"),
    "memory against agents": ("peak memory of worktrees", "agents", "MB"),
}


def milliseconds(runs):
    low, high = runs.quartiles
    digits = 0 if runs.median > 0.1 else 1
    show = lambda seconds: f"{seconds * 1000:,.{digits}f}"
    return f"{show(runs.median)} ms ({show(low)} to {show(high)})"


def memory(runs):
    return "" if runs.kilobytes is None else f", {runs.megabytes:.0f} MB"


def line(row):
    reached = "yes" if row["reached"] else "**no**"
    if not row["target"]:
        reached = ""
    if "text" in row:
        return f"| {row['work']} | | | {row['text']} | {row['target']} | {reached} |"
    ours = row["runs"][row["ours"]]
    baseline = row["runs"][row["baseline"]]
    middle, low, high = row["ratio"]
    times = "× faster" if row["faster"] else "×"
    return (
        f"| {row['work']} | {milliseconds(ours)}{memory(ours)} "
        f"| {row['baseline']}: {milliseconds(baseline)} "
        f"| {middle:.2f} {times} ({low:.2f} to {high:.2f}) | {row['target']} | {reached} |"
    )


def table(rows, surroundings):
    floors = [
        f"- {row['work']}: the bare system calls take {milliseconds(row['runs']['floor'])}"
        for row in rows
        if "floor" in row.get("runs", {})
    ]
    head = ["| work | hub | beside it | ratio | target | reached |", "| --- | --- | --- | --- | --- | --- |"]
    return "\n".join([surroundings, "", *head, *map(line, rows), "", "The floor:", "", *floors])


def surroundings():
    git = subprocess.run(["git", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    load = os.getloadavg()[0]
    return (
        f"Measured on {os.cpu_count()} processors, {platform.system()} {platform.release()}, {git}, "
        f"Python {platform.python_version()}; the load of the machine was {load:.1f} at the end."
    )


def write_page(text):
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n{text}\n{END}{after}")


def replace_lines(rows):
    """Puts the lines of rows in the place of those of the same work; the rest stays."""
    new = {row["work"]: line(row) for row in rows}
    with open(PAGE, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for number, old in enumerate(lines):
        work = old.removeprefix("| ").partition(" | ")[0]
        if old.startswith("| ") and work in new:
            lines[number] = new.pop(work)
    if new:
        sys.exit(f"the page has no line of {', '.join(new)}: measure everything")
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


def panels(curves):
    made = []
    for plot, (title, across, up) in TITLES.items():
        lines = curves.get(plot, {})
        # On a logarithmic axis there is no curve of one point.
        lines = {name: points for name, points in lines.items() if len(points) > 1}
        if lines:
            made.append((title, across, up, lines))
    return made


def main():
    parser = argparse.ArgumentParser(prog="benches/compare.sh", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all without")
    parser.add_argument("--quick", action="store_true", help="small inputs, few rounds, and the page stays as it is")
    parser.add_argument("--update", action="store_true", help="put the lines of the named rows into the page")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--hub", required=True)
    parser.add_argument("--floor", required=True)
    parser.add_argument("--cache", required=True)
    asked = parser.parse_args()
    unknown = set(asked.rows) - set(ROWS)
    if unknown:
        parser.error(f"there is no row {', '.join(unknown)}")
    home = os.path.join(asked.cache, "home")
    shutil.rmtree(home, ignore_errors=True)
    os.makedirs(home)
    rounds = 5 if asked.quick else asked.rounds
    bench = Bench(asked.hub, asked.floor, asked.cache, rounds, asked.quick, hermetic(home))
    for name in asked.rows or ROWS:
        ROWS[name](bench)
    text = table(bench.rows, surroundings())
    print(f"\n{text}")
    if asked.update and asked.rows and not asked.quick:
        replace_lines(bench.rows)
    if not asked.quick and not asked.rows:
        write_page(f"{text}\n\n![How it grows](performance.svg)")
        with open(PLOTS, "w", encoding="utf-8") as file:
            file.write(draw(panels(bench.curves)))
        print(f"\nwritten: {PAGE}, {PLOTS}", file=sys.stderr)


main()
