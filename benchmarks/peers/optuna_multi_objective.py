"""Runs Optuna by ask and tell for src/multi-objective.ts, which evaluates.

Reads jobs, one line of JSON each: {"seed", "trials", "directions", "parameters"}. Of each trial it writes the configuration as a
line of JSON, and reads its values as the next line; after the last trial of a job it waits for the next job.
"""

import argparse
import json
import sys

import optuna


def suggest(trial, parameters):
    configuration = {}
    for parameter in parameters:
        name, kind, when = parameter["name"], parameter["kind"], parameter.get("when")
        if when is not None and configuration.get(when["parent"]) != when["value"]:
            continue
        if kind == "categorical":
            configuration[name] = trial.suggest_categorical(name, parameter["choices"])
        elif kind == "ordinal":
            configuration[name] = parameter["choices"][trial.suggest_int(name, 0, len(parameter["choices"]) - 1)]
        elif kind == "int":
            configuration[name] = trial.suggest_int(name, parameter["low"], parameter["high"], log=parameter["log"])
        else:
            configuration[name] = trial.suggest_float(name, parameter["low"], parameter["high"], log=parameter["log"])
    return configuration


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sampler", choices=["TPESampler", "NSGAIISampler", "NSGAIIISampler", "GPSampler"], required=True)
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print(json.dumps({"version": optuna.__version__}), flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        sampler = getattr(optuna.samplers, arguments.sampler)(seed=job["seed"])
        study = optuna.create_study(directions=job["directions"], sampler=sampler)
        for _ in range(job["trials"]):
            trial = study.ask()
            print(json.dumps(suggest(trial, job["parameters"])), flush=True)
            study.tell(trial, json.loads(sys.stdin.readline()))


if __name__ == "__main__":
    main()
