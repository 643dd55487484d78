"""What hub takes of its own for each run of the eval command."""
import os
import shutil
import subprocess
import time

from measure import in_turn, run


def evaluation(bench):
    folder = bench.input("eval")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(folder + ".hub", ignore_errors=True)
    os.makedirs(folder)
    git = ["git", "-c", "user.name=Bench", "-c", "user.email=bench@example.com"]
    command = "cat metric.txt"

    def commit(place, text):
        with open(os.path.join(place, "metric.txt"), "w", encoding="utf-8") as file:
            file.write(text)
        # Nobody writes a file and commits it in the same second.
        time.sleep(1.1)
        for words in (["add", "metric.txt"], ["commit", "--quiet", "-m", "Measure"]):
            subprocess.run([*git, *words], check=True, cwd=place, env=bench.environment)

    subprocess.run([*git, "init", "--quiet"], check=True, cwd=folder, env=bench.environment)
    commit(folder, "p50_ms: 2\n")
    hub = lambda *words: [bench.hub, *words]
    init = hub("init", "--task", "Be fast", "--agents", "1", "--eval", command, "--metric", "p50_ms")
    run(init, folder, bench.environment)
    run(hub("spawn", "--no-start"), folder, bench.environment)
    worktree = subprocess.run(
        hub("path", "agent-1"), check=True, cwd=folder, env=bench.environment, stdout=subprocess.PIPE, text=True
    )
    commit(worktree.stdout.strip(), "p50_ms: 1\n")
    # Many enough for some seconds: in the first one the base commit's checkout is as young as its
    # index, and git is asked after each run.
    few, many = 2, 202
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
