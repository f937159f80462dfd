"""The benchmark problems for Optuna: the same list, data and encoding as benchmarks/src/problems."""

import json
import math
from pathlib import Path

import numpy as np
import onnxruntime

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


def table_problem(entry, data, tables):
    meta = tables["tables"][entry["table"]]
    parameters = tables["spaces"][entry["space"]]
    rows = np.fromfile(data / "tabular" / meta["file"], dtype="<f4").reshape(meta["n_configs"], meta["n_seeds"])
    means = np.nanmean(rows.astype(np.float64), axis=1)

    def objective(trial):
        index = 0
        for parameter in parameters:
            size = len(parameter["choices"])
            if parameter["kind"] == "ordinal":
                position = trial.suggest_int(parameter["name"], 0, size - 1)
            else:
                position = parameter["choices"].index(trial.suggest_categorical(parameter["name"], parameter["choices"]))
            index = index * size + position
        return float(means[index])

    return {"id": entry["id"], "direction": entry["direction"], "objective": objective}


_sessions = {}


def session_of(path):
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
    free = [p for p in space["hyperparameters"] if p["name"] not in fixed]
    ordered = [p for p in free if p["name"] not in conditions] + [p for p in free if p["name"] in conditions]

    def objective(trial):
        config = dict(fixed)
        for parameter in ordered:
            name = parameter["name"]
            condition = conditions.get(name)
            if condition is not None and config[condition["parent"]] != condition["value"]:
                continue
            if parameter["type"] == "categorical":
                config[name] = trial.suggest_categorical(name, parameter["choices"])
            elif parameter["type"] == "uniform_int":
                config[name] = trial.suggest_int(name, parameter["lower"], parameter["upper"], log=parameter["log"])
            else:
                config[name] = trial.suggest_float(name, parameter["lower"], parameter["upper"], log=parameter["log"])
        categories = [encoding[n][str(config[n])] if n in config else 0 for n in scenario["x_cat_order"]]
        numbers = [float(config.get(n, 0.0)) for n in scenario["x_cont_order"]]
        feeds = {"x_cat": np.array([categories], np.int32), "x_cont": np.array([numbers], np.float32)}
        value = float(session.run([output], feeds)[0][0][target])
        if not math.isfinite(value):
            raise ValueError(f"{entry['id']} answered {value} for {config}")
        return value

    return {"id": entry["id"], "direction": entry["direction"], "objective": objective}
