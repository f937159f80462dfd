"""Anytime curves of HEBO on the benchmark problems without conditional parameters, which it has no way to declare."""

import warnings
from importlib.metadata import version

import numpy as np
import torch

warnings.filterwarnings("ignore")
from hebo.design_space.design_space import DesignSpace
from hebo.optimizers.hebo import HEBO

from runner import main

torch.set_num_threads(1)


def leaf(parameter):
    name = parameter["name"]
    if parameter["kind"] == "categorical":
        return {"name": name, "type": "cat", "categories": parameter["choices"]}
    if parameter["kind"] == "ordinal":
        return {"name": name, "type": "int", "lb": 0, "ub": len(parameter["choices"]) - 1}
    kind = ("pow_int" if parameter["log"] else "int") if parameter["kind"] == "int" else ("pow" if parameter["log"] else "num")
    return {"name": name, "type": kind, "lb": parameter["low"], "ub": parameter["high"]}


def run(problem, seed, trials):
    np.random.seed(seed)
    torch.manual_seed(seed)
    sign = -1 if problem["direction"] == "maximize" else 1
    optimiser = HEBO(DesignSpace().parse([leaf(parameter) for parameter in problem["parameters"]]), scramble_seed=seed)
    values = []
    for _ in range(trials):
        asked = optimiser.suggest(n_suggestions=1)
        config = {}
        for parameter in problem["parameters"]:
            value = asked[parameter["name"]].iloc[0]
            if parameter["kind"] == "ordinal":
                config[parameter["name"]] = parameter["choices"][int(value)]
            else:
                config[parameter["name"]] = getattr(value, "item", lambda value=value: value)()
        values.append(problem["evaluate"](config))
        optimiser.observe(asked, np.array([[sign * values[-1]]]))
    return values


if __name__ == "__main__":
    main("hebo gp", version("HEBO"), "defaults of the class, seed given; spaces with conditions are left out, since it cannot declare them", run, lambda problem: all("when" not in parameter for parameter in problem["parameters"]))
