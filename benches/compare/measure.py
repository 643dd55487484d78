"""Runs commands in turn and counts what they took: A B C A B C …

Whatever else the machine does meets all of them. A ratio is the median of the ratios of runs
that stood side by side, not the ratio of medians.
"""
import os
import statistics
import subprocess
import time


class Runs:
    """What the runs of one command took: seconds from start to end, and peak memory."""

    def __init__(self, name):
        self.name = name
        self.seconds = []
        self.kilobytes = []

    @property
    def median(self):
        return statistics.median(self.seconds)

    @property
    def quartiles(self):
        if len(self.seconds) < 2:
            return self.median, self.median
        low, _, high = statistics.quantiles(self.seconds, n=4)
        return low, high

    @property
    def megabytes(self):
        return statistics.median(self.kilobytes) / 1024


def hermetic(home):
    """An environment in which nothing of the user's own git or hub settings counts."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "HOME": home,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def run(command, folder, environment):
    """One run; a command that is a list of commands is run one after the other."""
    many = command if isinstance(command[0], list) else [command]
    begun = time.perf_counter()
    peak = 0
    for one in many:
        child = subprocess.Popen(
            one,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        _, said = child.stdout, child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        child.stderr.close()
        if child.returncode != 0:
            raise SystemExit(f"{one} ended with {child.returncode}: {said.decode()[-400:]}")
        peak = max(peak, usage.ru_maxrss)
    return time.perf_counter() - begun, peak


def in_turn(commands, folder, environment, rounds):
    """Runs named commands in turn; what is read from disk once is no part of it."""
    for command in commands.values():
        run(command, folder, environment)
    runs = {name: Runs(name) for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            seconds, kilobytes = run(command, folder, environment)
            runs[name].seconds.append(seconds)
            runs[name].kilobytes.append(kilobytes)
    return runs


def ratio(runs, over):
    """How many times `over` goes into `runs`, pair by pair: median and quartiles."""
    pairs = [b / a for a, b in zip(over.seconds, runs.seconds)]
    if len(pairs) < 2:
        return pairs[0], pairs[0], pairs[0]
    low, _, high = statistics.quantiles(pairs, n=4)
    return statistics.median(pairs), low, high
