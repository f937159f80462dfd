"""The benchmark problems for the peers: the same list, data and encoding as benchmarks/src/problems.

A problem is a dict: id, family, direction, parameters (parents before their children), evaluate(config) in natural units,
and objective(trial) for peers whose spaces are defined by running. A parameter is a dict: name, kind (float, int, ordinal,
categorical), low, high and log of numbers, choices of the others, and when: {parent, value} of a conditional one.
"""

import json
import math
from pathlib import Path

import numpy as np

BENCHMARKS = Path(__file__).resolve().parent.parent


def data_folder(argument):
    folder = Path(argument) if argument else BENCHMARKS.parent.parent / "shared" / "bench" / "data"
    if not (folder / "tabular" / "tables.json").exists():
        raise SystemExit(f"benchmark data not found under {folder}; name its folder with --data")
    return folder


def load_problems(data, file="problems.json"):
    listed = json.loads((BENCHMARKS / "problems" / file).read_text())["problems"]
    tables = json.loads((data / "tabular" / "tables.json").read_text())
    scenarios = json.loads((data / "yahpo" / "scenarios.json").read_text())

    def problem(entry):
        if "function" in entry:
            return hierarchical_problem(entry) if entry["function"] == "hierarchical" else function_problem(entry)
        return table_problem(entry, data, tables) if "table" in entry else surrogate_problem(entry, data, scenarios)

    return [problem(entry) for entry in listed]


def defined_by_running(parameters, evaluate):
    """The objective for peers that suggest while the objective runs; ordinals are suggested as positions."""

    def objective(trial):
        config = {}
        for parameter in parameters:
            if not is_active(parameter, config):
                continue
            name = parameter["name"]
            if parameter["kind"] == "categorical":
                config[name] = trial.suggest_categorical(name, parameter["choices"])
            elif parameter["kind"] == "ordinal":
                config[name] = parameter["choices"][trial.suggest_int(name, 0, len(parameter["choices"]) - 1)]
            elif parameter["kind"] == "int":
                config[name] = trial.suggest_int(name, parameter["low"], parameter["high"], log=parameter["log"])
            else:
                config[name] = trial.suggest_float(name, parameter["low"], parameter["high"], log=parameter["log"])
        return evaluate(config)

    return objective


def is_active(parameter, config):
    when = parameter.get("when")
    return when is None or config.get(when["parent"]) == when["value"]


def problem_of(entry, parameters, evaluate):
    return {
        "id": entry["id"],
        "family": entry["family"],
        "direction": entry["direction"],
        "parameters": parameters,
        "evaluate": evaluate,
        "objective": defined_by_running(parameters, evaluate),
    }


def table_problem(entry, data, tables):
    meta = tables["tables"][entry["table"]]
    parameters = tables["spaces"][entry["space"]]
    rows = np.fromfile(data / "tabular" / meta["file"], dtype="<f4").reshape(meta["n_configs"], meta["n_seeds"])
    means = np.nanmean(rows.astype(np.float64), axis=1)

    def row(config):
        index = 0
        for parameter in parameters:
            index = index * len(parameter["choices"]) + parameter["choices"].index(config[parameter["name"]])
        return index

    def evaluate(config):
        return float(means[row(config)])

    def measure_once(config, draw):
        """One of the repeated measurements, as a training with a seed of its own would give, and their mean."""
        index = row(config)
        return float(draw.choice([value for value in rows[index] if not math.isnan(value)])), float(means[index])

    return {**problem_of(entry, parameters, evaluate), "measure_once": measure_once}


_sessions = {}


def session_of(path):
    # Imported here: tables do not need it.
    import onnxruntime

    if path not in _sessions:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        _sessions[path] = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return _sessions[path]


def surrogate_problem(entry, data, scenarios):
    folder = data / "yahpo" / entry["scenario"]
    scenario = scenarios[entry["scenario"]]
    encoding = json.loads((folder / "encoding.json").read_text())
    space = json.loads((folder / "config_space.json").read_text())
    session = session_of(folder / "model.onnx")
    output = session.get_outputs()[0].name
    target = scenario["y_names"].index(entry["target"])
    fixed = {**entry["fixed"], scenario["instance_param"]: entry["instance"]}
    conditions = {condition["child"]: condition for condition in space["conditions"]}

    def parameter_of(raw):
        condition = conditions.get(raw["name"])
        when = {} if condition is None else {"when": {"parent": condition["parent"], "value": condition["value"]}}
        if raw["type"] == "categorical":
            return {"name": raw["name"], "kind": "categorical", "choices": raw["choices"], **when}
        kind = "int" if raw["type"] == "uniform_int" else "float"
        return {"name": raw["name"], "kind": kind, "low": raw["lower"], "high": raw["upper"], "log": raw["log"], **when}

    free = [parameter_of(raw) for raw in space["hyperparameters"] if raw["name"] not in fixed]
    parameters = [p for p in free if "when" not in p] + [p for p in free if "when" in p]

    def evaluate(chosen):
        config = {**fixed, **chosen}
        categories = [encoding[n][str(config[n])] if n in config else 0 for n in scenario["x_cat_order"]]
        numbers = [float(config.get(n, 0.0)) for n in scenario["x_cont_order"]]
        feeds = {"x_cat": np.array([categories], np.int32), "x_cont": np.array([numbers], np.float32)}
        value = float(session.run([output], feeds)[0][0][target])
        if not math.isfinite(value):
            raise ValueError(f"{entry['id']} answered {value} for {config}")
        return value

    return problem_of(entry, parameters, evaluate)


