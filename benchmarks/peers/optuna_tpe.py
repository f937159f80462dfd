"""Anytime curves of Optuna's default sampler and of its random sampler on the benchmark problems.

Each curve is stored as its improvements, [[trial, value], ...] with trials counted from 1, so the best value
after t trials is the value of the last entry whose trial is not above t.
"""

import argparse
import datetime
import json
import platform
import sys
import time
from pathlib import Path

import optuna

from problems import BENCHMARKS, data_folder, load_problems


def improvements(values, direction):
    curve = []
    for trial, value in enumerate(values, start=1):
        better = not curve or (value > curve[-1][1] if direction == "maximize" else value < curve[-1][1])
        if better:
            curve.append([trial, value])
    return curve


def run(problem, make_sampler, seed, trials):
    sampler = make_sampler(seed)
    study = optuna.create_study(direction=problem["direction"], sampler=sampler)
    study.optimize(problem["objective"], n_trials=trials)
    return improvements([trial.value for trial in study.trials], problem["direction"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--sampler", choices=["tpe", "random"], required=True)
    parser.add_argument("--problems", default="problems.json", help="a list in benchmarks/problems")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # optuna.create_study() without a sampler uses TPESampler(); the seed is the only argument given here.
    samplers = {
        "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
        "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    }
    suffix = "" if arguments.problems == "problems.json" else "-" + arguments.problems.removesuffix(".json")
    default = BENCHMARKS / "results" / "peers" / f"optuna-{optuna.__version__}-{arguments.sampler}{suffix}.json"
    out = Path(arguments.out) if arguments.out else default
    started = time.time()
    curves = {}
    for problem in load_problems(data_folder(arguments.data), arguments.problems):
        curves[problem["id"]] = [
            run(problem, samplers[arguments.sampler], seed, arguments.trials) for seed in range(arguments.seeds)
        ]
        print(f"{time.time() - started:7.1f} s  {problem['id']}", file=sys.stderr, flush=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    header = {
        "formatVersion": 1,
        "optimiser": f"optuna {optuna.__version__} {arguments.sampler}",
        "settings": "defaults of the class, seed given",
        "python": platform.python_version(),
        "command": f"python benchmarks/peers/optuna_tpe.py --sampler {arguments.sampler} --seeds {arguments.seeds} --trials {arguments.trials} --problems {arguments.problems}",
        "date": datetime.date.today().isoformat(),
        "seeds": list(range(arguments.seeds)),
        "trials": arguments.trials,
        "encoding": "curves[problem][seed] = improvements [[trial from 1, best value], ...]",
    }
    lines = [f"  {json.dumps(name)}: [\n" + ",\n".join(f"    {json.dumps(c)}" for c in runs) + "\n  ]" for name, runs in curves.items()]
    head = json.dumps(header, indent=1)[:-2]
    out.write_text(head + ',\n "curves": {\n' + ",\n".join(lines) + "\n }\n}\n")


if __name__ == "__main__":
    main()
