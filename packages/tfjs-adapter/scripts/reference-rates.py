"""Writes fixtures/reference-rates.json and fixtures/reference-optimizers.json: what PyTorch's schedules and Keras's schedules and optimisers do.

pip install keras==3.15.1 jax numpy scipy typing_extensions
pip download --no-deps torch==2.15.0 && unzip torch-*.whl torch/optim/lr_scheduler.py -d torch-source
KERAS_BACKEND=jax python scripts/reference-rates.py torch-source

PyTorch's schedules are plain Python: of the wheel only that file is needed, and what it imports is stood in for below.
"""

import importlib.util
import json
import math
import sys
import types
from pathlib import Path

import keras
import numpy as np

FIXTURES = Path(__file__).parent.parent / "fixtures"
BASE = 0.1


class Optimizer:
    def __init__(self):
        self.param_groups = [{"lr": BASE}]
        self.defaults = {"lr": BASE}
        self.state = {}

    def step(self):
        pass


def pytorch_schedules(folder):
    torch = types.ModuleType("torch")
    torch.inf, torch.Tensor = math.inf, type("Tensor", (), {})
    torch.is_tensor = lambda value: False
    optimizer = types.ModuleType("torch.optim.optimizer")
    optimizer.Optimizer, optimizer._to_scalar = Optimizer, lambda value: value
    package = types.ModuleType("torch.optim")
    package.__path__ = []
    sys.modules.update({"torch": torch, "torch.optim": package, "torch.optim.optimizer": optimizer})
    spec = importlib.util.spec_from_file_location("torch.optim.lr_scheduler", Path(folder) / "torch/optim/lr_scheduler.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def pytorch_rates(make, steps, metrics=None):
    optimizer = Optimizer()
    schedule = make(optimizer)
    rates = []
    for step in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step() if metrics is None else schedule.step(metrics[step])
    return rates


def keras_rates(schedule, steps):
    return [float(schedule(step)) for step in range(steps)]


def keras_plateau(metrics, **options):
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(BASE), loss="mse")
    callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", **options)
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(metrics):
        rates.append(float(model.optimizer.learning_rate))
        callback.on_epoch_end(epoch, {"loss": value})
    return rates


def keras_weights(optimizer, steps=(1, 2, 10, 30)):
    weight = keras.Variable(np.array([0.5, -1.0, 2.0, 0.01], dtype="float32"), name="kernel")
    optimizer.build([weight])
    values = {}
    for step in range(1, max(steps) + 1):
        gradient = np.sin(1.3 * step + np.arange(4)) * 0.5 + 0.1
        optimizer.apply([gradient.astype("float32")], [weight])
        if step in steps:
            values[str(step)] = np.array(weight).astype(float).tolist()
    return values


def main():
    s = keras.optimizers.schedules
    o = keras.optimizers
    t = pytorch_schedules(sys.argv[1])
    metrics = [1.0, 0.9, 0.95, 0.91, 0.92, 0.5, 0.49995, 0.499, 0.6, 0.6, 0.6, 0.6, 0.6, 0.4, 0.41, 0.42, 0.43, 0.44, 0.45, 0.46]
    rates = {
        "base": BASE,
        "metrics": metrics,
        "pytorch": {
            "step every 4": pytorch_rates(lambda x: t.StepLR(x, 4, 0.5), 20),
            "exponential 0.9": pytorch_rates(lambda x: t.ExponentialLR(x, 0.9), 20),
            "polynomial 2 over 20": pytorch_rates(lambda x: t.PolynomialLR(x, 20, 2), 20),
            "cosine over 20 to 0.01": pytorch_rates(lambda x: t.CosineAnnealingLR(x, 20, 0.01), 20),
            "restarts 5": pytorch_rates(lambda x: t.CosineAnnealingWarmRestarts(x, 5, 1, 0.01), 20),
            "restarts 3 growing 2": pytorch_rates(lambda x: t.CosineAnnealingWarmRestarts(x, 3, 2, 0.01), 20),
            "one cycle of 20": pytorch_rates(lambda x: t.OneCycleLR(x, BASE, total_steps=20, cycle_momentum=False), 20),
            "one cycle of 20, linear": pytorch_rates(lambda x: t.OneCycleLR(x, BASE, total_steps=20, pct_start=0.45, anneal_strategy="linear", div_factor=10, final_div_factor=100, cycle_momentum=False), 20),
        },
        "keras": {
            "exponential 0.5 every 4": keras_rates(s.ExponentialDecay(BASE, 4, 0.5), 20),
            "exponential 0.5 every 4, in stairs": keras_rates(s.ExponentialDecay(BASE, 4, 0.5, staircase=True), 20),
            "polynomial 0.5 over 20 to 0.02": keras_rates(s.PolynomialDecay(BASE, 20, 0.02, 0.5), 20),
            "cosine over 20 to 0.01": keras_rates(s.CosineDecay(BASE, 20, 0.1), 20),
            "restarts 3 growing 1.5": keras_rates(s.CosineDecayRestarts(BASE, 3, 1.5, 1.0, 0.2), 20),
            "plateau, patience 2": keras_plateau(metrics, factor=0.5, patience=2),
            "plateau, cooldown 2, least 0.02": keras_plateau(metrics, factor=0.5, patience=1, cooldown=2, min_lr=0.02, min_delta=0.01),
        },
    }
    weights = {
        "sgd": keras_weights(o.SGD(0.1)),
        "momentum": keras_weights(o.SGD(0.1, momentum=0.9)),
        "nesterov": keras_weights(o.SGD(0.1, momentum=0.9, nesterov=True)),
        "adam": keras_weights(o.Adam(0.01)),
        "adamw": keras_weights(o.AdamW(0.01)),
        "adamax": keras_weights(o.Adamax(0.01)),
        "rmsprop": keras_weights(o.RMSprop(0.01)),
        "rmsprop with momentum": keras_weights(o.RMSprop(0.01, momentum=0.9)),
        "rmsprop, centred": keras_weights(o.RMSprop(0.01, momentum=0.5, centered=True, epsilon=1e-3)),
        "adagrad": keras_weights(o.Adagrad(0.1)),
        "lamb": keras_weights(o.Lamb(0.01)),
        "lion": keras_weights(o.Lion(0.01)),
        "lion with decay": keras_weights(o.Lion(0.01, weight_decay=0.1)),
    }
    about = f"scripts/reference-rates.py with Keras {keras.__version__} and PyTorch 2.15.0"
    FIXTURES.mkdir(exist_ok=True)
    for name, content in {"reference-rates": rates, "reference-optimizers": weights}.items():
        (FIXTURES / f"{name}.json").write_text(json.dumps({"about": about, **content}, indent=2) + "\n")


main()
