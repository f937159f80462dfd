"""Anytime curves of Hyperopt's TPE on the benchmark problems; conditional parameters lie in the branches of hp.choice."""

import math
from importlib.metadata import version

import numpy as np
from hyperopt import fmin, hp, tpe

from runner import main


def leaf(parameter):
    name = parameter["name"]
    if parameter["kind"] == "ordinal":
        return hp.uniformint(name, 0, len(parameter["choices"]) - 1)
    low, high = parameter["low"], parameter["high"]
    if parameter["kind"] == "int":
        # Each whole number has a cell of its own width, at the ends as well; flat() cuts what rounding leaves outside.
        return hp.qloguniform(name, math.log(low - 0.5), math.log(high + 0.5), 1) if parameter["log"] else hp.uniformint(name, low, high)
    return hp.loguniform(name, math.log(low), math.log(high)) if parameter["log"] else hp.uniform(name, low, high)


def tree(parameters, parent=None, value=None):
    """A dict of the parameters that are active under one value of a parent; categories are choices with the dicts below them."""
    found = {}
    for parameter in parameters:
        when = parameter.get("when")
        if (when is None) != (parent is None) or (when is not None and (when["parent"], when["value"]) != (parent, value)):
            continue
        name = parameter["name"]
        if parameter["kind"] == "categorical":
            found[name] = hp.choice(name, [(choice, tree(parameters, name, choice)) for choice in parameter["choices"]])
        else:
            found[name] = leaf(parameter)
    return found


def flat(drawn, by_name):
    config = {}
    for name, value in drawn.items():
        parameter = by_name[name]
        if parameter["kind"] == "categorical":
            config[name] = value[0]
            config.update(flat(value[1], by_name))
        elif parameter["kind"] == "ordinal":
            config[name] = parameter["choices"][int(value)]
        else:
            config[name] = min(parameter["high"], max(parameter["low"], int(value) if parameter["kind"] == "int" else float(value)))
    return config


def run(problem, seed, trials):
    by_name = {parameter["name"]: parameter for parameter in problem["parameters"]}
    sign = -1 if problem["direction"] == "maximize" else 1
    values = []

    def objective(drawn):
        values.append(problem["evaluate"](flat(drawn, by_name)))
        return sign * values[-1]

    fmin(objective, tree(problem["parameters"]), algo=tpe.suggest, max_evals=trials, rstate=np.random.default_rng(seed), show_progressbar=False, verbose=False)
    return values


if __name__ == "__main__":
    main("hyperopt tpe", version("hyperopt"), "fmin with tpe.suggest, its defaults, seed given; conditional parameters below hp.choice", run)
