import json

import numpy as np
import pytest

from pyg_hcsf.recognition import LiveRecognizer
from pyg_hcsf.streaming import JsonLines
from tests.recognition.small_recognizer import make_joints

JOINTS = make_joints(40)


def lines_of(joints):
    return [
        json.dumps({'frame': i, 'joints': x.tolist()}).encode() + b'\n'
        for i, x in enumerate(joints)
    ]


@pytest.mark.parametrize('size', [7, 10**6])
def test_lines_come_in_any_pieces(recognizer, size):
    content = b''.join(lines_of(JOINTS))
    lines = JsonLines(LiveRecognizer(recognizer, 20, 10))
    out = b''
    for start in range(0, len(content), size):
        out += lines.feed(content[start : start + size])
    labels = [json.loads(line) for line in out.splitlines()]
    assert [label['last'] for label in labels] == [19, 29, 39]
    for label in labels:
        last = label['last']
        expected = recognizer.recognize(JOINTS[last - 19 : last + 1])
        assert label['label'] == expected.name == label['top5'][0][0]
        assert label['score'] == pytest.approx(expected.score, abs=1e-4)
        assert label['first'] == last - 19 and label['filled'] == 0
        assert label['latency_ms'] > 0
    stats = json.loads(lines.end())['stats']
    assert stats['accepted'] == 40 and stats['labels'] == 3


@pytest.mark.parametrize(
    'garbage',
    [
        b'hello',
        b'{}',
        b'[1]',
        b'{"frame": 1}',
        b'{"frame": 1, "joints": "x"}',
        b'{"frame": 1, "joints": [[1, 2], [3]]}',
        b'{"frame": "1", "joints": []}',
        b'{"frame": 1, "joints": [[null, 0, 0]]}',
        b'{"frame": 1, "joints": [[' + b'9' * 5000 + b', 1, 1]]}',
        b'x' * 10**5,
    ],
)
def test_garbage(recognizer, garbage):
    lines = JsonLines(LiveRecognizer(recognizer, 20, 10))
    out = b''
    for line in lines_of(JOINTS[:, 0]):
        out += lines.feed(line + garbage + b'\n')
    assert len(out.splitlines()) == 3
    stats = json.loads(lines.end())['stats']
    assert stats['garbage'] == 40 and stats['accepted'] == 40


def test_damaged_lines_never_raise(recognizer):
    rng = np.random.default_rng(0)
    lines = JsonLines(LiveRecognizer(recognizer, 10, 10))
    for _ in range(10):
        content = bytearray(b''.join(lines_of(JOINTS)))
        for place in rng.integers(len(content), size=20):
            content[place] = rng.integers(256)
        for line in lines.feed(bytes(content)).splitlines():
            assert {'label', 'stats'} & json.loads(line).keys()
    assert lines.live.stats()['garbage'] > 20