HARTMANN_A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
HARTMANN_P = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991], [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]
HARTMANN_ALPHA = [1, 1.2, 3, 3.2]


def branin(x):
    x, y = x[0], x[1] + 5
    return (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann6(x):
    return -sum(
        alpha * math.exp(-sum(a * (v - 1e-4 * p) ** 2 for a, v, p in zip(row, x, centre)))
        for alpha, row, centre in zip(HARTMANN_ALPHA, HARTMANN_A, HARTMANN_P)
    )


def ackley(x):
    n = len(x)
    return 20 - 20 * math.exp(-0.2 * math.sqrt(sum(v * v for v in x) / n)) + math.e - math.exp(sum(math.cos(2 * math.pi * v) for v in x) / n)


# Low, high, whether the best point is moved, and the function: see src/problems/functions.ts.
FUNCTIONS = {
    "branin": (-5, 10, False, branin),
    "hartmann6": (0, 1, False, hartmann6),
    "rosenbrock": (-2.048, 2.048, False, lambda x: sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:]))),
    "rastrigin": (-5.12, 5.12, True, lambda x: sum(10 + v * v - 10 * math.cos(2 * math.pi * v) for v in x)),
    "ackley": (-32.768, 32.768, True, ackley),
    "sphere": (-5, 5, True, lambda x: sum(v * v for v in x)),
}


def function_problem(entry):
    low, high, moved, function = FUNCTIONS[entry["function"]]
    count = entry["dimensions"]
    centre = [low + (high - low) * (0.2 + 0.6 * ((index + 1) * 0.6180339887498949 % 1)) if moved else 0 for index in range(count)]
    parameters = [{"name": f"x{index}", "kind": "float", "low": low, "high": high, "log": False} for index in range(count)]
    return problem_of(entry, parameters, lambda config: function([config[f"x{index}"] - centre[index] for index in range(count)]))


def hierarchical_problem(entry):
    """See src/problems/hierarchical.ts."""
    count = round((entry["dimensions"] - 5) * 2 / 11)

    def own(learner):
        every = [
            {"kind": "float", "low": 1e-5, "high": 1, "log": True},
            {"kind": "int", "low": 1, "high": 20, "log": False},
            {"kind": "float", "low": 0, "high": 1, "log": False},
            {"kind": "categorical", "choices": ["a", "b", "c"]},
            {"kind": "int", "low": 8, "high": 1024, "log": True},
            {"kind": "float", "low": 1e-3, "high": 1e3, "log": True},
        ]
        found = every if learner % 2 == 0 else every[:5]
        return [{**parameter, "name": f"l{learner}_p{index}", "when": {"parent": "learner", "value": f"l{learner}"}} for index, parameter in enumerate(found)]

    groups = [own(learner) for learner in range(count)]
    parameters = [
        {"name": "learner", "kind": "categorical", "choices": [f"l{learner}" for learner in range(count)]},
        {"name": "scaler", "kind": "categorical", "choices": ["s0", "s1", "s2"]},
        {"name": "select", "kind": "categorical", "choices": ["none", "some"]},
        {"name": "balance", "kind": "float", "low": 0, "high": 1, "log": False},
        {"name": "share", "kind": "float", "low": 0.1, "high": 1, "log": False, "when": {"parent": "select", "value": "some"}},
        *(parameter for group in groups for parameter in group),
    ]
    assert len(parameters) == entry["dimensions"]

    def position(parameter, value):
        low, high = parameter["low"], parameter["high"]
        return math.log(value / low) / math.log(high / low) if parameter["log"] else (value - low) / (high - low)

    def evaluate(config):
        learner = int(config["learner"][1:])
        value = 0.06 * ((5 * learner + 2) % count)
        value += 0 if config["scaler"] == f"s{learner % 3}" else 0.1
        value += 0 if (config["select"] == "none") == (learner % 2 == 0) else 0.05
        if config["select"] == "some":
            value += 0.2 * (config["share"] - 0.5) ** 2
        value += 0.3 * (config["balance"] - 0.3 - 0.05 * learner) ** 2
        distances = []
        for index, parameter in enumerate(groups[learner]):
            weight = 0.1 + 0.9 * ((6 * learner + index + 1) * math.sqrt(2) % 1)
            chosen = config[parameter["name"]]
            if parameter["kind"] == "categorical":
                value += 0 if chosen == "abc"[(learner + index) % 3] else 0.3 * weight
                continue
            low, high = parameter["low"], parameter["high"]
            centre = 0.2 + 0.6 * ((7 * learner + index + 1) * 0.6180339887498949 % 1)
            best = low * (high / low) ** centre if parameter["log"] else low + centre * (high - low)
            distances.append(math.sqrt(weight) * (position(parameter, chosen) - position(parameter, math.floor(best + 0.5) if parameter["kind"] == "int" else best)))
            value += distances[-1] ** 2
        return value + distances[0] * distances[1]

    return problem_of(entry, parameters, evaluate)
