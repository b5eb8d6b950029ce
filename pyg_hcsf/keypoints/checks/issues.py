r"""The reasons to doubt keypoints, one function for each kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pyg_hcsf.keypoints.checks import evidence
from pyg_hcsf.keypoints.checks.aspect import log_stretch
from pyg_hcsf.keypoints.checks.body import FITS, LONG, fit_layout, misfit
from pyg_hcsf.keypoints.checks.sides import LEAST, tell_sides
from pyg_hcsf.keypoints.convert import common_names, map_tracks
from pyg_hcsf.keypoints.joint_names import candidates
from pyg_hcsf.keypoints.orient import rotate_keypoints
from pyg_hcsf.keypoints.track import Keypoints

# Limits, chosen so that few files without a mistake are beyond them; how many
# experiments/bench/keypoint_checks.py tells.
SMALLEST = 10.0  # pixels that someone measures in some frame
OUTSIDE = 0.3  # of the joints are not in the image
# Joints of more confidence than this are in the image, but for so many, and
# ten times as many as in the same image on its side.
SURE, TURNED = 0.3, 0.05
# Logarithms of the factor that images are stretched by: a hint where limbs
# are seen in many frames, and a reason to refuse the file.
STRETCHED, CERTAIN = 0.6, 0.8
# People move by so many of their sizes from frame to frame, and that part of
# how far they move at all; or so many are in one frame only.
STEP, UNRELATED, ALONE = 0.5, 0.6, 0.8
FLIP = np.array([1.0, -1.0])  # of y
LYING, UPSIDE_DOWN = 0.88, -0.7  # parts of the body's length
JUMPS = 0.015  # of the frames
UNSURE = 0.15  # of a confidence of 1
LEFT_RIGHT = -1.25  # of the network's logits: all joints
SIDES, MOST = 0.3, 0.85  # gain in log likelihood, in that share of frames
HEAD = 0.9  # of the length of the torso
FACE = -0.9  # the first, and twice how well ears and shoulders agree


@dataclass(frozen=True)
class Issue:
    r"""A reason to believe that keypoints are not what they are said to be.

    Args:
        kind (str): What may have happened, in a word or two.
        reason (str): What was seen.
        remedy (str): What to do.
        value (float): The evidence, the number that was found to be too
            large or too small.
        certain (bool, optional): Whether it is a reason to refuse the file;
            if not, look at it. (default: :obj:`True`)
    """

    kind: str
    reason: str
    remedy: str
    value: float
    certain: bool = True

    def __str__(self) -> str:
        return f'{self.kind}: {self.reason}; {self.remedy}'


def pixel_issues(keypoints: Keypoints) -> Iterator[Issue]:
    r"""Whether coordinates are pixels of the image."""
    if (person := evidence.person_size(keypoints)) < SMALLEST:
        yield Issue(
            'not pixels',
            f'the largest person measures {person:.2g} pixels, as where '
            'coordinates are parts of the image',
            'multiply them by the size of the image'
            if evidence.outside(keypoints, None, margin=0.0) < OUTSIDE
            else 'undo what the detector or you did to pixels: for a range '
            'from -1 to 1, (x + 1) * width / 2, and y in the same way',
            person,
        )
        return
    size = keypoints.image_size
    share = evidence.outside(keypoints, size, SURE)
    if size is not None and share > TURNED:
        turned = size[::-1]
        if share > 10 * evidence.outside(keypoints, turned, SURE):
            yield Issue(
                'size',
                f'{share:.0%} of the joints are not in an image of '
                '{:g} x {:g} pixels, but in one of {:g} x {:g}, as of a '
                'portrait video'.format(*size, *turned),
                'pass image_size=({:g}, {:g})'.format(*turned),
                share,
            )
            return
    if (share := evidence.outside(keypoints, size)) > OUTSIDE:
        where = (
            'have negative coordinates'
            if size is None
            else 'are not in the image of {:g} x {:g} pixels'.format(*size)
        )
        flipped = map_tracks(keypoints, lambda t: replace(t, xy=t.xy * FLIP))
        up = share > 10 * evidence.outside(flipped, size)
        yield Issue(
            'outside',
            f'{share:.0%} of the joints {where}',
            'change the sign of y, which points up'
            if up
            else "pass the 'image_size' of the video the detector was given, "
            'and pixels from its upper left corner, y down',
            share,
        )


def orientation_issues(keypoints: Keypoints) -> Iterator[Issue]:
    r"""Whether people stand upright."""
    x, y = evidence.direction(keypoints)
    if abs(x) > LYING:
        degrees = 90 if x > 0 else 270
        other = 'x and y were exchanged', 'exchange them back'
        yield Issue(
            'lying',
            'people lie in nearly all frames, as where the camera was turned '
            'by 90 degrees' + ' or x and y are exchanged' * (x > 0),
            _turn(keypoints, degrees, other if x > 0 else None)
            + '; if they do lie, the file is right',
            x,
        )
    elif y < UPSIDE_DOWN:
        other = 'y points up', 'subtract y from the height of the image'
        yield Issue(
            'upside down',
            'people are upside down in most frames, as where the camera was '
            'turned by 180 degrees or y points up',
            _turn(keypoints, 180, other),
            y,
        )


def _turn(
    keypoints: Keypoints, degrees: int, other: tuple[str, str] | None
) -> str:
    r"""The advice to turn people upright, and what else may have happened:
    that first, if they stand and move as in a mirror once they are turned.
    """
    turn = (
        f'turn them clockwise by rotate_keypoints(keypoints, {degrees}) '
        f'(lift.py --rotate {degrees})'
    )
    if other is None:
        return turn
    reason, remedy = other
    sides = tell_sides(rotate_keypoints(keypoints, degrees))
    if sides.frames >= LEAST and sides.left < LEFT_RIGHT:
        return f'{remedy}, as probably {reason}; if not, {turn}'
    return f'{turn}, unless {reason} when the file was written: then {remedy}'


def layout_issues(keypoints: Keypoints) -> Iterator[Issue]:
    r"""Whether limbs are a body's, in an image of the right shape."""
    layout = keypoints.layout
    value = misfit(keypoints.tracks, layout)
    far = evidence.head_distance(keypoints)
    names = candidates(len(common_names(layout)))
    better = fit_layout(keypoints.tracks, names) if len(names) > 1 else layout
    stretch = log_stretch(keypoints.tracks, layout)
    frames = sum(len(track.frames) for track in keypoints.tracks)
    limit = STRETCHED if frames >= LONG else CERTAIN
    if abs(stretch) > limit and better in (None, layout):
        even = misfit(_stretched(keypoints, -stretch).tracks, layout)
        if not value > FITS or even < value / 2:  # not, as it may be NaN
            yield _stretch_issue(keypoints, stretch)
            return
    if value > FITS or better not in (None, layout):
        reason = f'{value:.1f} standard deviations off'
    elif far > HEAD:
        value = far
        reason = f'the head is {far:.1f} torsos from the shoulders'
    else:
        return
    yield Issue(
        'layout',
        f"the proportions are not a body's in layout '{layout}' ({reason})",
        'check the order of the joints'
        if better in (None, layout)
        else f"they are in '{better}': pass layout='{better}'",
        value,
    )


