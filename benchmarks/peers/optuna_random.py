"""Anytime curves of Optuna's random sampler on the benchmark problems."""

import optuna

from optuna_tpe import run_with
from runner import main

if __name__ == "__main__":
    main("optuna random", optuna.__version__, "defaults of the class, seed given", run_with(lambda seed: optuna.samplers.RandomSampler(seed=seed)))
