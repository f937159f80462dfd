"""Writes scalars to an event file with one writer, or reads a run, and prints the seconds it took as JSON."""

import argparse
import glob
import json
import os
import time

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
parser = argparse.ArgumentParser()
parser.add_argument('--what', choices=['tensorflow', 'tensorboardX', 'tensorboard', 'read'], required=True)
parser.add_argument('--folder', required=True)
parser.add_argument('--scalars', type=int, default=0)
parser.add_argument('--tags', type=int, default=1)
parser.add_argument('--core', type=int)
arguments = parser.parse_args()
if arguments.core is not None and hasattr(os, 'sched_setaffinity'):
    os.sched_setaffinity(0, {arguments.core})

tags = [f'train/loss_{index}' for index in range(arguments.tags)]


def synced(folder):
    for path in glob.glob(os.path.join(folder, '*tfevents*')):
        with open(path, 'rb+') as file:
            os.fsync(file.fileno())


def write_tensorflow():
    import tensorflow as tf

    writer = tf.summary.create_file_writer(arguments.folder)
    with writer.as_default():
        start = time.perf_counter()
        for step in range(arguments.scalars):
            tf.summary.scalar(tags[step % len(tags)], step * 0.1, step=step)
        writer.close()
    return start, tf.__version__


def write_tensorboard_x():
    import tensorboardX

    writer = tensorboardX.SummaryWriter(arguments.folder)
    start = time.perf_counter()
    for step in range(arguments.scalars):
        writer.add_scalar(tags[step % len(tags)], step * 0.1, step)
    writer.close()
    return start, tensorboardX.__version__


def write_tensorboard():
    """The writer behind torch.utils.tensorboard, with the messages that PyTorch hands to it."""
    import tensorboard
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(arguments.folder)
    start = time.perf_counter()
    for step in range(arguments.scalars):
        summary = Summary(value=[Summary.Value(tag=tags[step % len(tags)], simple_value=step * 0.1)])
        writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))
    writer.close()
    return start, tensorboard.__version__


def read():
    import tensorboard
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    start = time.perf_counter()
    accumulator = EventAccumulator(arguments.folder, size_guidance={'scalars': 0})
    accumulator.Reload()
    arguments.scalars = sum(len(accumulator.Scalars(tag)) for tag in accumulator.Tags()['scalars'])
    return start, tensorboard.__version__


start, version = {'tensorflow': write_tensorflow, 'tensorboardX': write_tensorboard_x, 'tensorboard': write_tensorboard, 'read': read}[arguments.what]()
if arguments.what != 'read':
    synced(arguments.folder)
print(json.dumps({'version': version, 'scalars': arguments.scalars, 'seconds': time.perf_counter() - start}))
