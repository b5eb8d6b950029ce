"""Measures how heads and feet turn on CMU's training people: the angles of
pyg_hcsf/geometry/bodies/keypoints.py are these, widened.

    python -m experiments.fitting.head_turns --root $PYG_HCSF_DATA

The head is the bone of the ASF skeleton in the frame of body_frames, feet are
the lines from ankle to toes in that of the shank. Takes a minute.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.fitting.bodies import CMU
from experiments.fitting.rig_motion import skeleton_files
from experiments.sweep.sources import data_home
from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.datasets.mocap.asf_amc import ASF_JOINTS, read_amc, read_asf
from pyg_hcsf.datasets.mocap.joint_positions import to_h36m17
from pyg_hcsf.geometry.bodies.frames import (
    JOINT,
    body_frames,
    joints_first,
    part_number,
    unit,
)

STRIDE, WINDOW = 5, 27  # 24 Hz; frames
NAMES = ('head yaw', 'head pitch', 'foot yaw', 'foot pitch')


def directions(asf_file: Any, amc: Any) -> list[Tensor]:
    """The directions of head and left foot in local frames, ``[3, T]``."""
    asf = read_asf(asf_file, amc)
    motion = read_amc(amc, asf)[::STRIDE]
    # A head bone that points forward shows where the head does.
    bones = tuple(
        replace(bone, offset=(0.0, 0.0, 1.0)) if bone.name == 'head' else bone
        for bone in asf.bones
    )
    ahead = replace(asf, bones=bones).joint_positions(motion)
    at = {name: i for i, name in enumerate(asf.joints)}
    head = ahead[:, at['head']] - ahead[:, at['upperneck']]
    joints = asf.joint_positions(motion)
    pos = torch.from_numpy(to_h36m17(joints, asf.joints, ASF_JOINTS))
    foot = torch.from_numpy(joints[:, at['ltoes']]) - pos[:, JOINT['LFoot']]
    axes = body_frames(joints_first(pos[None]))
    out = []
    for part, vector in (('Head', torch.from_numpy(head)), ('Shank', foot)):
        number = part_number(part, 'L')
        frame = torch.stack([axis[number, :, 0] for axis in axes])
        out.append(torch.einsum('act,tc->at', frame, unit(vector)))
    return out


def angles(asf_file: Any, amc: Any) -> Tensor:
    """The angles of NAMES in degrees, ``[4, T]``."""
    out = []
    for ahead, left, up in directions(asf_file, amc):
        out += [torch.atan2(left, ahead), up.clamp(-1, 1).asin()]
    return torch.stack(out).rad2deg()


def main() -> None:
    """Prints the means over people."""
    parser = CommandParser(
        prog='python -m experiments.fitting.head_turns', description=__doc__
    )
    parser.add_argument('--root', help='the raw files')
    root = data_home(parser.parse_args().root)
    rows = []
    for person in CMU:
        asf, clips = skeleton_files(root, person)
        if not clips:
            continue
        each = [angles(asf, path) for path in clips]
        turns = [x[:, WINDOW:] - x[:, :-WINDOW] for x in each]
        turn, both = torch.cat(turns, dim=1), torch.cat(each, dim=1)
        rate = turn.abs().median(dim=1).values if turn.numel() else None
        rate = both.mean(dim=1) * np.nan if rate is None else rate
        rows.append(torch.stack([both.mean(1), both.std(1), rate]))
    mean, within, turned = torch.stack(rows).unbind(dim=1)
    for i, name in enumerate(NAMES):
        print(
            f'{name}: mean {mean[:, i].mean():.1f}, between people '
            f'{mean[:, i].std():.1f}, within one {within[:, i].mean():.1f}; '
            f'median change in {WINDOW} frames '
            f'{turned[:, i].nanmean():.1f} degrees'
        )


if __name__ == '__main__':
    run_command(main)
