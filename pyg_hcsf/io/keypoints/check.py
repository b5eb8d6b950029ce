from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pyg_hcsf.io.keypoints.track import Keypoints

SMALLEST = 5.0  # pixels that a person measures at least
OUTSIDE = 0.1  # of the joints may be outside of the image


@dataclass(frozen=True)
class Doubt:
    r"""A reason to believe that keypoints are not what they are said to be.

    Args:
        kind (str): What may have happened, one word or two.
        reason (str): What was seen.
        remedy (str): What to do.
        value (float): The evidence, the number that the reason tells.
    """

    kind: str
    reason: str
    remedy: str
    value: float

    def __str__(self) -> str:
        return f'{self.reason}: {self.remedy}'


def check_keypoints(keypoints: Keypoints) -> list[Doubt]:
    r"""Looks for the usual mistakes in keypoints.

    Args:
        keypoints (Keypoints): What :func:`read_keypoints` gave.

    Returns:
        A doubt for each mistake that is likely, the worst first; none if the
        keypoints look like people.

    Example:
        >>> [doubt.kind for doubt in check_keypoints(keypoints)]
        []
    """
    return _ranges(keypoints)


def refuse_doubtful(keypoints: Keypoints) -> None:
    r"""Refuses keypoints that :func:`check_keypoints` doubts.

    Args:
        keypoints (Keypoints): What :func:`read_keypoints` gave.

    Raises:
        ValueError: With all doubts.

    Example:
        >>> refuse_doubtful(read_keypoints('alphapose-results.json'))
    """
    if doubts := check_keypoints(keypoints):
        raise ValueError('; '.join(map(str, doubts)))


def _ranges(keypoints: Keypoints) -> list[Doubt]:
    xy = np.concatenate([t.xy.reshape(-1, 2) for t in keypoints.tracks])
    xy = xy[np.isfinite(xy).all(axis=-1)]
    size = max(
        float(np.nanmax(np.ptp(np.nan_to_num(t.xy), axis=1), initial=0))
        for t in keypoints.tracks
    )
    if size < SMALLEST:
        return [
            Doubt(
                'normalised',
                f'people are {size:.2g} pixels large, so these are not pixels',
                'multiply by the size of the image, or write them as pixels',
                size,
            )
        ]
    width, height = keypoints.image_size or (np.inf, np.inf)
    inside = ((xy >= 0) & (xy <= (width, height))).all(axis=-1)
    share = 1 - float(inside.mean())
    if share > OUTSIDE:
        return [
            Doubt(
                'outside',
                f'{share:.0%} of the joints are outside of the image',
                "pass the right 'image_size', and pixels from its upper left "
                'corner',
                share,
            )
        ]
    return []
