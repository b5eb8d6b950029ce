"""Fits the table of pyg_hcsf.geometry.bodies, and writes it into the library.

    pip install anny  # the body model, 0.6.2: Apache 2.0, assets CC0
    python -m experiments.fitting.bodies --root $PYG_HCSF_DATA

It takes 2 minutes. Of motion capture it reads CMU's training people of
openmocap, version 2. HDM05 is left out of the table, as its licence would
apply to it; its rig is printed to compare.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from scipy.stats import multivariate_normal
from torch import Tensor

from experiments.fitting.anny_people import (
    ADULTS,
    CHILDREN,
    TRUNK,
    AnnyModel,
    People,
)
from experiments.fitting.body_keypoints import (
    fit_face,
    fit_feet,
    fit_limits,
    fit_points,
    rounded,
)
from experiments.fitting.rig_motion import (
    PARENTS,
    asf_motion,
    daz_motion,
    hdm05_motion,
    legs,
    skeleton_files,
    straight,
    upright,
)
from experiments.sweep.sources import data_home
from pyg_hcsf.cli.command import CommandParser, log, run_command
from pyg_hcsf.geometry.bodies import table
from pyg_hcsf.geometry.bodies.frames import JOINT
from pyg_hcsf.safe_io.atomic_write import atomic_write

PATH = Path(table.__file__).with_name('bodies.yaml')
CMU = (1, 2, 6, 7, 8, 10, 11, 14, 32, 35, 38, 43, 49)
PEOPLE = 3000  # of Anny, per group
# The candidates of the covariance: the weight of Anny in people, and the
# spread of errors of the lengths in motion capture.
WEIGHTS = (1, 2, 3, 6, 12, 30, 1000)
ERRORS = (0.0, 0.02, 0.04, 0.05, 0.06, 0.08)
HEADER = """\
# Written by experiments/fitting/bodies.py. Sources: the body model Anny 0.6.2
# (Apache 2.0, assets CC0); skeletons and motion of CMU's training people: "The
# data used in this project was obtained from mocap.cs.cmu.edu. The database
# was created with funding from NSF EIA-0196217."
# lengths: logarithms of bone lengths over the size of the body. points, face
# and rigs: forward, left, up, over the length of a leg.
"""


def log_lengths(pos: Tensor) -> tuple[Tensor, Tensor]:
    """The logarithms of bone lengths over the size of the body, mean of both
    sides, and of left over right, 0 for single bones: ``[N, 10]``.
    """
    length = (pos - pos[:, PARENTS]).norm(dim=-1)
    sides = [
        length[:, [JOINT[joint] for joint in joints]].log()
        for joints in table.BONES.values()
    ]
    mean = torch.stack([side.mean(dim=1) for side in sides], dim=1)
    size = length[:, [JOINT[name] for name in TRUNK]].sum(dim=1)
    ratio = [side[:, 0] - side[:, -1] for side in sides]
    size = (size + legs(pos)).log()
    return mean - size[:, None], torch.stack(ratio, dim=1)


def likelihood(people: np.ndarray, prior: np.ndarray, weight: float) -> float:
    """The mean log-likelihood of each person by all the others."""
    total = 0.0
    for i in range(len(people)):
        others = np.delete(people, i, axis=0)
        cov = posterior(others, prior, weight) * (1 + 1 / len(others))
        cov += 1e-6 * np.eye(len(cov))
        normal = multivariate_normal(others.mean(axis=0), cov)
        total += normal.logpdf(people[i])
    return total / len(people)


def posterior(
    people: np.ndarray, prior: np.ndarray, weight: float
) -> np.ndarray:
    """The covariance of people, with a prior that counts as some people: the
    mean of an inverse Wishart distribution.
    """
    count = len(people) - 1
    cov = np.cov(people.T)
    return (weight * prior + count * cov) / (weight + count)


def fit_lengths(people: Tensor, groups: dict[str, Tensor]) -> dict[str, Any]:
    """The distribution of bone lengths of each group of Anny's people, with
    the people of motion capture.
    """
    cmu, eye = people.numpy(), np.eye(len(table.BONES))
    cov = {k: np.cov(x.T.numpy()) for k, x in groups.items()}
    scores = {
        (weight, error): likelihood(
            cmu, cov['adults'] + error**2 * eye, weight
        )
        for weight in WEIGHTS
        for error in ERRORS
    }
    best = max(scores, key=lambda key: scores[key])
    for (weight, error), score in scores.items():
        log(f'weight {weight}, errors {error}: {score:.2f}')
    for spread in (0.03, 0.05, 0.08):
        score = likelihood(cmu, spread**2 * eye, 1e9)
        log(f'independent, {spread}: {score:.2f}')
    log(f'best: {best}')
    base = groups['adults'].mean(dim=0)
    out: dict[str, Any] = {'bones': list(table.BONES)}
    for name, x in groups.items():
        full = posterior(cmu, cov[name] + best[1] ** 2 * eye, best[0])
        deviation = np.sqrt(np.diag(full))
        out[name] = {
            'mean': rounded(x.mean(dim=0) - base),
            'spread': rounded(deviation),
            'anny': rounded(np.sqrt(np.diag(cov[name]))),
            'correlation': rounded(full / deviation / deviation[:, None], 3),
        }
    return out


def fit_rigs(rigs: dict[str, Tensor]) -> dict[str, Any]:
    """How far apart the joints of rigs are: the standard deviation."""
    names = [name for name in JOINT if name[0] != 'R' and name != 'Hip']
    for name in names:
        at = {k: rounded(v[JOINT[name]], 3) for k, v in rigs.items()}
        log(f'{name.removeprefix("L")}: {at}')
    used = torch.stack([v for k, v in rigs.items() if k != 'hdm05'])
    spread = used.std(dim=0)
    for name in names:
        # Limbs differ along their bones only: hips do not displace knees.
        if name[1:] in ('Knee', 'Foot', 'Elbow', 'Wrist'):
            spread[JOINT[name], :2] = 0
    return {
        name.removeprefix('L'): rounded(spread[JOINT[name]]) for name in names
    }


def main() -> None:
    """Fits and writes the table."""
    parser = CommandParser(
        prog='python -m experiments.fitting.bodies', description=__doc__
    )
    parser.add_argument('--root', help='the raw files')
    root = data_home(parser.parse_args().root)
    torch.manual_seed(0)
    rest, people = [], []
    for person in CMU:
        asf, clips = skeleton_files(root, person)
        at_rest, motion = asf_motion(asf, clips)
        rest.append(at_rest)
        chosen = upright(motion)
        if len(chosen) > 30:
            people.append(straight(chosen))
    cmu = torch.stack(people).mean(dim=0).float()
    heights = cmu[[JOINT[name] for name in TRUNK], 2]
    model = AnnyModel()
    groups = {'adults': ADULTS, 'children': CHILDREN}
    still = {k: model.sample(v, PEOPLE, False) for k, v in groups.items()}
    lengths, ratio = {}, log_lengths(torch.stack(rest))[1]
    for name, x in still.items():
        lengths[name] = log_lengths(x.joints(heights))[0].double()
        log_facts(name, x, heights)
    anny = straight(still['adults'].joints(heights))
    own = straight(still['adults'].own_joints())
    rigs = {
        'cmu': cmu,
        'daz': straight(upright(daz_motion(root))).float(),
        'anny': own,
        'hdm05': straight(upright(hdm05_motion(root))).float(),
    }
    moved = model.sample(ADULTS, PEOPLE, True)
    fitted = fit_lengths(log_lengths(torch.stack(rest))[0], lengths)
    out = {
        'lengths': {**fitted, 'asymmetry': rounded(ratio.std(dim=0))},
        'points': fit_points(model, moved, heights, anny - cmu),
        'limits': fit_limits(model, still['adults']),
        'feet': fit_feet(model, still['adults'], heights),
        'face': fit_face(model, still['adults'], cmu),
        'rigs': fit_rigs(rigs),
    }
    text = yaml.safe_dump(out, sort_keys=False, default_flow_style=None)
    with atomic_write(PATH) as path:
        Path(path).write_text(HEADER + text, encoding='utf-8')


def log_facts(name: str, people: People, heights: Tensor) -> None:
    """Logs the spread of bone lengths over the height of people."""
    pos = people.joints(heights)
    length = (pos - pos[:, PARENTS]).norm(dim=-1) / people.stature[:, None]
    at = {
        bone: length[:, JOINT[joints[0]]].log()
        for bone, joints in table.BONES.items()
    }
    spread = {bone: round(float(100 * x.std()), 1) for bone, x in at.items()}
    both = torch.corrcoef(torch.stack([at['thigh'], at['upper_arm']]))[0, 1]
    log(f'{name}, % over height: {spread}; thigh, upper arm: {both:.2f}')


if __name__ == '__main__':
    run_command(main)
