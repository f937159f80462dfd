"""Random trials with two parameters in an SQLite file: trials a second of Optuna's RDB storage. Prints JSON."""

import argparse
import json
import time

import optuna


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", required=True)
    parser.add_argument("--trials", type=int, default=200)
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = optuna.storages.RDBStorage(f"sqlite:///{arguments.file}")
    study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(seed=1))
    start = time.perf_counter()
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) + trial.suggest_float("y", 0, 1), n_trials=arguments.trials)
    seconds = time.perf_counter() - start
    print(json.dumps({"version": optuna.__version__, "trials": arguments.trials, "seconds": seconds}))


if __name__ == "__main__":
    main()
