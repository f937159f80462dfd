"""Anytime curves of SMAC3's facade for hyperparameters (random forest) on the benchmark problems, by ask and tell."""

import tempfile
from importlib.metadata import version
from pathlib import Path

import ConfigSpace
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer, OrdinalHyperparameter
from smac import HyperparameterOptimizationFacade, Scenario
from smac.runhistory.dataclasses import TrialValue

from runner import main


def leaf(parameter):
    name = parameter["name"]
    if parameter["kind"] == "categorical":
        return Categorical(name, parameter["choices"])
    if parameter["kind"] == "ordinal":
        return OrdinalHyperparameter(name, parameter["choices"])
    bounds = (parameter["low"], parameter["high"])
    return (Integer if parameter["kind"] == "int" else Float)(name, bounds, log=parameter["log"])


def space_of(problem, seed):
    space = ConfigurationSpace(seed=seed)
    leaves = {parameter["name"]: leaf(parameter) for parameter in problem["parameters"]}
    space.add(list(leaves.values()))
    space.add([
        EqualsCondition(leaves[parameter["name"]], leaves[parameter["when"]["parent"]], parameter["when"]["value"])
        for parameter in problem["parameters"]
        if "when" in parameter
    ])
    return space


def unused(config, seed=0):
    raise AssertionError("SMAC is driven by ask and tell")


def run(problem, seed, trials):
    sign = -1 if problem["direction"] == "maximize" else 1
    values = []
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(space_of(problem, seed), deterministic=True, n_trials=trials, seed=seed, output_directory=Path(folder))
        smac = HyperparameterOptimizationFacade(scenario, unused, logging_level=False, overwrite=True)
        for _ in range(trials):
            asked = smac.ask()
            values.append(problem["evaluate"]({name: getattr(value, "item", lambda value=value: value)() for name, value in dict(asked.config).items()}))
            smac.tell(asked, TrialValue(cost=sign * values[-1]))
    return values


if __name__ == "__main__":
    main("smac forest", version("smac"), f"HyperparameterOptimizationFacade by ask and tell, deterministic, its defaults, seed given; conditions declared to ConfigSpace {ConfigSpace.__version__}", run)
