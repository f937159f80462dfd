"""Writes one run with TensorFlow and one with tensorboardX: the event files that the tests of @attune/tensorboard-logger read.

Usage: python tensorboard_samples.py <folder>
"""
import os
import struct
import sys

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hp
from tensorboardX import SummaryWriter

folder = sys.argv[1]
pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3) * 10
samples = np.array([-1, 0, 0, 0.5, 1, 1, 1, 2], dtype=np.float64)

with tf.summary.create_file_writer(os.path.join(folder, 'tensorflow'), filename_suffix='.sample').as_default():
    for step in range(3):
        tf.summary.scalar('loss', 0.1 * (step + 1), step=step)
    tf.summary.scalar('large-step', 1.5, step=2**53 - 1)
    tf.summary.write('double', tf.constant(0.1, tf.float64), step=1, metadata=tf.compat.v1.SummaryMetadata(plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name='scalars')))
    tf.summary.text('note', 'Grüße', step=1)
    tf.summary.text('table', [['a', 'b'], ['c', 'd']], step=1)
    tf.summary.histogram('weights', samples, step=1, buckets=4)
    tf.summary.image('picture', pixels[np.newaxis], step=1)
    tf.summary.audio('sound', np.zeros([1, 10, 1], dtype=np.float32), 8000, step=1)
    hp.hparams_config(hparams=[hp.HParam('rate', hp.RealInterval(0.001, 0.1)), hp.HParam('kind', hp.Discrete(['adam', 'sgd'])), hp.HParam('flag', hp.Discrete([True, False]))], metrics=[hp.Metric('loss', display_name='Loss')])
    hp.hparams({'rate': 0.01, 'kind': 'adam', 'flag': True}, trial_id='trial-1')

# The writer of TensorFlow 1 leaves out the metadata of a tag after its first value.
with tf.Graph().as_default():
    writer = tf.compat.v1.summary.FileWriter(os.path.join(folder, 'tensorflow-1'), filename_suffix='.sample')
    for step in range(2):
        value = tf.compat.v1.Summary.Value(tag='loss', tensor=tf.make_tensor_proto(float(step), tf.float32), metadata=tf.compat.v1.SummaryMetadata(plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name='scalars')))
        writer.add_summary(tf.compat.v1.Summary(value=[value]), step)
    writer.add_session_log(tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START), 1)
    writer.close()

board = SummaryWriter(os.path.join(folder, 'tensorboardx'), filename_suffix='.sample', write_to_disk=True)
for step in range(3):
    board.add_scalar('loss', 0.1 * (step + 1), step)
board.add_scalar('nan', float('nan'), 1)
board.add_text('note', 'Grüße', 1)
board.add_histogram('weights', samples, 1, bins=4)
board.add_image('picture', pixels, 1, dataformats='HWC')
board.add_hparams({'rate': 0.01, 'kind': 'adam', 'flag': True}, {'hparam/accuracy': 0.5}, name='session')
board.add_pr_curve('curve', np.array([0, 1, 1]), np.array([0.1, 0.6, 0.9]), 1, num_thresholds=3)
board.close()
