"""A small network for clips of metres."""

import numpy as np
import torch

from pyg_hcsf.recognition import Recognizer, RecognizerInfo, save_recognizer

ACTIONS = ('wave', 'jog', 'sit', 'clap', 'bowl', 'push', 'kick')
MODEL = {'hidden_channels': 8, 'num_blocks': 3, 'kernel_size': 5}
MODEL |= {'out_channels': len(ACTIONS), 'layer_options': {'dynamic': {}}}


def make_info(skeleton='kinect20', bodies=1, **changes):
    """What it is, with changes."""
    options = {'normalize': {'up': None}, 'length': 16, 'fit': 'resize'}
    model = MODEL | {'num_bodies': bodies} | changes.pop('model', {})
    options |= {'window': 20} | changes
    actions = options.pop('actions', ACTIONS)
    return RecognizerInfo(skeleton, model, actions, **options)


def make_model(info, seed=0):
    """Random weights, with statistics of batch norm of their own."""
    torch.manual_seed(seed)
    model = info.build()
    n = model.skeleton.num_joints
    with torch.no_grad():
        for _ in range(3):
            model(torch.randn(8, 16, model.num_bodies, n, 3))
        for name, parameter in model.named_parameters():
            if name.endswith('scale'):  # alpha starts at zero
                parameter.fill_(0.5)
    return model.eval()


def make_recognizer(path, **changes):
    """A recogniser of a file."""
    info = make_info(**changes)
    save_recognizer(path, make_model(info), info)
    return Recognizer(path)


def make_joints(frames=60, bodies=1, joints=20, seed=0):
    """People who move smoothly, some metres away: [T, M, N, 3]."""
    rng = np.random.default_rng(seed)
    place = rng.normal(size=(1, bodies, joints, 3)) + [0, 0, 3]
    steps = rng.normal(scale=0.05, size=(frames, bodies, joints, 3))
    return (place + steps.cumsum(axis=0)).astype(np.float32)
