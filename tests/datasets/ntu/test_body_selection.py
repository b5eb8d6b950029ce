import numpy as np
import pytest

from pyg_hcsf.datasets.ntu.body_selection import select_bodies
from pyg_hcsf.datasets.ntu.skeleton_parser import Bodies

RNG = np.random.default_rng(0)
PERSON = RNG.normal(size=(25, 3)) * (0.1, 0.5, 0.1) + (0, 0, 3)


def moving(frames, speed, shape=PERSON):
    steps = np.arange(frames)[:, None, None] * (speed, 0, 0)
    return (shape + steps).astype(np.float32).astype(float)


def bodies(num_frames, *tracks):
    """Builds bodies from tracks, each a pair of start frame and joints."""
    rows = sorted(
        (start + t, i, joints[t])
        for i, (start, joints) in enumerate(tracks)
        for t in range(len(joints))
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


@pytest.mark.parametrize('selection', ['agcn', 'ctrgcn', 'pyskl'])
def test_one_body(selection):
    joints = moving(20, 0.1)
    out = select_bodies(bodies(20, (0, joints)), selection)
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


def test_agcn_identifies_bodies_by_slot():
    one, two = moving(5, 0.1), moving(6, 0.2)
    out = select_bodies(bodies(12, (0, one), (6, two)), 'agcn')
    assert out.shape == (12, 1, 25, 3)  # the fifth frame is kept, empty
    assert not out[5].any()
    np.testing.assert_array_equal(out[6:, 0], two.astype('f4'))


@pytest.mark.parametrize('selection', ['ctrgcn', 'pyskl'])
def test_short_tracks_are_dropped(selection):
    long, short, enough = moving(30, 0.01), moving(11, 9), moving(12, 0.005)
    given = bodies(30, (0, long), (0, short), (0, enough))
    out = select_bodies(given, selection)
    np.testing.assert_array_equal(out[:, 0], long.astype('f4'))
    np.testing.assert_array_equal(out[:12, 1], enough.astype('f4'))


@pytest.mark.parametrize('selection', ['ctrgcn', 'pyskl'])
def test_furniture_is_dropped(selection):
    chair = RNG.normal(size=(25, 3)) * (1, 0.1, 0.1)
    given = bodies(30, (0, moving(30, 0.01)), (0, moving(30, 9, chair)))
    out = select_bodies(given, selection)
    np.testing.assert_array_equal(out[:, 0], moving(30, 0.01).astype('f4'))
    assert out.shape[1] == 1
    alone = select_bodies(bodies(30, (0, moving(30, 9, chair))), selection)
    assert alone.shape == (30, 1, 25, 3)


@pytest.mark.parametrize('selection', ['ctrgcn', 'pyskl'])
def test_motion_is_of_frames_without_noise(selection):
    # Half of its frames are too wide: without them it moves less.
    noisy = moving(30, 0.05)
    noisy[::2] *= (9, 1, 1)
    calm = moving(30, 0.06)
    out = select_bodies(bodies(30, (0, noisy), (0, calm)), selection)
    np.testing.assert_array_equal(out[:, 0], calm.astype('f4'))
    np.testing.assert_array_equal(out[:, 1], noisy.astype('f4'))


@pytest.mark.parametrize('selection', ['ctrgcn', 'pyskl'])
def test_tracks_are_joined_in_turn(selection):
    first, second = moving(20, 0.3), moving(15, 0.2)
    other, late = moving(45, 0.05), moving(12, 0.01)
    given = bodies(45, (0, first), (25, second), (0, other), (10, late))
    out = select_bodies(given, selection)
    # By motion: first, other, second, late. The second is the first actor
    # again, and the last overlaps with both.
    np.testing.assert_array_equal(out[:20, 0], first.astype('f4'))
    assert not out[20:25, 0].any()
    np.testing.assert_array_equal(out[25:40, 0], second.astype('f4'))
    np.testing.assert_array_equal(out[:, 1], other.astype('f4'))


@pytest.mark.parametrize('selection', ['ctrgcn', 'pyskl'])
def test_a_gap_in_a_track_is_closed(selection):
    # As in the scripts: the frames behind a gap move up.
    one, partner = moving(30, 0.1), moving(30, 0.001)
    given = bodies(50, (5, one), (5, partner))
    kept = (given.frame < 15) | (given.frame >= 19) | (given.slot == 1)
    given = given._replace(**{k: given._asdict()[k][kept] for k in ROWS})
    out = select_bodies(given, selection)
    assert out.shape == (30, 2, 25, 3)
    want = np.concatenate([one[:10], one[14:]]).astype('f4')
    np.testing.assert_array_equal(out[:26, 0], want)
    assert not out[26:, 0].any()
    np.testing.assert_array_equal(out[:, 1], partner.astype('f4'))


ROWS = ('frame', 'slot', 'body_id', 'joints')


def test_pyskl_puts_the_body_of_the_first_frame_first():
    late, early = moving(20, 0.3), moving(30, 0.02)
    given = bodies(30, (10, late), (0, early))
    out = select_bodies(given, 'ctrgcn')  # the one that moves more is first
    assert not out[:10, 0].any()
    np.testing.assert_array_equal(out[:, 1], early.astype('f4'))
    np.testing.assert_array_equal(select_bodies(given, 'pyskl'), out[:, ::-1])


def test_tracks_that_share_one_frame():
    first, second = moving(20, 0.3), moving(20, 0.2)
    given = bodies(39, (0, first), (19, second))
    out = select_bodies(given, 'ctrgcn')  # the second overwrites it
    np.testing.assert_array_equal(out[:19, 0], first[:19].astype('f4'))
    np.testing.assert_array_equal(out[19:, 0], second.astype('f4'))
    assert out.shape == (39, 2, 25, 3) and not out[:, 1].any()
    out = select_bodies(given, 'pyskl')
    np.testing.assert_array_equal(out[:20, 0], first.astype('f4'))
    np.testing.assert_array_equal(out[19:, 1], second.astype('f4'))


def test_frames_of_dropped_bodies():
    # Frames 0 to 4, 25 to 29 and 50 to 54 show a short track only.
    first, second = moving(20, 0.3), moving(20, 0.2)
    ghosts = [(start, moving(5, 0)) for start in (0, 25, 50)]
    given = bodies(55, (5, first), (30, second), *ghosts)
    out = select_bodies(given, 'ctrgcn')
    want = np.concatenate([first, second]).astype('f4')
    np.testing.assert_array_equal(out[:, 0], want)
    out = select_bodies(given, 'pyskl')  # frames at both ends are cut
    assert len(out) == 45 and not out[20:25].any()
    np.testing.assert_array_equal(out[:20, 0], first.astype('f4'))
    np.testing.assert_array_equal(out[25:, 0], second.astype('f4'))


@pytest.mark.parametrize('selection', ['ctrgcn', 'pyskl'])
def test_clips_for_which_the_scripts_fail(selection):
    short = bodies(9, (0, moving(9, 0.1)), (0, moving(8, 0.2)))
    assert select_bodies(short, selection).shape == (9, 2, 25, 3)
    chair = RNG.normal(size=(25, 3)) * (1, 0.1, 0.1)
    both = [(0, moving(30, 0.1, chair)), (0, moving(30, 0.2, chair))]
    out = select_bodies(bodies(30, *both), selection)
    assert out.shape == (30, {'ctrgcn': 1, 'pyskl': 2}[selection], 25, 3)


@pytest.mark.parametrize('selection', ['agcn', 'ctrgcn', 'pyskl'])
def test_no_bodies(selection):
    assert not select_bodies(bodies(4), selection).any()


def test_unknown_selection():
    with pytest.raises(ValueError, match="'selection'.*'agcn'.*got 'sgn'"):
        select_bodies(bodies(1), 'sgn')
