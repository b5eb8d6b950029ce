import numpy as np

from pyg_hcsf.lifting.smoothing import Motion, describe_motion
from pyg_hcsf.lifting.smoothing.feet import ANKLES


def test_speeds_are_per_second_of_standing_feet():
    frames = np.arange(0, 20, 2)
    root = np.zeros((10, 3))
    root[:, 0] = 4 * np.arange(10)  # 4 mm in two frames of 1/25 s
    pose = np.zeros((10, 17, 3))
    pose[:, ANKLES[1]] = 50 * np.arange(10)[:, None]  # this foot walks
    standing = np.zeros((10, 2))
    standing[1:, 0] = 1
    motion = Motion(frames, pose, root, np.ones((10, 17)), standing)
    text = describe_motion([motion], fps=25.0)
    assert 'feet that stand (50% of the time) slide at 50 mm/s' in text
    assert describe_motion([motion._replace(frames=frames[:2])], 25.0) == ''
