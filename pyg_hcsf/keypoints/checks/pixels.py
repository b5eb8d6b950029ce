r"""Checks whether coordinates are pixels of the image."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from pyg_hcsf.keypoints.checks.issue import Issue
from pyg_hcsf.keypoints.track import Keypoints, map_tracks

# Limits that few files without a mistake exceed, see docs/keypoints.md.
MIN_SIZE = 10.0  # pixels of the largest person
MAX_OUTSIDE = 0.3  # share of the joints that are not in the image
# Share of the joints of at least this confidence that are not in the image;
# it must be ten times as large as in the image turned by 90 degrees.
CONFIDENT, MAX_CONFIDENT_OUTSIDE = 0.3, 0.05
FLIP_Y = np.array([1.0, -1.0])


def check_pixels(keypoints: Keypoints) -> Iterator[Issue]:
    r"""Checks whether coordinates are pixels of the image."""
    if (person := person_size(keypoints)) < MIN_SIZE:
        yield Issue(
            'not pixels',
            f'the largest person measures {person:.2g} pixels, as if '
            'coordinates were normalised',
            'multiply them by the image size'
            if share_outside(keypoints, None, margin=0.0) < MAX_OUTSIDE
            else 'convert them to pixels: from the range -1 to 1, by '
            '(x + 1) * width / 2, and y in the same way',
            person,
        )
        return
    size = keypoints.image_size
    share = share_outside(keypoints, size, CONFIDENT)
    if size is not None and share > MAX_CONFIDENT_OUTSIDE:
        other = size[::-1]
        if share > 10 * share_outside(keypoints, other, CONFIDENT):
            yield Issue(
                'size',
                f'{share:.0%} of the joints are not in an image of '
                '{:g} x {:g} pixels, but in one of {:g} x {:g}, as in a '
                'portrait video'.format(*size, *other),
                'pass image_size=({0:g}, {1:g}), or --image_size {0:g} '
                '{1:g}'.format(*other),
                share,
            )
            return
    if (share := share_outside(keypoints, size)) > MAX_OUTSIDE:
        where = 'have negative coordinates'
        if size is not None:
            where = 'are not in the image of {:g} x {:g} pixels'.format(*size)
        flipped = map_tracks(keypoints, lambda t: replace(t, xy=t.xy * FLIP_Y))
        yield Issue(
            'outside',
            f'{share:.0%} of the joints {where}',
            'change the sign of y, which points up'
            if share > 10 * share_outside(flipped, size)
            else "pass the 'image_size' of the video that the detector read, "
            'and pixels from its upper left corner, y down',
            share,
        )


def person_size(keypoints: Keypoints) -> float:
    r"""The longer side of the largest box of a person, in pixels."""
    return max(float(box_sides(t.xy).max()) for t in keypoints.tracks)


def box_sides(xy: np.ndarray) -> np.ndarray:
    r"""Width and height of the box of a person: ``[T, N, 2]`` to ``[T, 2]``,
    without missing joints.
    """
    seen = np.isfinite(xy).all(axis=-1)
    # The first seen joint stands for missing ones: it widens no box.
    first = np.take_along_axis(xy, seen.argmax(axis=1)[:, None, None], axis=1)
    return np.ptp(np.where(seen[..., None], xy, first), axis=1)


def share_outside(
    keypoints: Keypoints,
    image_size: tuple[float, float] | None,
    min_score: float = 0.0,
    margin: float = 10.0,
) -> float:
    r"""The share of joints, of a higher confidence than this, that are outside
    of the image. Without a size, these are the joints with coordinates of
    less than minus the margin.
    """
    xy = np.concatenate([t.xy[t.score > min_score] for t in keypoints.tracks])
    xy = xy[np.isfinite(xy).all(axis=1)]
    if not len(xy):
        return 0.0
    size = np.array(image_size or (np.inf, np.inf))
    # Detectors place joints that they do not see a little outside.
    edge = np.where(np.isfinite(size), size * 0.02, margin)
    return float(1 - ((xy >= -edge) & (xy <= size + edge)).all(1).mean())
