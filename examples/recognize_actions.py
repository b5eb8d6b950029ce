"""Trains a small action recogniser, saves it, and classifies new clips.

    python examples/recognize_actions.py recognizer.safetensors

The clips are generated motion: 3D joints in millimetres, z up, at 25 Hz. The
file works with `pyg-hcsf recognize --live stdin --run recognizer.safetensors`
as well; try it on examples/actions_h36m17.jsonl.
"""

import argparse
from pathlib import Path

import torch
from torch_geometric.data import Data

from pyg_hcsf import get_skeleton
from pyg_hcsf.data import ActionLoader
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.recognition import Recognizer, RecognizerInfo, save_recognizer

ACTIONS = ('Walking', 'SittingDown', 'Eating')
INFO = RecognizerInfo(
    skeleton='h36m17',
    model={
        'out_channels': len(ACTIONS),
        'hidden_channels': 8,
        'num_bodies': 1,
        'num_blocks': 3,
        'layer_options': {'short_hops': 1, 'long_hops': 2},
    },
    actions=ACTIONS,
    window=100,  # frames to classify at once in a stream
    length=50,  # frames that the network sees, resampled from the window
    fit='resize',
    fps=25.0,
    normalize={'up': 2, 'scale': 1e-3},  # z is up; millimetres to metres
)


def clips(subjects: tuple[str, ...]) -> list[Data]:
    """Makes labelled clips, `x [17, T, 3]`."""
    made = []
    for subject in subjects:
        for label, action in enumerate(ACTIONS):
            for take in (1, 2):
                clip = motion_clip(subject, action, take, num_frames=100)
                y = torch.tensor([label])
                made.append(Data(x=clip.pos, y=y, clip=clip.clip))
    return made


def train(path: Path, steps: int) -> None:
    """Trains a network on four people, and saves it."""
    align = INFO.transform()
    loader = ActionLoader(
        [align(clip) for clip in clips(('S1', 'S5', 'S6', 'S7'))],
        get_skeleton(INFO.skeleton),
        batch_size=12,
        length=INFO.length,
        fit=INFO.fit,
        random=True,
        shuffle=True,
    )
    model = INFO.build()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(steps):
        if step % len(loader) == 0:
            loader.set_epoch(step // len(loader))
            batches = iter(loader)
        batch = next(batches)
        loss = torch.nn.functional.cross_entropy(model(batch.x), batch.y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    save_recognizer(path, model, INFO)


def main(path: Path, steps: int = 100) -> float:
    """Trains, and classifies two new people; returns the accuracy."""
    torch.manual_seed(0)
    train(path, steps)
    recognizer = Recognizer(path)
    right = 0
    new = clips(('S9', 'S11'))
    for clip in new:
        label = recognizer.recognize(clip.x.transpose(0, 1))  # [T, 17, 3]
        print(
            f'{ACTIONS[clip.y]}: {label.name}, probability {label.score:.2f}'
        )
        right += label.name == ACTIONS[clip.y]
    return right / len(new)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('out', type=Path, help='.safetensors file to write')
    main(parser.parse_args().out)
