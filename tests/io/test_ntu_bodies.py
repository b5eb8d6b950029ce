import numpy as np
import pytest

from pyg_hcsf.io.ntu_bodies import select_bodies
from pyg_hcsf.io.ntu_skeleton import Bodies

RNG = np.random.default_rng(0)
PERSON = RNG.normal(size=(25, 3)) * (0.1, 0.5, 0.1) + (0, 0, 3)


def moving(frames, speed, shape=PERSON):
    steps = np.arange(frames)[:, None, None] * (speed, 0, 0)
    return (shape + steps).astype(np.float32).astype(float)


def bodies(num_frames, *tracks):
    """Tracks of a first frame and joints, each with a number of its own."""
    rows = (
        sorted(
            (start + t, i, joints[t])
            for i, (start, joints) in enumerate(tracks)
            for t in range(len(joints))
        )
        if tracks
        else []
    )
    frame = np.asarray([row[0] for row in rows], dtype=np.int64)
    first = np.searchsorted(frame, frame)
    return Bodies(
        num_frames,
        frame,
        np.arange(len(rows)) - first,
        np.asarray([2**63 + row[1] for row in rows], dtype=np.uint64),
        np.asarray([row[2] for row in rows]).reshape(-1, 25, 3),
    )


@pytest.mark.parametrize('recipe', ['agcn', 'ctrgcn'])
def test_one_body(recipe):
    joints = moving(20, 0.1)
    out = select_bodies(bodies(20, (0, joints)), recipe)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, joints[:, None].astype('f4'))


def test_agcn_keeps_the_two_of_largest_energy():
    slow, fast, faster, fastest, beyond = (
        moving(20, speed) for speed in (0.01, 0.2, 0.3, 0.1, 9)
    )
    given = bodies(
        20, *((0, j) for j in (slow, fast, faster, fastest, beyond))
    )
    out = select_bodies(given, 'agcn')
    np.testing.assert_array_equal(
        out, np.stack([faster, fast], 1).astype('f4')
    )


def test_agcn_leaves_empty_frames_out_of_the_energy():
    # Over all frames the one that comes and goes would have more.
    still, seldom = moving(40, 0.02), moving(3, 0.0)
    out = select_bodies(bodies(40, (0, still), (20, seldom)), 'agcn')
    np.testing.assert_array_equal(out[:, 0], still.astype('f4'))
    np.testing.assert_array_equal(out[20:23, 1], seldom.astype('f4'))
    assert not out[:20, 1].any() and not out[23:, 1].any()


def test_agcn_takes_places_in_the_frame_for_bodies():
    one, two = moving(5, 0.1), moving(6, 0.2)
    out = select_bodies(bodies(12, (0, one), (6, two)), 'agcn')
    assert out.shape == (12, 1, 25, 3)  # the fifth frame is kept, empty
    assert not out[5].any()
    np.testing.assert_array_equal(out[6:, 0], two.astype('f4'))


def test_ctrgcn_drops_short_tracks():
    long, short, enough = moving(30, 0.01), moving(11, 9), moving(12, 0.005)
    given = bodies(30, (0, long), (0, short), (0, enough))
    out = select_bodies(given, 'ctrgcn')
    np.testing.assert_array_equal(out[:, 0], long.astype('f4'))
    np.testing.assert_array_equal(out[:12, 1], enough.astype('f4'))


def test_ctrgcn_drops_furniture():
    chair = RNG.normal(size=(25, 3)) * (1, 0.1, 0.1)
    given = bodies(30, (0, moving(30, 0.01)), (0, moving(30, 9, chair)))
    out = select_bodies(given, 'ctrgcn')
    np.testing.assert_array_equal(out[:, 0], moving(30, 0.01).astype('f4'))
    assert out.shape[1] == 1
    alone = select_bodies(bodies(30, (0, moving(30, 9, chair))), 'ctrgcn')
    assert alone.shape == (30, 1, 25, 3)


def test_ctrgcn_takes_motion_without_noisy_frames():
    # Half of its frames are too wide: without them it moves less.
    noisy = moving(30, 0.05)
    noisy[::2] *= (9, 1, 1)
    calm = moving(30, 0.06)
    out = select_bodies(bodies(30, (0, noisy), (0, calm)), 'ctrgcn')
    np.testing.assert_array_equal(out[:, 0], calm.astype('f4'))
    np.testing.assert_array_equal(out[:, 1], noisy.astype('f4'))


def test_ctrgcn_joins_tracks_in_turn():
    first, second = moving(20, 0.3), moving(15, 0.2)
    other, late = moving(45, 0.05), moving(12, 0.01)
    given = bodies(45, (0, first), (25, second), (0, other), (10, late))
    out = select_bodies(given, 'ctrgcn')
    # By motion: first, other, second, late. The second is the first actor
    # again, and the last overlaps with both.
    np.testing.assert_array_equal(out[:20, 0], first.astype('f4'))
    assert not out[20:25, 0].any()
    np.testing.assert_array_equal(out[25:40, 0], second.astype('f4'))
    np.testing.assert_array_equal(out[:, 1], other.astype('f4'))


def test_ctrgcn_keeps_true_frames_and_cuts_empty_ones():
    one = moving(30, 0.1)
    given = bodies(50, (5, one))
    seen = np.ones(30, dtype=bool)
    seen[10:14] = False
    kept = np.flatnonzero(seen)
    given = given._replace(
        frame=given.frame[kept],
        slot=given.slot[kept],
        body_id=given.body_id[kept],
        joints=given.joints[kept],
    )
    partner = moving(30, 0.001)
    both = bodies(50, (5, partner))
    merged = Bodies(
        50,
        *(
            np.concatenate(pair)
            for pair in zip(given[1:3], both[1:3], strict=True)
        ),
        np.concatenate([given.body_id, both.body_id + np.uint64(1)]),
        np.concatenate([given.joints, both.joints]),
    )
    out = select_bodies(merged, 'ctrgcn')
    assert out.shape == (30, 2, 25, 3)
    np.testing.assert_array_equal(out[seen, 0], one[seen].astype('f4'))
    assert not out[~seen, 0].any()
    np.testing.assert_array_equal(out[:, 1], partner.astype('f4'))


@pytest.mark.parametrize('recipe', ['agcn', 'ctrgcn'])
def test_no_bodies(recipe):
    assert not select_bodies(bodies(4), recipe).any()


def test_unknown_recipe():
    with pytest.raises(ValueError, match="'recipe'.*'agcn'.*got 'sgn'"):
        select_bodies(bodies(1), 'sgn')
