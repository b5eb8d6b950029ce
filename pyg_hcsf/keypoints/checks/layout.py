r"""Checks whether limbs have the proportions of people; if not, the joint
layout is probably wrong.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from pyg_hcsf.keypoints.checks.body import (
    LONG,
    MAX_MISFIT,
    Limbs,
    fit_layout,
    misfit,
)
from pyg_hcsf.keypoints.checks.issue import Issue
from pyg_hcsf.keypoints.checks.stretch import log_stretch
from pyg_hcsf.keypoints.layouts import common_names, layouts_with
from pyg_hcsf.keypoints.track import Keypoints, map_tracks

# Limits that few files without a mistake exceed, see docs/keypoints.md.
# Logarithms of the factor by which images are stretched: for a warning in
# videos of many frames, and for an error.
STRETCH_WARNING, STRETCH_ERROR = 0.6, 0.8
MAX_HEAD = 0.9  # distance from the shoulders in lengths of the torso


def check_layout(keypoints: Keypoints) -> Iterator[Issue]:
    r"""Checks whether limbs have the proportions of people, in this layout
    and without stretching of the image.
    """
    layout, tracks = keypoints.layout, keypoints.tracks
    value = misfit(tracks, layout)
    names = layouts_with(len(common_names(layout)))
    better = fit_layout(tracks, names) if len(names) > 1 else None
    if better == layout:
        better = None
    stretch = log_stretch(tracks, layout)
    frames = sum(len(track.frames) for track in tracks)
    limit = STRETCH_WARNING if frames >= LONG else STRETCH_ERROR
    if abs(stretch) > limit and better is None:
        # Undoes the stretch by half in x and half in y: the size stays.
        by = np.exp([-stretch / 2, stretch / 2])
        even = map_tracks(keypoints, lambda t: replace(t, xy=t.xy * by))
        # The misfit is NaN if a limb is never seen.
        if not value > MAX_MISFIT or misfit(even.tracks, layout) < value / 2:
            yield _stretch_issue(keypoints, stretch)
            return
    head = head_distance(keypoints)
    if value > MAX_MISFIT or better is not None:
        reason = f'{value:.1f} standard deviations off'
    elif head > MAX_HEAD:
        value = head
        reason = f'the head is {head:.1f} torso lengths from the shoulders'
    else:
        return
    yield Issue(
        'layout',
        f"the proportions are not those of people in layout '{layout}' "
        f'({reason})',
        'check the order of the joints'
        if better is None
        else f"they are in '{better}': pass layout='{better}'",
        value,
    )


def _stretch_issue(keypoints: Keypoints, log: float) -> Issue:
    width, height = keypoints.image_size or (1.0, 1.0)
    # The stretch if width and height were exchanged.
    exchanged = 2 * np.log(width / height)
    if exchanged and abs(log - exchanged) < abs(log) / 2:
        why = 'width and height of the image were exchanged'
        remedy = (
            f'pass image_size=({height:g}, {width:g}), or --image_size '
            f'{height:g} {width:g}'
        )
    else:
        why = 'images were brought to another shape for the detector'
        remedy = f'multiply x by {np.exp(-log):.2f}'
    return Issue(
        'stretched',
        f'people are about {np.exp(abs(log)):.1f} times as '
        f'{"wide" if log > 0 else "high"} as they should be, as if {why}',
        f'{remedy}, unless the camera looks steeply down',
        log,
        level='error' if abs(log) > STRETCH_ERROR else 'warning',
    )


def head_distance(keypoints: Keypoints) -> float:
    r"""The median distance of the head from the shoulders, in lengths of the
    torso, 0 if one is never seen.
    """
    limbs = Limbs(keypoints.tracks, keypoints.layout)
    name = next(n for n in ('Nose', 'Neck', 'Head') if n in limbs.index)
    shoulders = limbs.middle('Shoulder')
    head = np.linalg.norm(limbs.joint(name) - shoulders, axis=1)
    torso = np.linalg.norm(limbs.middle('Hip') - shoulders, axis=1)
    head, torso = head[np.isfinite(head)], torso[np.isfinite(torso)]
    if not len(head) or not len(torso):
        return 0.0
    return float(np.median(head) / (np.percentile(torso, 85) + 1e-9))
