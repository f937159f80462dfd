"""Writes one run with PyTorch: event files that the tests of @attune/tensorboard-logger read.

Usage: python tensorboard_samples_pytorch.py <folder>, with torch and tensorboard installed. No requirements file names torch:
it brings gigabytes, and the files are needed once.
"""
import os
import sys

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

folder = os.path.join(sys.argv[1], 'pytorch')
pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3) * 10
samples = torch.tensor([-1, 0, 0, 0.5, 1, 1, 1, 2])

board = SummaryWriter(folder, filename_suffix='.sample')
for step in range(3):
    board.add_scalar('loss', 0.1 * (step + 1), step)
    board.add_scalar('new', 0.1 * (step + 1), step, new_style=True)
    board.add_scalar('double', 0.1 * (step + 1), step, new_style=True, double_precision=True)
board.add_text('note', 'Grüße', 1)
board.add_histogram('weights', samples, 1, bins=4)
board.add_image('picture', pixels, 1, dataformats='HWC')
board.add_hparams({'rate': 0.01, 'kind': 'adam', 'flag': True}, {'hparam/accuracy': 0.5}, hparam_domain_discrete={'kind': ['adam', 'sgd']}, run_name='session')
board.close()
# Taken up again: readers are to forget the last step.
board = SummaryWriter(folder, purge_step=2, filename_suffix='.sample')
board.add_scalar('loss', 7, 2)
board.close()
