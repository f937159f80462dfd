"""Times of a peer's ask (with all suggestions) and tell in memory, and the processor's time of both. Prints JSON: seconds as lists.

A study is given finished random trials, and the next ones are timed; with "loop" it makes them all itself, and the last ones are timed.
"""

import argparse
import json
import random
import tempfile
import time
import warnings
from importlib.metadata import version

warnings.filterwarnings("ignore")


def names_of(dimensions):
    return [f"x{index}" for index in range(dimensions)]


def objective(params):
    return sum((x - 0.5) ** 2 for x in params.values())


def history(case):
    draw = random.Random(1)
    names = names_of(case["dimensions"])
    for _ in range(0 if case["loop"] else case["trials"]):
        params = {name: draw.random() for name in names}
        yield params, objective(params)


def like_optuna(library, sampler, case):
    names = names_of(case["dimensions"])
    distributions = {name: library.distributions.FloatDistribution(0.0, 1.0) for name in names}
    study = library.create_study(sampler=sampler)
    create_trial = library.create_trial if hasattr(library, "create_trial") else library.trial.create_trial
    for params, value in history(case):
        study.add_trial(create_trial(params=params, distributions=distributions, value=value))

    def ask():
        trial = study.ask()
        return trial, {name: trial.suggest_float(name, 0.0, 1.0) for name in names}

    return ask, lambda trial, value: study.tell(trial.number, value)


def optuna_study(case):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler, "cma-es": optuna.samplers.CmaEsSampler, "gp": optuna.samplers.GPSampler}
    if case["sampler"] == "gp":
        import torch

        torch.set_num_threads(1)
    return like_optuna(optuna, samplers[case["sampler"]](seed=1), case)


def rustuna_study(case):
    import rustuna

    samplers = {"tpe": rustuna.samplers.TPESampler, "random": rustuna.samplers.RandomSampler, "cma-es": rustuna.samplers.CmaEsSampler}
    return like_optuna(rustuna, samplers[case["sampler"]](seed=1), case)


def hyperopt_study(case):
    import numpy as np
    from hyperopt import JOB_STATE_DONE, STATUS_OK, Domain, Trials, hp, tpe

    names = names_of(case["dimensions"])
    domain = Domain(objective, {name: hp.uniform(name, 0, 1) for name in names})
    trials = Trials()
    seeds = np.random.default_rng(1)

    def finish(tid, params, value):
        misc = {"tid": tid, "cmd": None, "workdir": None, "idxs": {name: [tid] for name in names}, "vals": {name: [x] for name, x in params.items()}}
        return {"state": JOB_STATE_DONE, "tid": tid, "spec": None, "result": {"status": STATUS_OK, "loss": value}, "misc": misc, "exp_key": None, "owner": None, "version": 0, "book_time": None, "refresh_time": None}

    docs = [finish(tid, params, value) for tid, (params, value) in enumerate(history(case))]
    trials.insert_trial_docs(docs)
    trials._ids.update(range(len(docs)))
    trials.refresh()

    def ask():
        [tid] = trials.new_trial_ids(1)
        [doc] = tpe.suggest([tid], domain, trials, int(seeds.integers(2**31 - 1)))
        params = {name: float(doc["misc"]["vals"][name][0]) for name in names}
        return (tid, params), params

    def tell(asked, value):
        tid, params = asked
        trials.insert_trial_docs([finish(tid, params, value)])
        trials.refresh()

    return ask, tell


def smac_study(case):
    from pathlib import Path

    from ConfigSpace import Configuration, ConfigurationSpace, Float
    from smac import HyperparameterOptimizationFacade, Scenario
    from smac.runhistory.dataclasses import TrialInfo, TrialValue

    space = ConfigurationSpace(seed=1)
    space.add([Float(name, (0, 1)) for name in names_of(case["dimensions"])])
    folder = tempfile.mkdtemp()
    scenario = Scenario(space, deterministic=True, n_trials=100_000, seed=1, output_directory=Path(folder))
    # Without a first design of its own: the given trials are in its place.
    design = HyperparameterOptimizationFacade.get_initial_design(scenario, n_configs=1)
    smac = HyperparameterOptimizationFacade(scenario, lambda config, seed=0: 0, initial_design=design, logging_level=False, overwrite=True)
    for params, value in history(case):
        smac.tell(TrialInfo(Configuration(space, values=params), seed=0), TrialValue(cost=value), save=False)
    smac.tell(smac.ask(), TrialValue(cost=1), save=False)

    def ask():
        info = smac.ask()
        return info, dict(info.config)

    return ask, lambda info, value: smac.tell(info, TrialValue(cost=value), save=False)


STUDIES = {"optuna": optuna_study, "rustuna": rustuna_study, "hyperopt": hyperopt_study, "smac": smac_study}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", choices=list(STUDIES), required=True)
    parser.add_argument("--case", required=True, help='JSON: {"sampler": "tpe", "trials": 100, "dimensions": 10, "repetitions": 30, "loop": false}')
    arguments = parser.parse_args()
    case = json.loads(arguments.case)
    ask, tell = STUDIES[arguments.library](case)
    # The first answer after many given trials reads them all: it is not timed. Nor are those of a loop before its last ones.
    for _ in range(case["trials"] if case["loop"] else 1):
        asked, params = ask()
        tell(asked, objective(params))
    asks, tells = [], []
    cpu = time.process_time()
    for _ in range(case["repetitions"]):
        start = time.perf_counter()
        asked, params = ask()
        middle = time.perf_counter()
        tell(asked, objective(params))
        asks.append(middle - start)
        tells.append(time.perf_counter() - middle)
    cpu = (time.process_time() - cpu) / case["repetitions"]
    print(json.dumps({"version": version(arguments.library), "ask": asks, "tell": tells, "cpu": cpu}))


if __name__ == "__main__":
    main()
