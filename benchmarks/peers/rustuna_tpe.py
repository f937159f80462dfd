"""Anytime curves of Rustuna's default sampler (multivariate TPE) on the benchmark problems."""

from importlib.metadata import version

import rustuna

from runner import main


def run(problem, seed, trials):
    study = rustuna.create_study(direction=problem["direction"], sampler=rustuna.samplers.TPESampler(seed=seed))
    values = []

    def objective(trial):
        values.append(problem["objective"](trial))
        return values[-1]

    study.optimize(objective, n_trials=trials)
    return values


if __name__ == "__main__":
    main("rustuna tpe", version("rustuna"), "defaults of the class, seed given; conditional parameters suggested where they are active", run)
