"""Writes and parses `.skeleton` text."""

import numpy as np

from pyg_hcsf.datasets.ntu.skeleton_fast_parser import parse_fast
from pyg_hcsf.datasets.ntu.skeleton_parser import (
    Bodies,
    _LineParser,
)

NAME = 'S001C001P001R001A001.skeleton'


LARGE = 2**63 + 11  # doubles skip numbers of this size
COUNTS = [0, 1, 1, 3, 0, 0, 2, 5, 1]


def body(joints, body_id=72057594037944738, numbers='{:.7g}'.format):
    """The lines of a body as the sensor's recorder writes them."""
    yield f'{body_id} 0 1 1 1 1 0 0.02764709 0.05745083 2'
    yield '25'
    for place in joints:
        rest = '277.419 191.8218 1036.233 519.1677 -0.2059419 0.05349901'
        position = ' '.join(map(numbers, place))
        yield f'{position} {rest} 0.9692109 -0.1239193 2'


def skeleton(frames, eol='\n', **options):
    """A file of frames of bodies: pairs of a number and joints."""
    lines = [f'{len(frames)}']
    for bodies in frames:
        lines.append(f'{len(bodies)}')
        for body_id, joints in bodies:
            lines.extend(body(joints, body_id, **options))
    return ''.join(line + eol for line in lines).encode()


def clip(counts, seed=0):
    rng = np.random.default_rng(seed)
    ids = [72057594037944738, LARGE, 7, 5, 3]
    return [
        [(ids[i], rng.normal(size=(25, 3)).round(5)) for i in range(count)]
        for count in counts
    ]


def parse_vectorised(content):
    fields = parse_fast(content)
    assert fields is not None, 'fell back to reading line by line'
    return Bodies(*fields)


def parse_lines(content):
    return _LineParser(content, NAME).parse()


def assert_same(one, two):
    """To the bit: minus zero is another number than zero."""
    for a, b in zip(one, two, strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def check(bodies):
    count = len(bodies.joints)
    assert bodies.joints.shape == (count, 25, 3)
    assert np.isfinite(bodies.joints).all()
    assert bodies.frame.shape == bodies.slot.shape == (count,)
    assert bodies.body_id.shape == (count,)
    assert (np.diff(bodies.frame) >= 0).all()
    assert count == 0 or 0 <= bodies.frame[-1] < bodies.num_frames
