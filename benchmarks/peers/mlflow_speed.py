"""What MLflow's own Python client logs to a server, asked for line by line: {"way": "log_metric", "points": 300} is answered by the seconds it took."""

import json
import os
import sys
import time

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient


def log_metric(client, run_id, points):
    for i in range(points):
        client.log_metric(run_id, "loss", i / 3, step=i)


def log_metric_async(client, run_id, points):
    pending = [client.log_metric(run_id, "loss", i / 3, step=i, synchronous=False) for i in range(points)]
    for operation in pending:
        operation.wait()


def log_batch(size):
    def log(client, run_id, points):
        for first in range(0, points, size):
            now = int(time.time() * 1000)
            client.log_batch(run_id, metrics=[Metric("loss", i / 3, now, i) for i in range(first, first + size)])

    return log


WAYS = {"log_metric": log_metric, "log_metric_async": log_metric_async, "log_batch_100": log_batch(100), "log_batch_1000": log_batch(1000)}


def main():
    uri, experiment = sys.argv[1:]
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    print(json.dumps({"version": mlflow.__version__}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        run_id = client.create_run(experiment, run_name="python").info.run_id
        start = time.perf_counter()
        WAYS[asked["way"]](client, run_id, asked["points"])
        print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)


if __name__ == "__main__":
    main()
