"""Runs commands in turn and counts what they took: A B C A B C …

Whatever else the machine does meets all of them. A ratio is the median of the ratios of runs
that stood side by side, not the ratio of medians.
"""
import os
import shutil
import statistics
import tempfile
import time


NULL = os.open(os.devnull, os.O_RDWR)
SAID = tempfile.TemporaryFile()
STREAMS = [(os.POSIX_SPAWN_DUP2, NULL, 0), (os.POSIX_SPAWN_DUP2, NULL, 1), (os.POSIX_SPAWN_DUP2, SAID.fileno(), 2)]


class Runs:
    """What the runs of one command took: seconds from start to end; and its peak memory."""

    def __init__(self, name, kilobytes=None):
        self.name = name
        self.seconds = []
        self.kilobytes = kilobytes

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
        """`None` where it is not known."""
        return None if self.kilobytes is None else self.kilobytes / 1024


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
    """The seconds of one run; a command that is a list of commands is run one after the other.

    The programs are started as a shell starts them; `subprocess` would take longer than the
    shortest of them.
    """
    many = command if isinstance(command[0], list) else [command]
    os.chdir(folder)
    paths = [shutil.which(one[0], path=environment["PATH"]) or one[0] for one in many]
    os.ftruncate(SAID.fileno(), 0)
    begun = time.perf_counter()
    for path, one in zip(paths, many):
        pid = os.posix_spawn(path, one, environment, file_actions=STREAMS)
        _, status = os.waitpid(pid, 0)
        if status != 0:
            SAID.seek(0)
            raise SystemExit(f"{one} ended with {os.waitstatus_to_exitcode(status)}: {SAID.read().decode()[-400:]}")
    seconds = time.perf_counter() - begun
    # The folder may be removed before the next run.
    os.chdir("/")
    return seconds


def peak(command, folder, environment):
    """The peak memory of one run, in kilobytes; `None` where there is no time(1).

    What the system says of a child of this program is never less than this program's own.
    """
    program = shutil.which("time")
    if not program:
        run(command, folder, environment)
        return None
    many = command if isinstance(command[0], list) else [command]
    with tempfile.NamedTemporaryFile("r") as answer:
        run([[program, "-a", "-o", answer.name, "-f", "%M", *one] for one in many], folder, environment)
        return max(int(line) for line in answer.read().split())


def in_turn(commands, folder, environment, rounds):
    """Runs named commands in turn; what is read from disk once is no part of it."""
    runs = {name: Runs(name, peak(command, folder, environment)) for name, command in commands.items()}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].seconds.append(run(command, folder, environment))
    return runs


def ratio(runs, over):
    """How many times `over` goes into `runs`, pair by pair: median and quartiles."""
    pairs = [b / a for a, b in zip(over.seconds, runs.seconds)]
    if len(pairs) < 2:
        return pairs[0], pairs[0], pairs[0]
    low, _, high = statistics.quantiles(pairs, n=4)
    return statistics.median(pairs), low, high
