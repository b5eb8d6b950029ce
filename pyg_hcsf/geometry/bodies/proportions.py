r"""Data augmentation of 3D poses: random bone lengths."""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from pyg_hcsf.choices import check_choice, check_range, wrong
from pyg_hcsf.skeleton import H36M17

from .frames import JOINT
from .table import BONES, body_table

_MIN_DEPTH = 100.0  # mm in front of the camera
#: The probability of a child in the population ``'anny'``.
CHILDREN = 0.2
#: The probability of a child in each population.
POPULATIONS = {'adults': 0.0, 'children': 1.0, 'anny': CHILDREN}


class Proportions(NamedTuple):
    r"""How bone lengths vary, from :func:`parse_proportions`.

    Args:
        population (str): The people of the fitted distribution, ``'adults'``,
            ``'children'`` or ``'anny'`` (both), or ``''`` for none.
        spread (float): The standard deviation of the logarithm of additional,
            independent factors.
    """

    population: str
    spread: float


def parse_proportions(proportions: float | str) -> Proportions:
    r"""Reads a description of bone lengths.

    Args:
        proportions (float or str): The spread of independent factors such as
            :obj:`0.08`; a population; or both as in ``'anny+0.03'``.

    Raises:
        ValueError: If it is neither.

    Example:
        >>> parse_proportions('anny+0.03')
        Proportions(population='anny', spread=0.03)
    """
    first, plus, rest = str(proportions).partition('+')
    try:
        population, spread = '', float(proportions)
    except ValueError:
        population = first
        try:
            spread = float(rest) if plus else 0.0
        except ValueError as e:
            expected = "a number, a population or both as in 'anny+0.03'"
            raise wrong('proportions', expected, proportions) from e
        remedy = 'or pass a number'
        check_choice('proportions', population, tuple(POPULATIONS), remedy)
    check_range('proportions', spread, 0.0, 1.0)
    return Proportions(population, spread)


def vary_proportions(
    pos: Tensor, proportions: float | str, generator: Generator
) -> Tensor:
    r"""Scales the bones of each body by random factors, which are the same in
    all frames of a window. Joint angles are preserved.

    With a number the factors of different bones are independent, and those of
    left and right are equal. With a population their logarithms are normally
    distributed with the covariance of people: of the body model `Anny
    <https://github.com/naver/anny>`_ and of the skeletons of CMU's training
    people, both over the size of the body, so that the size stays about the
    same. Left and right differ as they do in those skeletons.

    Factors have a mean logarithm of zero (for children, their mean over that
    of adults): they multiply the lengths of a rig rather than replace them,
    because spine, thorax, neck and head are not the same points in all rigs,
    and a mean of one rig would displace those of another.

    Args:
        pos (torch.Tensor): Windows of Human3.6M's joints,
            ``[B, T, 17, 3]``.
        proportions (float or str): The standard deviation of the logarithm of
            independent factors; the population ``'adults'``, ``'children'``
            or ``'anny'`` (both, 20 % children); or both as in
            ``'anny+0.03'``.
        generator (torch.Generator): The source of random numbers.

    Raises:
        ValueError: If :obj:`proportions` is neither.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> pos = vary_proportions(pos, 'anny', generator)
    """
    population, spread = parse_proportions(proportions)
    noise = torch.randn((pos.size(0), len(BONES)), generator=generator)
    factor = (spread * noise) @ _both_sides(1.0)
    if population:
        factor = factor + _draw(len(pos), POPULATIONS[population], generator)
    to_bones, to_joints = _bone_matrices()
    # One matrix for each window: to bones, times factors, to joints
    change = (to_joints * factor.exp()[:, None]) @ to_bones
    return torch.einsum('bij,btjc->btic', change.to(pos), pos)


class _People(NamedTuple):
    r"""The distribution of the logarithms of factors: ``[2, 10]`` and ``[2,
    10, 10]`` of adults and children, and of left over right, ``[10]``.
    """

    mean: Tensor
    root: Tensor
    asymmetry: Tensor


