from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyg_hcsf.io.keypoints import evidence
from pyg_hcsf.io.keypoints.body import FITS, fit_layout, misfit
from pyg_hcsf.io.keypoints.convert import common_names
from pyg_hcsf.io.keypoints.names import candidates
from pyg_hcsf.io.keypoints.sides import LEAST, OUTPUTS, tell_sides
from pyg_hcsf.io.keypoints.track import Keypoints

# Limits, chosen so that few files without a mistake are beyond them; how many
# tools/bench_checks.py tells.
SMALLEST = 10.0  # pixels that someone measures in some frame
OUTSIDE = 0.3  # of the joints are not in the image
LYING, UPSIDE_DOWN = 0.88, -0.7  # parts of the body's length
JUMPS = 0.015  # of the frames
UNSURE = 0.15  # of a confidence of 1
LEFT_RIGHT = -1.25  # of the network's logits: all joints,
SIDES = (0.05, 1.0, 0.6, -0.05, 0.8)  # and those of two parts
HEAD = 0.9  # of the length of the torso
FACE = -0.9  # the first, and twice how well ears and shoulders agree


@dataclass(frozen=True)
class Doubt:
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


def check_keypoints(keypoints: Keypoints) -> list[Doubt]:
    r"""Looks for the usual mistakes in files of keypoints: coordinates that
    are not pixels, x and y exchanged, y that points up, another layout, left
    and right exchanged, in all or some joints or frames, people who do not
    move at all, and a detector that is not sure of anything.

    All people and frames are looked at together. A doubt about pixels, the
    layout or the direction of bodies is the only one, as nothing else can be
    told then. That left and right are exchanged in all joints is seen from
    perspective, the height of the camera and the direction people move in,
    and needs 10 frames that show arms and legs. It is a hint, not certain:
    it is found in some files and not in others, and where bodies are measured
    otherwise than those it was fitted on, it is often wrong; see
    ``docs/keypoints.md``.

    Args:
        keypoints (Keypoints): What :func:`read_keypoints` gave.

    Returns:
        A doubt for each mistake that is likely; none if the keypoints look
        like people.

    Example:
        >>> [doubt.kind for doubt in check_keypoints(keypoints)]
        []
    """
    for look in (_pixels, _layout, _direction):
        if doubts := list(look(keypoints)):
            return doubts
    return [doubt for look in (_sides, _frames) for doubt in look(keypoints)]


def refuse_doubtful(keypoints: Keypoints) -> None:
    r"""Refuses keypoints that :func:`check_keypoints` doubts for certain: all
    its doubts but that left and right are exchanged in all joints.

    Args:
        keypoints (Keypoints): What :func:`read_keypoints` gave.

    Raises:
        ValueError: With these doubts, and what to do.

    Example:
        >>> refuse_doubtful(read_keypoints('alphapose-results.json'))
    """
    doubts = [d for d in check_keypoints(keypoints) if d.certain]
    if doubts:
        raise ValueError(
            'These keypoints look wrong: ' + '. '.join(map(str, doubts))
        )


def _pixels(keypoints: Keypoints) -> Iterator[Doubt]:
    if (size := evidence.person_size(keypoints)) < SMALLEST:
        yield Doubt(
            'not pixels',
            f'the largest person measures {size:.2g} pixels, as where '
            'coordinates are parts of the image',
            'multiply them by the size of the image',
            size,
        )
    elif (share := evidence.outside(keypoints)) > OUTSIDE:
        where = (
            'have negative coordinates'
            if keypoints.image_size is None
            else 'are not in the image of {:g} x {:g} pixels'.format(
                *keypoints.image_size
            )
        )
        yield Doubt(
            'outside',
            f'{share:.0%} of the joints {where}',
            "pass the 'image_size' of the video the detector was given, and "
            'pixels from its upper left corner, y down',
            share,
        )


def _direction(keypoints: Keypoints) -> Iterator[Doubt]:
    x, y = evidence.direction(keypoints)
    if abs(x) > LYING:
        yield Doubt(
            'lying',
            'people lie in nearly all frames, as where x and y are exchanged '
            'or the video is turned by 90 degrees',
            'exchange x and y, or turn them, if people do not lie',
            x,
        )
    elif y < UPSIDE_DOWN:
        yield Doubt(
            'upside down',
            'people are upside down in most frames, as where y points up',
            'subtract y from the height of the image',
            y,
        )


def _layout(keypoints: Keypoints) -> Iterator[Doubt]:
    layout = keypoints.layout
    value = misfit(keypoints.tracks, layout)
    far = evidence.head_distance(keypoints)
    names = candidates(len(common_names(layout)))
    better = fit_layout(keypoints.tracks, names) if len(names) > 1 else layout
    if value > FITS or better not in (None, layout):
        reason = f'{value:.1f} standard deviations off'
    elif far > HEAD:
        value = far
        reason = f'the head is {far:.1f} torsos from the shoulders'
    else:
        return
    yield Doubt(
        'layout',
        f"the proportions are not a body's in layout '{layout}' ({reason})",
        'check the order of the joints'
        if better in (None, layout)
        else f"they are in '{better}': pass layout='{better}'",
        value,
    )


def _sides(keypoints: Keypoints) -> Iterator[Doubt]:
    logits, frames = tell_sides(keypoints)
    if frames < LEAST:
        return
    parts = zip(OUTPUTS[1:], logits[1:], SIDES, strict=True)
    wrong = [(v, pair) for pair, v, limit in parts if v < limit]
    face = _face(keypoints)
    if wrong:
        value, (a, b) = min(wrong)
        yield Doubt(
            'some sides',
            f'left and right are not the same at {a.lower()}s and '
            f'{b.lower()}s',
            'check the order of the joints',
            float(value),
        )
    elif logits[0] + 2 * face < FACE:
        yield Doubt(
            'some sides',
            'left and right are not the same in the face and at the shoulders',
            'check the order of the joints',
            face,
        )
    elif logits[0] < LEFT_RIGHT:
        yield Doubt(
            'sides',
            'people stand and move as where left and right are exchanged',
            'exchange left and right, or mirror the video if it is mirrored',
            float(logits[0]),
            certain=False,
        )


def _face(keypoints: Keypoints) -> float:
    if 'LEar' not in common_names(keypoints.layout):
        return 1.0
    return evidence.agreement(keypoints, 'Ear', 'Shoulder')


def _frames(keypoints: Keypoints) -> Iterator[Doubt]:
    if (share := evidence.jumps(keypoints)) > JUMPS:
        yield Doubt(
            'sides change',
            f'left and right change places in {share:.1%} of the frames',
            'exchange them back by mend_sides (lift.py --mend)',
            share,
        )
    if (share := evidence.frozen(keypoints)) == 1:
        yield Doubt(
            'frozen',
            'nobody moves at all',
            'check that each frame was given to the detector',
            share,
        )
    if (score := evidence.confidence(keypoints)) < UNSURE:
        yield Doubt(
            'unsure',
            f'the median confidence is {score:.2f}',
            'use a larger image or another detector',
            score,
        )
