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
VERSION = 3  # of the takes; to be raised when they change
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
    # reach up on tiptoe, between small jumps
    **dict.fromkeys(('14_07', '14_08', '14_09'), ''),
    **dict.fromkeys(('14_29', '14_30', '14_31'), 'everyday'),  # sit, stand up
    **dict.fromkeys(('14_32', '14_36'), 'everyday'),
    **dict.fromkeys(('29_02', '29_07'), 'everyday'),  # signals of a referee
    '49_05': '',  # a leap out of a run
    '49_21': '',  # spins on ropes
    '127_01': '',  # no words but the subject's
    '135_08': '',
}
# The seconds of actions in trials that show several, seen in their motion: the
# speed of the root, its height and those of the feet and hands.
PARTS = {
    '01_01': ((1.0, 7.2, 'jump'), (10.0, 15.8, 'jump'), (20.0, 22.9, 'jump')),
    '02_04': ((0.0, 2.4, 'jump'),),
    '14_06': (
        *((0.0, 4.0, 'gymnastics'), (4.4, 8.2, 'run')),
        (9.0, 44.0, 'gymnastics'),
    ),
    '14_14': (
        *((0.0, 4.0, 'gymnastics'), (4.4, 8.2, 'run')),
        (9.0, 38.0, 'gymnastics'),
    ),
    '14_20': ((0.0, 38.0, 'gymnastics'),),
    '49_04': ((0.0, 1.3, 'run'),),
    '86_01': (
        *((0.8, 4.3, 'walk'), (5.0, 9.8, 'jump'), (10.8, 15.2, 'walk')),
        *((16.5, 20.8, 'martial arts'), (21.4, 26.2, 'walk')),
        (27.0, 38.0, 'martial arts'),
    ),
    '86_09': (
        *((0.0, 8.8, 'walk'), (9.0, 30.4, 'everyday')),
        (31.0, 40.0, 'walk'),
    ),
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


def parts_of(clip: Data) -> Iterator[Data]:
    """The parts of a clip of OpenMocap that show an action; none if there is
    none. The action of most clips is that of the whole.
    """
    trial = clip.clip.split('.')[0]
    action = TRIALS.get(trial, GROUPS.get(clip.action, clip.action))
    whole = (0.0, clip.pos.size(1) / FPS, action)
    for start, stop, name in PARTS.get(trial, (whole,)):
        pos = clip.pos[:, round(start * FPS) : round(stop * FPS)]
        if name in ACTIONS and pos.size(1) >= FPS / 2:
            yield Data(
                pos=pos.transpose(0, 1),
                action=name,
                subject=clip.subject,
                clip=f'{clip.clip}-{name}',
            )


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
                subject=clip.subject,
                clip=clip.clip,
            )
            for clip in synthetic_motion('train', int(SECONDS * FPS))
        ]
    return [
        part
        for clip in openmocap_motion(find_openmocap(root), split)
        if split != 'train' or clip.subject.startswith('CMU')
        for part in parts_of(clip)
    ]


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
    kind = '' if weights == 'auto' else f'{weights}_'
    for path in sorted(WEIGHTS.glob(f'{kind}*.safetensors')):
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