def _stretched(keypoints: Keypoints, log: float) -> Keypoints:
    by = np.exp([log / 2, -log / 2])
    return map_tracks(keypoints, lambda t: replace(t, xy=t.xy * by))


def _stretch_issue(keypoints: Keypoints, log: float) -> Issue:
    wide, high = keypoints.image_size or (1.0, 1.0)
    way = 'wide' if log > 0 else 'high'
    exchanged = 2 * np.log(wide / high)  # by how much that stretches
    if exchanged and abs(log - exchanged) < abs(log) / 2:
        why = 'as where width and height of the image are exchanged'
        remedy = f'pass image_size=({high:g}, {wide:g})'
    else:
        why = 'as where images were brought to another shape for the detector'
        remedy = f'multiply x by {np.exp(-log):.2f}'
    return Issue(
        'stretched',
        f'people are about {np.exp(abs(log)):.1f} times as {way} as they '
        f'should be, {why}',
        f'{remedy}, unless the camera looks steeply down',
        log,
        certain=abs(log) > CERTAIN,
    )


def side_issues(keypoints: Keypoints) -> Iterator[Issue]:
    r"""Whether left is left, at all joints or at some."""
    sides = tell_sides(keypoints)
    if sides.frames < LEAST:
        return
    face = _face(keypoints)
    if sides.gain > SIDES and sides.share > MOST:
        joints = ', '.join(f'{joint.lower()}s' for joint in sides.joints)
        yield Issue(
            'some sides',
            "limbs look more like a body's with left and right exchanged at "
            f'the {joints} only',
            'check the order of the joints',
            sides.gain,
        )
    elif sides.left + 2 * face < FACE:
        yield Issue(
            'some sides',
            'left and right are not the same in the face and at the shoulders',
            'check the order of the joints',
            face,
        )
    elif sides.left < LEFT_RIGHT:
        yield Issue(
            'sides',
            'people stand and move as where left and right are exchanged',
            'draw the joints into the video: if they lie on its people, '
            'exchange left and right by swap_sides(keypoints); if they '
            'lie on their mirror image, subtract x from the width',
            sides.left,
            certain=False,
        )


def _face(keypoints: Keypoints) -> float:
    if 'LEar' not in common_names(keypoints.layout):
        return 1.0
    return evidence.agreement(keypoints, 'Ear', 'Shoulder')


def frame_issues(keypoints: Keypoints) -> Iterator[Issue]:
    r"""Whether frames are those of a video, and joints certain."""
    if (share := evidence.jumps(keypoints)) > JUMPS:
        yield Issue(
            'sides change',
            f'left and right change places in {share:.1%} of the frames',
            'exchange them back by fix_side_swaps (lift.py --mend)',
            share,
        )
    step, part = evidence.continuity(keypoints)
    if (step > STEP and part > UNRELATED) or (
        evidence.alone(keypoints) > ALONE
    ):
        yield Issue(
            'single images',
            'nobody moves on from one frame to the next, as in images that '
            'are not of one video or not in its order',
            'check the numbers of the frames, or lift images one by one, each '
            "with its 'image_size' and weights for single frames",
            part,
            certain=False,
        )
    if (share := evidence.frozen(keypoints)) == 1:
        yield Issue(
            'frozen',
            'nobody moves at all',
            'check that each frame was given to the detector',
            share,
        )
    if (score := evidence.confidence(keypoints)) < UNSURE:
        yield Issue(
            'unsure',
            f'the median confidence is {score:.2f}',
            'use a larger image or another detector',
            score,
        )
