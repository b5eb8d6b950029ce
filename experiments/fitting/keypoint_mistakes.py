"""Typical mistakes in keypoint files, such as swapped left and right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pyg_hcsf.keypoints import (
    Keypoints,
    Track,
    common_names,
    rotate_keypoints,
)
from pyg_hcsf.keypoints.layouts import layouts_with
from pyg_hcsf.keypoints.track import map_tracks
from pyg_hcsf.skeleton import get_skeleton

LEGS, ARMS = ('Hip', 'Knee', 'Ankle'), ('Shoulder', 'Elbow', 'Wrist')
# Returns None where the change would be no mistake.
Mistake = Callable[[Keypoints, np.random.Generator], Keypoints | None]


def _image_size(k: Keypoints) -> tuple[float, float]:
    assert k.image_size is not None
    return k.image_size


def _xy(change: Callable) -> Mistake:
    """A mistake that changes coordinates, given them and the image size."""

    def mistake(k: Keypoints, rng: np.random.Generator) -> Keypoints:
        size = np.array(k.image_size)
        return map_tracks(k, lambda t: replace(t, xy=change(t.xy, size)))

    return mistake


def _order(find: Callable[[str, int], list[int] | None]) -> Mistake:
    """A mistake that changes the order of joints."""

    def mistake(k: Keypoints, rng: np.random.Generator) -> Keypoints | None:
        names = common_names(k.layout)
        order = find(k.layout, len(names))
        if order is None or order == list(range(len(names))):
            return None
        return map_tracks(
            k, lambda t: replace(t, xy=t.xy[:, order], score=t.score[:, order])
        )

    return mistake


def swap(*parts: str) -> Mistake:
    """Swaps left and right, of the named joints or of all."""

    def find(layout: str, number: int) -> list[int]:
        mirrored = get_skeleton(layout).mirrored
        names = common_names(layout)
        return [
            mirrored[i] if not parts or names[i][1:] in parts else i
            for i in range(number)
        ]

    return _order(find)


def swap_body(layout: str, number: int) -> list[int] | None:
    """Swaps left and right of all joints but the face."""
    names = common_names(layout)
    if 'LEar' not in names:
        return None
    order = list(get_skeleton(layout).mirrored)
    for i, name in enumerate(names):
        if name[1:4] in ('Eye', 'Ear', 'Mou'):
            order[i] = i
    return order


def swap_frames(k: Keypoints, rng: np.random.Generator) -> Keypoints:
    """Swaps left and right in runs of frames, 10 to 50 % of all frames."""
    order = list(get_skeleton(k.layout).mirrored)

    def change(t: Track) -> Track:
        number = len(t.frames)
        wrong = np.zeros(number, dtype=bool)
        share = rng.uniform(0.1, 0.5)
        while wrong.mean() < share:
            start = rng.integers(number)
            wrong[start : start + rng.integers(1, 15)] = True
        xy, score = t.xy.copy(), t.score.copy()
        xy[wrong] = xy[wrong][:, order]
        score[wrong] = score[wrong][:, order]
        return replace(t, xy=xy, score=score)

    return map_tracks(k, change)


def confused(k: Keypoints, rng: np.random.Generator) -> Keypoints:
    """Swaps shanks or forearms in about half of the frames in which people are
    in side view, as detectors do. This is no mistake of the file.
    """
    names = common_names(k.layout)

    def change(t: Track) -> Track:
        xy = t.xy.copy()
        sides = [
            [names.index(f'{side}Shoulder'), names.index(f'{side}Hip')]
            for side in 'LR'
        ]
        across = np.linalg.norm(xy[:, sides[0]] - xy[:, sides[1]], axis=-1)
        middle = (xy[:, sides[0]] + xy[:, sides[1]]) / 2
        torso = np.linalg.norm(middle[:, 0] - middle[:, 1], axis=-1)
        side_view = across[:, 1] < torso / 4
        for part in (LEGS[1:], ARMS[1:]):
            wrong = np.zeros(len(xy), dtype=bool)
            while wrong.mean() < 0.5:
                start = rng.integers(len(xy))
                wrong[start : start + rng.integers(1, 12)] = True
            for name in part:
                pair = [names.index(side + name) for side in 'LR']
                at = np.ix_(wrong & side_view, pair)
                xy[at] = xy[at][:, ::-1]
        return replace(t, xy=xy)

    return map_tracks(k, change)


def other_layout(k: Keypoints, rng: np.random.Generator) -> Keypoints | None:
    """Takes the joints for another layout with as many joints."""
    number = len(common_names(k.layout))
    others = [name for name in layouts_with(number) if name != k.layout]
    return replace(k, layout=rng.choice(others)) if others else None


def frozen(k: Keypoints, rng: np.random.Generator) -> Keypoints:
    """Repeats the first frame."""

    def change(t: Track) -> Track:
        return replace(
            t,
            xy=np.repeat(t.xy[:1], len(t.xy), axis=0),
            score=np.repeat(t.score[:1], len(t.xy), axis=0),
        )

    return map_tracks(k, change)


def uncertain(k: Keypoints, rng: np.random.Generator) -> Keypoints:
    """Divides confidences by 10, as if the detector were guessing."""
    return map_tracks(k, lambda t: replace(t, score=t.score * 0.1))


def shuffled(k: Keypoints, rng: np.random.Generator) -> Keypoints:
    """Shuffles the joints."""
    order = rng.permutation(len(common_names(k.layout)))
    return map_tracks(
        k, lambda t: replace(t, xy=t.xy[:, order], score=t.score[:, order])
    )


def turned(degrees: int) -> Mistake:
    """Rotates the image, as if the camera lay on its side or upside down."""
    return lambda k, rng: rotate_keypoints(k, degrees)


def size_exchanged(k: Keypoints, rng: np.random.Generator) -> Keypoints | None:
    """Swaps width and height of the image size."""
    wide, high = _image_size(k)
    square = 0.9 < wide / high < 1.1  # no mistake then
    return None if square else replace(k, image_size=(high, wide))


def stretched(power: float) -> Mistake:
    """Stretches x relative to y by ``(16 / 9) ** power``."""
    log = power * np.log(16 / 9) / 2
    return _xy(lambda xy, size: xy * np.exp([log, -log]))


def single_images(k: Keypoints, rng: np.random.Generator) -> Keypoints:
    """Shuffles frames and positions, as for unrelated images."""
    wide, high = _image_size(k)

    def change(t: Track) -> Track:
        order = rng.permutation(len(t.frames))
        shift = rng.uniform(-0.2, 0.2, (len(order), 1, 2)) * (wide, high)
        return replace(t, xy=t.xy[order] + shift, score=t.score[order])

    return map_tracks(k, change)


MISTAKES: dict[str, Mistake] = {
    'turned by 90 degrees': turned(90),
    'turned by 180 degrees': turned(180),
    'turned by 270 degrees': turned(270),
    'size exchanged': size_exchanged,
    'portrait as landscape': stretched(2),
    'landscape as portrait': stretched(-2),
    'crops of another shape': stretched(1),
    'single images': single_images,
    'x and y exchanged': _xy(lambda xy, size: xy[..., ::-1]),
    'y up, from below': _xy(lambda xy, size: (0, size[1]) + xy * (1, -1)),
    'y negative': _xy(lambda xy, size: xy * (1, -1)),
    'fractions of the size': _xy(lambda xy, size: xy / size),
    'between -1 and 1': _xy(lambda xy, size: xy / size * 2 - 1),
    'relative to the hip': _xy(
        lambda xy, size: xy - np.nanmean(xy, axis=1, keepdims=True)
    ),
    'for twice the image size': _xy(lambda xy, size: xy * 2),
    'another layout': other_layout,
    'joint indices off by one': _order(lambda _, n: [n - 1, *range(n - 1)]),
    'joints shuffled': shuffled,
    'all left and right': swap(),
    'body, not face': _order(swap_body),
    'legs': swap(*LEGS),
    'arms': swap(*ARMS),
    'knees and ankles': swap(*LEGS[1:]),
    'elbows and wrists': swap(*ARMS[1:]),
    'ankles': swap('Ankle'),
    'wrists': swap('Wrist'),
    'some frames': swap_frames,
    'frozen': frozen,
    'uncertain': uncertain,
}
