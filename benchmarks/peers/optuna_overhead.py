"""Times of Optuna's ask (with all suggestions) and tell in memory. Prints JSON: seconds as lists."""

import argparse
import json
import random
import time

import optuna


def measure(sampler, trials, dimensions, repetitions):
    names = [f"x{index}" for index in range(dimensions)]
    distributions = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in names}
    study = optuna.create_study(sampler=sampler)
    draw = random.Random(1)
    for _ in range(trials):
        params = {name: draw.random() for name in names}
        value = sum((x - 0.5) ** 2 for x in params.values())
        study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=value))
    asks, tells = [], []
    for _ in range(repetitions):
        start = time.perf_counter()
        trial = study.ask()
        total = sum((trial.suggest_float(name, 0.0, 1.0) - 0.5) ** 2 for name in names)
        middle = time.perf_counter()
        study.tell(trial, total)
        asks.append(middle - start)
        tells.append(time.perf_counter() - middle)
    return {"ask": asks, "tell": tells}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", required=True, help='JSON: [{"sampler": "tpe", "trials": 100, "dimensions": 10, "repetitions": 30}, ...]')
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}
    results = []
    for case in json.loads(arguments.cases):
        times = measure(samplers[case["sampler"]](seed=1), case["trials"], case["dimensions"], case["repetitions"])
        results.append({**case, **times})
    print(json.dumps({"version": optuna.__version__, "results": results}))


if __name__ == "__main__":
    main()
