"""Anytime curves of Optuna's GPSampler on the benchmark problems."""

import warnings

import optuna
import torch

from runner import main

torch.set_num_threads(1)
optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def run(problem, seed, trials):
    study = optuna.create_study(direction=problem["direction"], sampler=optuna.samplers.GPSampler(seed=seed))
    study.optimize(problem["objective"], n_trials=trials)
    return [trial.value for trial in study.trials]


if __name__ == "__main__":
    main("optuna gp", optuna.__version__, "defaults of the class, seed given; it draws conditional parameters at random", run)
