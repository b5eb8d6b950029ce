r"""Errors of detectors that last for some frames."""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Generator, Tensor

from pyg_hcsf.skeleton import Skeleton

#: How often all sides are exchanged, those of the legs and those of the arms.
PARTS = (0.7, 0.15, 0.15)


class Spells:
    r"""What detectors do for some frames: a Markov chain of two states for
    each part of the body.

    Args:
        shape (tuple[int, int, int]): Windows, frames and joints.
        shares (tuple[float, float, float]): The shares of frames in which
            sides are exchanged, a limb is somewhere else, in one of two ways,
            and a joint is missing.
        length (float): The mean length of a spell in frames.
        generator (torch.Generator): The source of random numbers.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        shares: tuple[float, float, float],
        length: float,
        generator: Generator,
    ) -> None:
        size, frames, nodes = shape
        swap, limb, gap = shares
        every = [swap * part for part in PARTS] + [limb] * 8 + [gap] * nodes
        share = torch.tensor(every)
        state = torch.zeros((size, frames, len(every)), dtype=torch.bool)
        if any(every):
            draws = torch.rand(state.shape, generator=generator)
            # A spell ends with 1 / length, and begins as often.
            begin, end = share / (1 - share) / length, 1 / length
            state[:, 0] = draws[:, 0] < share
            for t in range(1, frames):
                before, draw = state[:, t - 1], draws[:, t]
                state[:, t] = torch.where(before, draw > end, draw < begin)
        self.swapped, self.doubled, self.short, self.missing = state.split(
            [3, 4, 4, nodes], dim=-1
        )

    def move_limbs(self, uv: Tensor, skeleton: Skeleton) -> Tensor:
        r"""Exchanges sides, and puts limbs where they are not."""
        for limb, joints in enumerate(_limbs(skeleton)):
            rows = self.doubled[..., limb].nonzero().unbind(dim=1)
            moved = joints[1:]  # not hip or shoulder
            other = [skeleton.mirrored[joint] for joint in moved]
            uv = _put(uv, rows, moved, other)
            rows = self.short[..., limb].nonzero().unbind(dim=1)
            uv = _put(uv, rows, joints[-1:], joints[-2:-1])
        limbs = _limbs(skeleton)
        legs, arms = (limbs[i] + limbs[i + 1] for i in (0, 2))
        every = list(range(skeleton.num_joints))
        for kind, joints in enumerate((every, legs, arms)):
            rows = self.swapped[..., kind].nonzero().unbind(dim=1)
            other = [skeleton.mirrored[joint] for joint in joints]
            uv = _put(uv, rows, joints, other)
        return uv


def _put(
    uv: Tensor, rows: Sequence[Tensor], to: list[int], source: list[int]
) -> Tensor:
    r"""Puts some joints of windows and frames where others are."""
    window, frame = (row[:, None] for row in rows)
    uv[window, frame, torch.tensor(to)] = uv[
        window, frame, torch.tensor(source)
    ]
    return uv


@cache
def _limbs(skeleton: Skeleton) -> list[list[int]]:
    r"""Legs and arms, from the trunk to their ends."""
    known = {
        name.replace('Ankle', 'Foot'): i
        for i, name in enumerate(skeleton.joints)
    }
    return [
        [known[side + name] for name in limb]
        for limb in (('Hip', 'Knee', 'Foot'), ('Shoulder', 'Elbow', 'Wrist'))
        for side in 'LR'
    ]


def occlusions(
    shape: tuple[int, int],
    skeleton: Skeleton,
    rate: float,
    max_hops: int,
    generator: Generator,
) -> Tensor:
    r"""Neighbouring joints that are missing from a random frame of the window
    on, ``[B, T, N]``.

    Args:
        shape (tuple[int, int]): Windows and frames.
        skeleton (Skeleton): The joints.
        rate (float): The share of windows.
        max_hops (int): The largest distance from the middle one, in bones.
        generator (torch.Generator): The source of random numbers.
    """
    size, frames = shape
    distance = skeleton.with_graph('tree').hop_distance()
    chance, hops, start = torch.rand((3, size, 1), generator=generator)
    hops = (hops * (max_hops + 1)).long()
    middle = torch.randint(len(distance), (size,), generator=generator)
    joints = (distance[middle] <= hops) & (chance < rate)
    late = torch.arange(frames) >= (start * frames).long()
    return joints[:, None] & late[..., None]
