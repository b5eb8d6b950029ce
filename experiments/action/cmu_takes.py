"""The actions of CMU's people as true poses, and as poses that the shipped
weights lift from simulated videos of them.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor
from torch_geometric.data import Data

from experiments.lifting.scenes import NOISES, Noise, detect, film
from experiments.pose.data import find_openmocap
from experiments.sweep import sources
from experiments.sweep.motion import openmocap_motion, synthetic_motion
from pyg_hcsf.geometry.bodies import vary_proportions
from pyg_hcsf.lifting import Lifter
from pyg_hcsf.lifting.lifter_weights import HOME as WEIGHTS
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.skeleton import H36M17

FPS = 25.0
GENERATED = 'generated'
VERSION = 2  # of the takes; to be raised when they change
# Without CMU's sport (dribbling and kicking a ball), which was never right on
# validation people and had taken in half of their walking.
ACTIONS = (
    *('walk', 'run', 'jump', 'climb', 'dance', 'martial arts'),
    *('gymnastics', 'everyday'),
)
# Groups of the clip table of OpenMocap that are parts of others here.
GROUPS = {
    'playground': 'climb',
    'salsa': 'dance',
    'indian dance': 'dance',
    'depositFloorR': 'everyday',
    'elbowToKnee1RepsLelbowStart': 'gymnastics',
    'grabHighR': 'everyday',
    'hopBothLegs1hops': 'jump',
    'jogLeftCircle4StepsRstart': 'run',
    'kickLFront1Reps': 'martial arts',
    'rotateArmsBothBackward1Reps': 'gymnastics',
    'sneak2StepsLStart': 'walk',
    'squat1Reps': 'gymnastics',
}
# Trials whose description in CMU's index says more than its first words, and
# those that show several actions or none of these.
TRIALS = {
    '01_01': '',  # jumps on a playground
    '02_04': 'jump',  # jump, balance
    '14_20': 'gymnastics',  # jumping jacks, side twists
    **dict.fromkeys(('14_29', '14_30', '14_31'), 'everyday'),  # sit, stand up
    **dict.fromkeys(('14_32', '14_36'), 'everyday'),
    **dict.fromkeys(('29_02', '29_07'), 'everyday'),  # signals of a referee
    '49_21': '',  # spins on ropes
    '86_09': '',  # walk, sit, look, stand up
    '127_01': '',  # no words but the subject's
    '135_08': '',
}
SECONDS = 6.0  # of a training take, at most
TEST_SECONDS = 12.0
SPREAD = 0.08  # of random proportions
MIRROR = torch.tensor([-1.0, 1.0, 1.0])


class Take(NamedTuple):
    """Consecutive poses of a person: ``[T, 17, 3]`` in mm, z up."""

    action: str
    subject: str
    clip: str
    source: str  # 'true' or 'lifted'
    joints: Tensor


def action_of(clip: Data) -> str:
    """The action of a clip of OpenMocap; empty if it is none of them."""
    trial = clip.clip.split('.')[0]
    action = TRIALS.get(trial, GROUPS.get(clip.action, clip.action))
    return action if action in ACTIONS else ''


def labelled(root: Path, split: str) -> list[Data]:
    """The clips of a split with their actions. HDM05 is not trained on, as
    its licence would apply to the weights. The split GENERATED is motion of
    SyntheticMotion's training people.
    """
    if split == GENERATED:
        return [
            Data(
                pos=clip.pos.transpose(0, 1),
                action='walk' if 'Walk' in clip.action else 'everyday',
                **_names(clip),
            )
            for clip in synthetic_motion('train', int(SECONDS * FPS))
        ]
    clips = openmocap_motion(find_openmocap(root), split)
    return [
        Data(pos=clip.pos.transpose(0, 1), action=action, **_names(clip))
        for clip in clips
        if (action := action_of(clip))
        and (split != 'train' or clip.subject.startswith('CMU'))
        and clip.pos.size(1) >= FPS / 2
    ]


def _names(clip: Data) -> dict[str, str]:
    return {'subject': clip.subject, 'clip': clip.clip}


def draw_scenes(
    clips: Sequence[Data], count: int, rng: np.random.Generator
) -> Iterator[Data]:
    """As many random parts of clips for each action, half of them mirrored.
    People with more recordings are drawn more often, by their square root.
    """
    for action in ACTIONS:
        mine = [clip for clip in clips if clip.action == action]
        if not mine:
            continue
        people: dict[str, int] = {}
        for clip in mine:
            people[clip.subject] = people.get(clip.subject, 0) + len(clip.pos)
        share = np.array([len(c.pos) / people[c.subject] ** 0.5 for c in mine])
        for i in rng.choice(len(mine), count, p=share / share.sum()):
            pos = mine[i].pos
            length = min(len(pos), int(SECONDS * FPS))
            start = int(rng.integers(len(pos) - length + 1))
            pos = pos[start : start + length].float()
            if rng.random() < 0.5:
                pos = pos[:, list(H36M17.mirrored)] * MIRROR
            names = {'subject': mine[i].subject, 'clip': mine[i].clip}
            yield Data(pos=pos, action=action, **names)


def cut_scenes(clips: Sequence[Data]) -> Iterator[Data]:
    """All clips in parts of at most TEST_SECONDS."""
    for clip in clips:
        for i, pos in enumerate(clip.pos.split(int(TEST_SECONDS * FPS))):
            if len(pos) >= FPS / 2:
                names = {'subject': clip.subject, 'clip': f'{clip.clip}/{i}'}
                yield Data(pos=pos.float(), action=clip.action, **names)


def make_takes(
    root: Path, split: str, weights: str, count: int, seed: int = 0
) -> list[Take]:
    """Every scene of a split as true poses, and as lifted ones. Training
    bodies have random proportions and detectors random errors.
    """
    train = split in ('train', GENERATED)
    rng = np.random.default_rng(seed)
    generator = Generator().manual_seed(seed)
    clips, lifter = labelled(root, split), Lifter(weights)
    scenes = draw_scenes(clips, count, rng) if train else cut_scenes(clips)
    out = []
    for scene in scenes:
        pos = scene.pos
        names = (scene.action, scene.subject, scene.clip)
        true = pos
        if train:
            true = vary_proportions(pos[None], SPREAD, generator)[0]
        out.append(Take(*names, 'true', true))
        for _ in range(5):  # until the person is far enough from the camera
            view = film(*names[1:], pos, FPS, generator, vary=train)
            if view is not None:
                break
        else:
            continue
        noise = Noise.draw(rng) if train else NOISES[-1]
        keypoints = detect(view, noise, rng).keypoints()
        with warnings.catch_warnings():  # of keypoints that are very wrong
            warnings.filterwarnings('ignore', 'These keypoints look wrong')
            people = lifter.lift(keypoints, 'world')
        if people and len(people[0].frames) >= FPS / 2:
            lifted = torch.from_numpy(people[0].position).float()
            out.append(Take(*names, 'lifted', lifted))
    return out


def load_takes(root: Path, split: str, weights: str, count: int) -> list[Take]:
    """The same from a file, if they were made before."""
    content = repr(
        (VERSION, split, weights, count * (split in ('train', GENERATED)))
    )
    digest = hashlib.sha256(content.encode())
    for path in sorted(WEIGHTS.glob(f'{weights}_*.safetensors')):
        digest.update(path.read_bytes())
    folder = sources.HOME / 'CMUActions' / 'processed'
    path = folder / f'{split}_{digest.hexdigest()[:12]}.npz'
    if not path.is_file():
        takes = make_takes(root, split, weights, count)
        folder.mkdir(parents=True, exist_ok=True)
        made: dict[str, Any] = {
            'names': np.array([take[:4] for take in takes]),
            'lengths': np.array([len(take.joints) for take in takes]),
            'joints': torch.cat([take.joints for take in takes]).numpy(),
        }
        with atomic_write(path) as part, part.open('wb') as file:
            np.savez(file, **made)
    with np.load(path, allow_pickle=False) as arrays:
        lengths = arrays['lengths'].tolist()
        parts = torch.from_numpy(arrays['joints']).split(lengths)
        return [
            Take(action, subject, clip, source, joints)
            for (action, subject, clip, source), joints in zip(
                arrays['names'].tolist(), parts, strict=True
            )
        ]
