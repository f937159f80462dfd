"""Metrics a second that MLflow's own Python client logs to a server. Prints JSON. The metrics have other names than those beside it, as a trial's do."""

import argparse
import json
import os
import time
import uuid

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient


def measured(points, work):
    start = time.perf_counter()
    work()
    return {"points": points, "seconds": time.perf_counter() - start}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uri", required=True)
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--sync", type=int, default=300)
    parser.add_argument("--asynchronous", type=int, default=300)
    parser.add_argument("--batch", type=int, default=20000)
    arguments = parser.parse_args()
    mlflow.set_tracking_uri(arguments.uri)
    client = MlflowClient()

    def run():
        return client.create_run(arguments.experiment, run_name=f"python {uuid.uuid4().hex[:6]}").info.run_id

    result = {"version": mlflow.__version__}
    run_id = run()
    client.log_metric(run_id, "warm", 1.0, step=0)
    result["log_metric"] = measured(arguments.sync, lambda: [client.log_metric(run_id, "loss", i / 3, step=i) for i in range(arguments.sync)])

    run_id = run()

    def asynchronous():
        pending = [client.log_metric(run_id, "loss", i / 3, step=i, synchronous=False) for i in range(arguments.asynchronous)]
        for operation in pending:
            operation.wait()

    result["log_metric_async"] = measured(arguments.asynchronous, asynchronous)

    for size in (100, 1000):
        run_id = run()
        points = arguments.batch if size == 1000 else arguments.batch // 4

        def batches():
            for first in range(0, points, size):
                now = int(time.time() * 1000)
                client.log_batch(run_id, metrics=[Metric("loss", i / 3, now, i) for i in range(first, first + size)])

        result[f"log_batch_{size}"] = measured(points, batches)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