@lru_cache(maxsize=1)
def _people() -> _People:
    table = body_table()['lengths']
    groups = [table['adults'], table['children']]
    mean, spread, correlation = (
        torch.tensor([group[key] for group in groups])
        for key in ('mean', 'spread', 'correlation')
    )
    values, vectors = torch.linalg.eigh(correlation)
    root = spread[..., None] * vectors * values.clamp(min=0).sqrt()[:, None]
    return _People(mean, root.mT, torch.tensor(table['asymmetry']))


def _draw(size: int, children: float, generator: Generator) -> Tensor:
    r"""The logarithms of factors of all bones, ``[B, 17]``."""
    people = _people()
    shape = (size, len(BONES))
    group = (torch.rand(size, generator=generator) < children).long()
    noise = torch.randn((size, 1, len(BONES)), generator=generator)
    bones = people.mean[group] + (noise @ people.root[group])[:, 0]
    ratio = people.asymmetry * torch.randn(shape, generator=generator)
    return bones @ _both_sides(1.0) + ratio / 2 @ _both_sides(-1.0)


@lru_cache(maxsize=2)
def _both_sides(right: float) -> Tensor:
    r"""A matrix ``[10, 17]`` from each bone to the joint that it leads to on
    the left (1) and on the right.
    """
    matrix = torch.zeros(len(BONES), H36M17.num_joints)
    for row, joints in zip(matrix, BONES.values(), strict=True):
        for joint in joints:
            row[JOINT[joint]] = right if joint[0] == 'R' else 1.0
    return matrix


@lru_cache(maxsize=1)
def _bone_matrices() -> tuple[Tensor, Tensor]:
    r"""The matrices ``[17, 17]`` from joints to bones, where bone j leads from
    the parent of joint j to joint j, and from bones to joints, which are the
    sums of the bones on the path from the root.
    """
    bones = torch.eye(H36M17.num_joints)
    for joint, parent in enumerate(H36M17.parents):
        if parent >= 0:
            bones[joint, parent] = -1.0
    return bones, torch.linalg.inv(bones)


def vary_bodies(
    x: Tensor,
    y: Tensor,
    proportions: float | str,
    focal: Tensor,
    generator: Generator,
) -> tuple[Tensor, Tensor]:
    r"""Applies :func:`vary_proportions` to the person of each lifting window,
    at the same root position in the same camera.

    Keypoints move as far as the projections of their joints do, so that
    detector errors and lens distortion are preserved:

    .. math::
        \mathbf{x}^{\prime} = \mathbf{x} + \mathbf{f}
        \left( \tfrac{(X^{\prime}, Y^{\prime})}{Z^{\prime}} -
        \tfrac{(X, Y)}{Z} \right)

    A window is left unchanged if a joint would have a depth below 10 cm.

    Args:
        x (torch.Tensor): Keypoints ``[B, T, 17, 2]`` in pixels.
        y (torch.Tensor): Their joints :math:`(X, Y, Z)` in the camera frame
            in millimetres, absolute, ``[B, T, 17, 3]``.
        proportions (float or str): See :func:`vary_proportions`.
        focal (torch.Tensor): The focal lengths :math:`\mathbf{f}` in pixels,
            ``[B, 1, 1, 2]``.
        generator (torch.Generator): The source of random numbers.

    Returns:
        tuple[Tensor, Tensor]: The new keypoints and joints.

    Example:
        >>> x, y = vary_bodies(x, y, 'anny', focal, torch.Generator())
    """
    other = vary_proportions(y, proportions, generator)
    near = (other[..., 2] < _MIN_DEPTH).flatten(1).any(dim=1)
    other = torch.where(near[:, None, None, None], y, other)
    plane, plane_before = (p[..., :2] / p[..., 2:] for p in (other, y))
    return x + (plane - plane_before) * focal.to(x), other
