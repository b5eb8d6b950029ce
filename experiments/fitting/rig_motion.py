"""Motion on the rigs of CMU, HDM05 and DAZ, and where their joints are."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pyg_hcsf.datasets.mocap.asf_amc import ASF_JOINTS, read_amc, read_asf
from pyg_hcsf.datasets.mocap.bvh.reader import DAZ_JOINTS
from pyg_hcsf.datasets.mocap.bvh_motion import bvh_files, read_bvh_clip
from pyg_hcsf.datasets.mocap.joint_positions import to_h36m17
from pyg_hcsf.geometry.bodies.frames import (
    JOINT,
    joints_first,
    leg_length,
    unit,
)
from pyg_hcsf.skeleton import H36M17

CLIPS, STRIDE = 5, 12  # clips per person, and frames between two
PARENTS = list(H36M17.parents)


def skeleton_files(root: Path, number: int) -> tuple[Any, list[Any]]:
    """The ASF file and some AMC files of a person of CMU."""
    person = f'{number:02}'
    folder: Any = root / 'cmu' / 'asfamc' / person
    if not folder.exists():
        archive = zipfile.ZipFile(root / 'cmu_people' / 'allasfamc.zip')
        folder = zipfile.Path(archive, f'all_asfamc/subjects/{person}/')
    files = sorted(folder.iterdir(), key=lambda path: path.name)
    clips = [path for path in files if path.name.endswith('.amc')]
    return folder / f'{person}.asf', clips[:CLIPS]


def asf_motion(asf_file: Any, clips: list[Any]) -> tuple[Tensor, Tensor]:
    """The joints at rest ``[17, 3]`` and in motion ``[T, 17, 3]``."""
    asf = read_asf(asf_file, *clips[:1])
    rest = np.zeros((1, asf.num_channels))
    motion = [rest] + [read_amc(path, asf)[::STRIDE] for path in clips]
    joints = asf.joint_positions(np.concatenate(motion))
    pos = torch.from_numpy(to_h36m17(joints, asf.joints, ASF_JOINTS))
    return pos[0], pos[1:]


def daz_motion(root: Path) -> Tensor:
    """CMU 60, 61 and 94 on the DAZ rig."""
    out = []
    for folder in ('salsa', 'indian'):
        raw = root / 'cmu' / 'bvh' / folder
        for path in bvh_files(raw)[:CLIPS]:
            clip = read_bvh_clip(
                path,
                raw,
                joint_map=DAZ_JOINTS,
                scale=10.0,
                up='y',
                source_fps=60.0,
                subject='DAZ',
                action=folder,
            )
            out.append(torch.from_numpy(clip.joints[::STRIDE]))
    return torch.cat(out)


def hdm05_motion(root: Path) -> Tensor:
    """Some clips of HDM05's training people."""
    out = []
    for actor in ('bd', 'bk', 'dg', 'tr'):
        clips = sorted((root / 'hdm05').rglob(f'HDM_{actor}_*.amc'))
        asf = root / 'hdm05' / f'HDM_{actor}.asf'
        out.append(asf_motion(asf, clips[:: len(clips) // CLIPS])[1])
    return torch.cat(out)


def upright(pos: Tensor) -> Tensor:
    """The frames of a person who stands upright with arms down."""
    at = {name: pos[:, i] for name, i in JOINT.items()}
    middle = (at['LShoulder'] + at['RShoulder']) / 2
    chosen = unit(middle - at['Hip'])[:, 2] > 0.97
    chosen &= unit(at['Head'] - at['Hip'])[:, 2] > 0.96
    for side in 'LR':
        chosen &= (at[f'{side}Shoulder'] - at[f'{side}Elbow'])[:, 2] > 120
    return pos[chosen]


def straight(pos: Tensor) -> Tensor:
    """The mean body over the length of a leg: forward, left and up from the
    hips, as it stands upright with arms and legs down ``[17, 3]``.
    """
    middle = pos[:, [JOINT['LShoulder'], JOINT['RShoulder']]].mean(dim=1)
    up = unit(middle - pos[:, 0])
    left = unit(pos[:, JOINT['LHip']] - pos[:, JOINT['RHip']]) + unit(
        pos[:, JOINT['LShoulder']] - pos[:, JOINT['RShoulder']]
    )
    left = unit(left - (left * up).sum(dim=-1, keepdim=True) * up)
    axes = torch.stack([torch.linalg.cross(left, up), left, up], dim=1)
    scale = legs(pos)[:, None, None]
    local = (pos - pos[:, :1]) @ axes.mT / scale
    mirror = local[:, list(H36M17.mirrored)] * local.new_tensor([1, -1, 1])
    mean = ((local + mirror) / 2).mean(dim=0)
    length = ((pos - pos[:, PARENTS]).norm(dim=-1) / scale[..., 0]).mean(dim=0)
    for joint in ('Knee', 'Foot', 'Elbow', 'Wrist'):
        for side in 'LR':
            i = JOINT[side + joint]
            mean[i] = mean[PARENTS[i]] - length[i] * mean.new_tensor([0, 0, 1])
    return mean


def legs(joints: Tensor) -> Tensor:
    """The length of the legs of poses ``[N, 17, 3]``."""
    return leg_length(joints_first(joints[:, None]))[:, 0]
