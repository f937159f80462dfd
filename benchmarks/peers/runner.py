"""Runs a peer on the benchmark problems, one row of a JSON-lines file for each problem and seed, so that it can be stopped and taken up again.

A peer's script calls main(name, version, settings, run), where run(problem, seed, trials) answers the values of its trials in order.
Rows lie in benchmarks/.rows/<name>.jsonl. --assemble makes results/peers/<name>.json of the rows that there are:
each curve is stored as its improvements, [[trial, value], ...] with trials counted from 1, so that the best value after
t trials is the value of the last entry whose trial is not above t.
"""

import argparse
import datetime
import json
import os
import platform
import random
import sys
import time
from collections.abc import Callable

from problems import BENCHMARKS, data_folder, defined_by_running, load_problems


def improvements(values, direction):
    curve = []
    for trial, value in enumerate(values, start=1):
        better = not curve or (value > curve[-1][1] if direction == "maximize" else value < curve[-1][1])
        if better:
            curve.append([trial, value])
    return curve


def main(name: str, version: str, settings: str, run: Callable[[dict, int, int], list[float]], supports: Callable[[dict], bool] = lambda problem: True):
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--data")
    parser.add_argument("--seeds", default="20", help="how many, or a range such as 0-4")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--problems", default="problems.json", help="a list in benchmarks/problems")
    parser.add_argument("--family", help="only problems of this family")
    parser.add_argument("--noise", action="store_true", help="tables only: each trial answers one of the repeated measurements; the curve is the true mean of the best measurement's configuration")
    parser.add_argument("--until", help="start no run after this time of day (UTC), such as 09:10")
    parser.add_argument("--assemble", action="store_true", help="only make the final file of the rows that there are")
    arguments = parser.parse_args()
    first, _, last = arguments.seeds.partition("-")
    seeds = range(int(first), int(last) + 1) if last else range(int(first))
    suffix = "" if arguments.problems == "problems.json" else "-" + arguments.problems.removesuffix(".json")
    suffix += "-noise" if arguments.noise else ""
    identity = f"{name.split()[0]}-{version}" + "".join("-" + word for word in name.split()[1:]) + suffix
    rows = BENCHMARKS / ".rows" / f"{identity}.jsonl"
    rows.parent.mkdir(exist_ok=True)
    problems = load_problems(data_folder(arguments.data), arguments.problems)
    if arguments.noise:
        problems = [p for p in problems if "measure_once" in p]
    if not arguments.assemble:
        measure(rows, [p for p in problems if supports(p) and arguments.family in (None, p["family"])], seeds, arguments, run)
    assemble(rows, identity, problems, name, version, settings, arguments)


def checked(values, trials):
    assert len(values) == trials, f"{len(values)} trials instead of {trials}"
    return values


def noisy_curve(problem, seed, trials, run):
    draw = random.Random(f"{problem['id']} {seed}")
    told = []

    def evaluate(config):
        told.append(problem["measure_once"](config, draw))
        return told[-1][0]

    checked(run({**problem, "evaluate": evaluate, "objective": defined_by_running(problem["parameters"], evaluate)}, seed, trials), trials)
    best = improvements([measured for measured, _ in told], problem["direction"])
    return [[trial, told[trial - 1][1]] for trial, _ in best]


def measure(path, problems, seeds, arguments, run):
    done = {(row["problem"], row["seed"]) for row in read(path) if row["trials"] >= arguments.trials}
    started = time.time()
    # All problems of a seed before the next seed: whatever is there is balanced.
    for seed in seeds:
        for problem in problems:
            if (problem["id"], seed) in done:
                continue
            if arguments.until is not None and datetime.datetime.now(datetime.timezone.utc).strftime("%H:%M") >= arguments.until:
                print(f"It is {arguments.until}.", file=sys.stderr)
                return
            begun, cpu = time.time(), time.process_time()
            curve = noisy_curve(problem, seed, arguments.trials, run) if arguments.noise else improvements(checked(run(problem, seed, arguments.trials), arguments.trials), problem["direction"])
            row = {
                "problem": problem["id"],
                "seed": seed,
                "trials": arguments.trials,
                "curve": curve,
                "seconds": round(time.time() - begun, 2),
                "cpuSeconds": round(time.process_time() - cpu, 2),
            }
            with open(path, "a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{time.time() - started:7.1f} s  {problem['id']} {seed} {row['seconds']} s", file=sys.stderr, flush=True)


def read(path):
    if not path.exists():
        return []
    with open(path) as file:
        return [json.loads(line) for line in file if line.endswith("\n")]


def assemble(path, identity, problems, name, version, settings, arguments):
    runs = {(row["problem"], row["seed"]): row for row in read(path)}
    if not runs:
        print(f"no rows in {path}", file=sys.stderr)
        return
    seeds = sorted({seed for _, seed in runs})
    curves = {p["id"]: [runs[p["id"], seed]["curve"] for seed in seeds if (p["id"], seed) in runs] for p in problems}
    curves = {key: found for key, found in curves.items() if found}
    fewer = {key: len(found) for key, found in curves.items() if len(found) < len(seeds)}
    header = {
        "formatVersion": 1,
        "optimiser": f"{name.split()[0]} {version}" + "".join(" " + word for word in name.split()[1:]),
        "settings": settings,
        "python": platform.python_version(),
        "command": f"python benchmarks/peers/{os.path.basename(sys.argv[0])} --problems {arguments.problems} --seeds {seeds[0]}-{seeds[-1]} --trials {arguments.trials}" + (" --noise" if arguments.noise else ""),
        "date": datetime.date.today().isoformat(),
        "seeds": seeds,
        "trials": arguments.trials,
        # Problems on which not all seeds were run, and those that were left out.
        "fewerSeeds": fewer,
        "notRun": [p["id"] for p in problems if p["id"] not in curves],
        "cpuSecondsPerTrial": round(sum(row["cpuSeconds"] for row in runs.values()) / sum(row["trials"] for row in runs.values()), 5),
        "encoding": "curves[problem][seed] = improvements [[trial from 1, best value], ...]",
    }
    lines = [f"  {json.dumps(key)}: [\n" + ",\n".join(f"    {json.dumps(c)}" for c in found) + "\n  ]" for key, found in curves.items()]
    head = json.dumps(header, indent=1)[:-2]
    out = BENCHMARKS / "results" / "peers" / f"{identity}.json"
    out.write_text(head + ',\n "curves": {\n' + ",\n".join(lines) + "\n }\n}\n")
    print(f"{len(runs)} runs in {out}", file=sys.stderr)
