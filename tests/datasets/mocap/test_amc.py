import warnings

import numpy as np
import pytest

from pyg_hcsf.datasets.mocap.asf_amc import (
    read_amc,
    read_asf,
)
from tests.datasets.mocap.asf_amc_files import (
    AMC,
    ASF,
    positions,
    write,
)


def test_radians(tmp_path):
    amc = AMC.replace(':DEGREES', ':RADIANS').replace('90', repr(np.pi / 2))
    out = positions(tmp_path, amc=amc)
    np.testing.assert_allclose(out, positions(tmp_path), atol=1e-9)


def test_numbers_of_frames(tmp_path):
    asf = read_asf(write(tmp_path / 'a.asf', ASF))
    frames = AMC.split('\n1\n')[1].split('\n2\n')
    head = AMC.split('\n1\n')[0]
    for numbers, gaps in (
        ('099 100', 0),
        ('1 3', 1),
        ('2 2', 1),
        ('1 ' + '9' * 5000, 1),
    ):
        rows = zip(numbers.split(), frames, strict=True)
        text = head + ''.join(f'\n{n}\n{frame}' for n, frame in rows)
        (tmp_path / 'b.amc').write_text(text)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter('always')
            motion = read_amc(tmp_path / 'b.amc', asf)
        assert len(motion) == 2
        assert len(said) == gaps
        assert all(
            'line 8: the number of the frame' in str(w.message) for w in said
        )


def test_radians_that_are_degrees(tmp_path):
    asf = read_asf(write(tmp_path / 'a.asf', ASF))
    text = AMC.replace(':DEGREES', ':RADIANS')
    (tmp_path / 'b.amc').write_text(text.replace('90', '50'))
    with pytest.raises(ValueError, match='below 7 radians .got 50.'):
        read_amc(tmp_path / 'b.amc', asf)
    (tmp_path / 'b.amc').write_text(
        text.replace('0 90 0', '0 50 0').replace('90', '5')
    )  # the root turned eight times
    assert read_amc(tmp_path / 'b.amc', asf)[1, 4] == 50


def test_motion_must_fit(tmp_path):
    asf = read_asf(write(tmp_path / 'a.asf', ASF))
    with pytest.raises(ValueError, match=r"'motion' of shape \[T, 10\]"):
        asf.joint_positions(np.zeros((2, 9)))


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        (
            'upper 0 0 90\nlower 90\n',
            '',
            r"frame 2 .*\['upper', 'lower'\].*trunc",
        ),
        ('lower 0\n', '', r"frame 1 .*\['lower'\]"),
        (
            'upper 0 0 90',
            'upper 0 0',
            "line 10: expected 3 values for 'upper'",
        ),
        ('lower 90', 'lower 90 0', "line 11: expected 1 values for 'lower'"),
        ('lower 90', 'toe 90', "line 11: 'toe' is an unknown bone"),
        ('lower 90', 'tip 90', "line 11: 'tip' is a bone without channels"),
        ('lower 90', 'lower 9o', 'line 11: expected numbers'),
        ('lower 90', 'lower nan', 'line 11: expected finite numbers'),
        ('lower 90', 'lower inf', 'line 11: expected finite numbers'),
        ('lower 90', 'upper 0 0 1', "line 11: 'upper' appears twice"),
        ('1\nroot', 'root', 'line 4: expected a frame number'),
        (':DEG', ':RADIANS\n:DEG', 'line 4: the motion says both'),
        (
            AMC,
            AMC.replace(':DEG', ':RADIANS\n:X').replace('90', '900'),
            'angles below 100 radians .*got 900',
        ),
        (AMC[AMC.index('1\n') :], '', 'the clip has no frame'),
        (AMC, ' \n', 'the file is empty'),
    ],
)
def test_malformed_amc(tmp_path, old, new, message):
    assert old in AMC
    asf = read_asf(write(tmp_path / 'a.asf', ASF))
    path = write(tmp_path / 'bad.amc', AMC.replace(old, new, 1))
    with pytest.raises(ValueError, match=f'bad.amc.*{message}'):
        read_amc(path, asf)
