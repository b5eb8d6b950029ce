import tracemalloc

import numpy as np
import pytest

from pyg_hcsf.recognition import LiveRecognizer
from tests.recognition.small_recognizer import make_joints

JOINTS = make_joints()


def play(live, numbers, joints=JOINTS):
    """The labels of frames, by the frame that brings them."""
    out = {}
    for number in numbers:
        label = live.push(number, joints[number % len(joints)])
        if label is not None:
            out[number] = label
    return out


@pytest.mark.parametrize('window, stride', [(20, 5), (None, None), (7, 1)])
def test_equals_the_same_windows_offline(recognizer, window, stride):
    live = LiveRecognizer(recognizer, window, stride)
    window, stride = window or 20, stride or 5
    assert (live.window, live.stride) == (window, stride)
    labels = play(live, range(60))
    assert list(labels) == list(range(window - 1, 60, stride))
    for last, label in labels.items():
        assert (label.first, label.last) == (last - window + 1, last)
        offline = recognizer.recognize(JOINTS[label.first : last + 1])
        assert [n for n, _ in label.top5] == [n for n, _ in offline.top5]
        for (_, one), (_, two) in zip(label.top5, offline.top5, strict=True):
            assert one == pytest.approx(two, abs=1e-5)
        assert label.filled == 0
    stats = live.stats()
    assert stats['accepted'] == 60 and stats['labels'] == len(labels)
    assert 0 < stats['p50_ms'] <= stats['p99_ms'] <= 1.03 * stats['longest_ms']
    longest = max(label.latency for label in labels.values())
    assert stats['longest_ms'] == pytest.approx(1e3 * longest)


def test_missing_frames_are_filled_with_the_one_before(recognizer):
    live = LiveRecognizer(recognizer, 20, 5)
    labels = play(live, [n for n in range(40) if n not in (8, 9, 15, 24)])
    # The one at 24 comes with the next frame; five more to the next.
    assert list(labels) == [19, 25, 30, 35]
    assert [label.filled for label in labels.values()] == [3, 4, 2, 1]
    x = JOINTS.copy()
    x[8:10], x[15] = x[7], x[14]
    expected = recognizer.recognize(x[:20])
    assert labels[19].score == pytest.approx(expected.score, abs=1e-5)
    stats = live.stats()
    assert (
        stats['filled'] == 4 and stats['accepted'] == 36 and stats['gap'] == 0
    )


def test_long_gaps_start_anew(recognizer):
    live = LiveRecognizer(recognizer, 20, 5)
    labels = play(live, [*range(22), *range(35, 60)])  # 13 of 30 a second
    assert list(labels) == [19, 54, 59]
    assert labels[54].first == 35 and labels[54].filled == 0
    assert live.stats()['gap'] == 1 and live.stats()['filled'] == 0
    play(live, range(60, 73))
    assert live.stats()['labels'] == 5


def test_wrong_frames_change_nothing(recognizer):
    live = LiveRecognizer(recognizer, 20, 5)
    wrong = [
        (None, JOINTS[0]),
        ('7', JOINTS[0]),
        (7.5, JOINTS[0]),
        (True, JOINTS[0]),
        (-1, JOINTS[0]),
        (float('nan'), JOINTS[0]),
        (2**60, JOINTS[0]),
        (10**400, JOINTS[0]),
        (1000, None),
        (1000, 'joints'),
        (1000, JOINTS[0, :, :2]),
        (1000, JOINTS[0, :, :7]),
        (1000, make_joints(1, 1, 25)[0]),
        (1000, JOINTS[0] * np.nan),
        (1000, JOINTS[0] + np.inf),
        (1000, JOINTS[0] * 1e9),
        (1000, [[1, 2], [3]]),
        (1000, {'x': 1}),
        (1000, np.zeros((65, 20, 3))),
    ]
    expected, out = play(LiveRecognizer(recognizer, 20, 5), range(60)), {}
    for number in range(60):
        label = live.push(number, JOINTS[number])
        if label is not None:
            out[number] = label
        for frame, joints in wrong:
            assert live.push(frame, joints) is None
        assert live.push(number, JOINTS[0]) is None
        assert live.push(max(0, number - 3), JOINTS[0]) is None
    assert list(out) == list(expected)
    for number, label in out.items():
        assert label.score == expected[number].score
    stats = live.stats()
    assert stats['garbage'] == 60 * len(wrong)
    assert stats['duplicate'] == 61 and stats['late'] == 59
    assert set(stats) == {*live.events, 'p50_ms', 'p99_ms', 'longest_ms'}


def test_a_stream_that_starts_over(recognizer):
    live = LiveRecognizer(recognizer, 20, 5)
    play(live, range(1000, 1030))
    labels = play(live, range(30))
    assert list(labels) == [19, 24, 29]
    assert live.stats()['restart'] == 1
    expected = recognizer.recognize(JOINTS[:20])
    assert labels[19].score == pytest.approx(expected.score, abs=1e-5)


def test_nobody_and_too_many(make):
    recognizer = make(
        skeleton='ntu25', bodies=2, normalize={'scheme': 'agcn'}, fit='repeat'
    )
    live = LiveRecognizer(recognizer, 10, 10)
    for number in range(20):
        assert (
            live.push(number, [] if number % 2 else np.zeros((25, 3))) is None
        )
    assert live.stats()['empty'] == 2
    many = make_joints(10, 3, 25)
    for number in range(10):
        label = live.push(20 + number, many[number])
    expected = recognizer.recognize(many[:, :2])
    assert label.score == pytest.approx(expected.score, abs=1e-5)
    assert live.stats()['crowded'] == 10
    with pytest.raises(ValueError, match="'window' .* 1 to 300 .*got 301"):
        LiveRecognizer(recognizer, 301)


def test_wrong_windows(recognizer):
    for window, stride, words in (
        (0, None, "'window'.*got 0"),
        (3001, None, "'window'.* 3000 .got 3001"),
        (20, 0, "'stride'.*got 0"),
        (20, 21, "'stride'.* to 20 .got 21"),
    ):
        with pytest.raises(ValueError, match=words):
            LiveRecognizer(recognizer, window, stride)


def test_memory_is_constant(recognizer):
    live = LiveRecognizer(recognizer, 20, 20)
    play(live, range(200))
    tracemalloc.start()
    sizes = []
    for start in (200, 400):
        play(live, range(start, start + 200))
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert len(live._joints) == len(live._filled) == 20
    assert sizes[1] - sizes[0] < 20_000
