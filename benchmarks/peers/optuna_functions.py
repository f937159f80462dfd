"""Best values of Optuna's default sampler on the functions of src/functions.ts, for each seed. Prints JSON."""

import argparse
import json
import math

import optuna

HARTMANN_A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
HARTMANN_P = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991], [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]
HARTMANN_ALPHA = [1, 1.2, 3, 3.2]


def floats(trial, count, low, high):
    return [trial.suggest_float(f"x{index}", low, high) for index in range(count)]


def branin(trial):
    x, y = trial.suggest_float("x0", -5, 10), trial.suggest_float("x1", 0, 15)
    return (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann6(trial):
    x = floats(trial, 6, 0, 1)
    return -sum(
        alpha * math.exp(-sum(a * (v - 1e-4 * p) ** 2 for a, v, p in zip(row, x, centre)))
        for alpha, row, centre in zip(HARTMANN_ALPHA, HARTMANN_A, HARTMANN_P)
    )


def rosenbrock5(trial):
    x = floats(trial, 5, -2.048, 2.048)
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:]))


def rastrigin10(trial):
    return 100 + sum(v * v - 10 * math.cos(2 * math.pi * v) for v in floats(trial, 10, -5.12, 5.12))


def sphere20(trial):
    return sum((v - math.sin(index)) ** 2 for index, v in enumerate(floats(trial, 20, -5, 5)))


def mixed(trial):
    rate = trial.suggest_float("rate", 1e-5, 1e-1, log=True)
    layers = trial.suggest_int("layers", 1, 8)
    offset = {"a": 0, "b": 0.3, "c": 0.6, "d": 1}[trial.suggest_categorical("kind", ["a", "b", "c", "d"])]
    momentum = trial.suggest_float("momentum", 0, 1)
    return (math.log10(rate) + 3) ** 2 + 0.2 * (layers - 5) ** 2 + offset + 4 * (momentum - 0.2 - 0.5 * offset) ** 2


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", required=True, help='JSON: {"branin": 60, ...}: trials by function')
    parser.add_argument("--seeds", type=int, default=20)
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    functions = {"branin": branin, "hartmann6": hartmann6, "rosenbrock5": rosenbrock5, "rastrigin10": rastrigin10, "sphere20": sphere20, "mixed": mixed}
    results = {}
    for name, trials in json.loads(arguments.cases).items():
        results[name] = []
        for seed in range(arguments.seeds):
            study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
            study.optimize(functions[name], n_trials=trials)
            results[name].append(study.best_value)
    print(json.dumps({"version": optuna.__version__, "results": results}))


if __name__ == "__main__":
    main()
