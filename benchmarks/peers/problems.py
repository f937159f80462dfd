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
    return [
        table_problem(entry, data, tables) if "table" in entry else surrogate_problem(entry, data, scenarios)
        for entry in listed
    ]


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

    def evaluate(config):
        index = 0
        for parameter in parameters:
            index = index * len(parameter["choices"]) + parameter["choices"].index(config[parameter["name"]])
        return float(means[index])

    return problem_of(entry, parameters, evaluate)


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
