r"""Finds the body in layouts that also have hands, a face or feet."""

from collections.abc import Sequence

from pyg_hcsf.keypoints.checks.body import MAX_MISFIT, MIN_MARGIN, misfit
from pyg_hcsf.keypoints.messages import warn
from pyg_hcsf.keypoints.track import Track

# Goliath, the layout of Meta's Sapiens (goliath.py in its
# pose/configs/_base_/datasets): wrists follow the fingers.
_GOLIATH = ('coco17', (*range(9), 62, 41, *range(9, 15)))
_COCO = ('coco17', tuple(range(17)))
_HALPE = ('halpe26', tuple(range(26)))
#: By number of joints, the layout of the body and the index in the file of
#: each of its joints: COCO's body and feet, Halpe without a face, the joints
#: of Goliath without a face, COCO-WholeBody, OpenPose's BODY_135, Halpe, and
#: Goliath.
BODIES: dict[int, tuple[str, tuple[int, ...]]] = {
    23: _COCO, 68: _HALPE, 70: _GOLIATH, 133: _COCO, 135: _COCO, 136: _HALPE,
    308: _GOLIATH,
}  # fmt: skip


def pick_body(
    tracks: Sequence[Track], wanted: str | None, named: str | None
) -> tuple[str | None, tuple[Track, ...]]:
    r"""Picks the joints of the body from those of larger layouts.

    Args:
        tracks (sequence of Track): The people.
        wanted (str, optional): The layout that the user passes, if any.
        named (str, optional): The layout that the file names, if any.

    Returns:
        tuple: The layout, :obj:`None` if it is not decided here, and the
        people with its joints.
    """
    count = tracks[0].score.shape[1]
    layout, joints = BODIES.get(count, (None, ()))
    if count == 25 and named is None:
        layout, joints = _body_25b(tracks, wanted)
    if layout is None or wanted not in (None, layout):
        return wanted or named, tuple(tracks)
    return layout, tuple(t.pick_joints(list(joints)) for t in tracks)


def _body_25b(
    tracks: Sequence[Track], wanted: str | None
) -> tuple[str | None, tuple[int, ...]]:
    r"""COCO's joints if these are OpenPose's BODY_25B, which begins with
    them, and not BODY_25 with as many joints.
    """
    if wanted == 'coco17':
        return _COCO
    limbs = [track.pick_joints(list(_COCO[1])) for track in tracks]
    as_25, as_25b = misfit(tracks, 'body25'), misfit(limbs, 'coco17')
    # A comparison with NaN, for a limb that is never seen, is false.
    worse = as_25 <= as_25b + MIN_MARGIN or not as_25b <= MAX_MISFIT
    if wanted is not None or worse:
        return None, ()
    warn(
        'its limbs are those of BODY_25B, not of BODY_25, so the first 17 '
        "joints are read as COCO's"
    )
    return _COCO
