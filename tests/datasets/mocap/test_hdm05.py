import numpy as np
import pytest

from pyg_hcsf.datasets.mocap.hdm05 import HDM05


@pytest.fixture
def raw(tmp_path, mocap):
    folder = tmp_path / 'given'
    for actor in ('bd', 'mm'):
        mocap.asf(folder / f'HDM_{actor}.asf')
    for action, name, fps in (
        ('grabHighR', 'bd_grabHighR_001', 120),
        ('grabHighR', 'mm_grabHighR_017', 120),
        ('squat1Reps', 'bd_squat1Reps_001', 60),
    ):
        mocap.amc(folder / action / f'HDM_{name}_{fps}.amc', 25)
    mocap.amc(folder / 'HDM_bd_01-01_01_120.amc', 25)  # a take, not a cut
    return folder


def test_hdm05(tmp_path, raw, mocap):
    dataset = HDM05(tmp_path / 'root', raw, log=False)
    assert str(dataset) == 'HDM05(3)'
    assert dataset.actions == ('grabHighR', 'squat1Reps')
    assert dataset.subjects == ('HDM05-bd', 'HDM05-mm')
    assert dataset.glitch_frames == 0
    assert [(clip.clip, clip.pos.size(1)) for clip in dataset] == [
        ('HDM_bd_grabHighR_001_120', 6),
        ('HDM_mm_grabHighR_017_120', 6),
        ('HDM_bd_squat1Reps_001_60', 11),
    ]
    # By hand, in units of the file: the root is 17 high, the feet 14 lower.
    feet = dataset[0].pos[[3, 6], :, 2] / mocap.UNIT
    np.testing.assert_allclose(feet, 3, atol=1e-3)


def test_missing_raw_files(tmp_path):
    with pytest.raises(RuntimeError, match='CC BY-SA 3.0'):
        HDM05(tmp_path, log=False)


def test_missing_skeleton(tmp_path, raw):
    (raw / 'HDM_mm.asf').unlink()
    with pytest.raises(ValueError, match="No skeleton 'HDM_mm.asf'"):
        HDM05(tmp_path / 'root', raw, log=False)


def test_clip_names_are_unique(tmp_path, raw, mocap):
    mocap.amc(raw / 'copy' / 'HDM_bd_grabHighR_001_120.amc', 25)
    with pytest.raises(ValueError, match='HDM_bd_grabHighR_001_120'):
        HDM05(tmp_path / 'root', raw, log=False)
