"""The geometry of the comparison with a real video."""

import numpy as np
import pytest

from experiments.bench import video as bench_video

LENS = (-0.05, 0.13, 6e-4, -7e-4)
FILE = """<calibration><cameras>{}</cameras></calibration>"""
CAMERA = """<camera><fov_video left="0" top="0" right="1079" bottom="1919"/>
<transform {} x="{}" y="{}" z="1800"/>
<intrinsic focalLengthU="107520" focalLengthV="108800" centerPointU="34560"
centerPointV="61440" radialDistortion1="{}" radialDistortion2="{}"
radialDistortion3="0" tangentalDistortion1="{}" tangentalDistortion2="{}"/>
</camera>"""


@pytest.fixture
def cameras(tmp_path):
    """Four around the origin, 3.5 m away, that look at it; y up, z back."""
    text = []
    for angle in (0.3, 1.9, 3.3, 5.0):
        x, y = 3500 * np.cos(angle), 3500 * np.sin(angle)
        back = np.array([x, y, 800]) / np.linalg.norm([x, y, 800])
        right = np.cross([0, 0, 1], back) / np.linalg.norm(back[:2])
        rows = [right, np.cross(back, right), back]
        turn = ' '.join(
            f'r{i + 1}{j + 1}="{rows[i][j]}"'
            for i in range(3)
            for j in range(3)
        )
        text.append(CAMERA.format(turn, x, y, *LENS))
    path = tmp_path / 'Calib.qca.txt'
    path.write_text(FILE.format(''.join(text)))
    return bench_video.read_cameras(path)


def pixels(camera, points):
    """What a lens with distortion makes of points, as OpenCV has it."""
    seen = bench_video.to_camera(points, camera)
    assert (seen[..., 2] > 1000).all()
    x, y = np.moveaxis(seen[..., :2] / seen[..., 2:], -1, 0)
    k1, k2, p1, p2 = LENS
    square = x * x + y * y
    radial = 1 + k1 * square + k2 * square**2
    u = x * radial + 2 * p1 * x * y + p2 * (square + 2 * x * x)
    v = y * radial + p1 * (square + 2 * y * y) + 2 * p2 * x * y
    return np.stack([1680 * u + 540, 1700 * v + 960], axis=-1)


def test_reference_leaves_out_what_does_not_fit(cameras):
    rng = np.random.default_rng(0)
    points = rng.uniform(-600, 600, size=(5, 17, 3)) + [0, 0, 1000]
    xy = np.stack([pixels(camera, points) for camera in cameras])
    assert cameras[0].image_size == (1080, 1920)
    found, residual = bench_video.reference(xy, cameras)
    np.testing.assert_allclose(found, points, atol=0.01)
    assert residual.max() < 0.01
    xy[2, 1:3, 4] += [150.0, -90.0]
    found, residual = bench_video.reference(xy, cameras)
    np.testing.assert_allclose(found, points, atol=0.01)
    xy[:, 0, 5] += rng.normal(size=(4, 2)) * 200
    assert (
        bench_video.reference(xy, cameras)[1][0, 5] > bench_video.MAX_RESIDUAL
    )


def test_errors_are_from_between_the_hips():
    truth = np.random.default_rng(0).normal(size=(6, 12, 3)) * 300
    errors = bench_video.compare(truth + [100.0, 0, 0], truth)
    assert max(errors.values()) < 1e-6
    errors = bench_video.compare(1.1 * truth, truth)
    assert errors['mpjpe'] > 10 and errors['n_mpjpe'] < 1e-6
