"""Anytime curves of Optuna's default sampler on the benchmark problems: optuna.create_study() without a sampler uses TPESampler()."""

import optuna

from runner import main

optuna.logging.set_verbosity(optuna.logging.ERROR)


def run_with(make_sampler):
    def run(problem, seed, trials):
        study = optuna.create_study(direction=problem["direction"], sampler=make_sampler(seed))
        study.optimize(problem["objective"], n_trials=trials)
        return [trial.value for trial in study.trials]

    return run


if __name__ == "__main__":
    main("optuna tpe", optuna.__version__, "defaults of the class, seed given", run_with(lambda seed: optuna.samplers.TPESampler(seed=seed)))
