import re

import numpy as np
import pytest
import torch

from pyg_hcsf.datasets.mpi_inf_3dhp.camera_calibration import read_calibration
from tests.datasets.mpi_inf_3dhp.mpi_inf_3dhp_files import (
    calibration,
    view,
    world,
)

NAME = 'S3 Seq2'


def test_calibration():
    """All cameras put the same person at the same place of the world."""
    cameras = read_calibration(calibration(), 'camera.calibration')
    assert list(cameras) == list(range(14))
    for number, camera in cameras.items():
        pixels, joints, _ = view(NAME, 5, number)
        joints = torch.from_numpy(joints)
        torch.testing.assert_close(
            camera.camera_to_world(joints),
            torch.from_numpy(world('S3', 'Sitting', 5)),
            rtol=0,
            atol=0.05,
        )
        found = camera.project(joints)
        assert (found - torch.from_numpy(pixels)).abs().max() < 1e-3
        assert camera.image_size == (2048, 2048)


GOOD = calibration([0]).decode()


@pytest.mark.parametrize(
    'text, reason',
    [
        ('', 'first line'),
        ('Skeletool Camera Calibration File V1.0\n', 'no camera'),
        (GOOD.replace('name          0\n', ''), "'sensor' comes before"),
        (GOOD.replace('name          0', 'name 14'), "called '14'"),
        (GOOD + GOOD.split('\n', 1)[1], 'camera 0 comes twice'),
        (GOOD.replace('2048 2048', '2048'), "1 numbers as 'size'"),
        (GOOD.replace('2048 2048', '0 2048'), 'impossible intrinsics'),
        (
            GOOD.replace('1497.693', 'nan'),
            "huge numbers as 'intrinsic'",
        ),
        (GOOD.replace('1497.693', '-1497'), 'impossible intrinsics'),
        (GOOD.replace('intrinsic', 'inner'), "0 numbers as 'intrinsic'"),
        (re.sub('extrinsic   [^ ]+', 'extrinsic 9', GOOD), 'rotation'),
        (re.sub('extrinsic   [^ ]+', 'extrinsic x', GOOD), 'float'),
    ],
)
def test_refuses_calibrations(text, reason):
    with pytest.raises(ValueError, match=rf"'c\.calibration'.*{reason}"):
        read_calibration(text.encode(), 'c.calibration')


def test_refuses_calibrations_of_strange_bytes():
    with pytest.raises(ValueError, match="'c' .*ascii"):
        read_calibration(GOOD.encode() + b'\xff', 'c')
    with pytest.raises(ValueError, match="'c' .*bytes"):
        read_calibration(GOOD.encode() + b' ' * 2**20, 'c')


def test_damaged_calibrations(fuzz):
    def check(cameras):
        for camera in cameras.values():
            values = [*camera.focal, *camera.orientation, *camera.translation]
            assert np.isfinite(values).all() and min(camera.focal) > 0

    def read(bad):
        return read_calibration(bad, 'a/camera.calibration')

    fuzz(read, calibration([0, 3]), check, "'a/camera.calibration'")
