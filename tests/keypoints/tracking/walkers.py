"""People who walk across an image, as detections without ids."""

import numpy as np

from pyg_hcsf.keypoints.detections import Detection

# x (to the front) and y (down) of COCO's joints of somebody who stands.
STANDING = np.array([
    [0.06, -0.90], [0.05, -0.92], [0.05, -0.92], [0.0, -0.92], [0.0, -0.92],
    [0.01, -0.80], [-0.01, -0.80], [0.02, -0.62], [-0.02, -0.62],
    [0.05, -0.47], [0.0, -0.47], [0.01, -0.50], [-0.01, -0.50],
    [0.02, -0.26], [0.0, -0.26], [0.0, -0.02], [0.0, -0.02],
])  # fmt: skip
# How far joints swing to the front and back, left and right in turn.
SWING = np.zeros(17)
SWING[[7, 8, 9, 10]] = 0.05, -0.05, 0.12, -0.12
SWING[[13, 14, 15, 16]] = -0.08, 0.08, -0.16, 0.16


class Scene:
    """Detections of people, and who each of them is.

    Args:
        seed (int): Of the noise and of the order in each frame.
        fps (float, optional): Frames per second. (default: :obj:`25`)
    """

    def __init__(self, seed, fps=25.0):
        self.rng = np.random.default_rng(seed)
        self.fps, self.found, self.names = fps, [], {}

    def add(self, name, frame, xy, score=0.8):
        xy = xy + self.rng.normal(scale=2.5, size=xy.shape)
        joints = np.column_stack([xy, score * self.rng.uniform(0.9, 1.1, 17)])
        self.found.append(Detection(frame, None, joints))
        self.names[frame, joints[0, 0]] = name

    def walk(self, name, x, y=600.0, height=300.0, away=(), turned=1):
        """A person whose hips are at x in each frame."""
        phase = self.rng.uniform(0, 6)
        for frame, at in enumerate(x):
            if frame in away:
                continue
            # A step for each half of the height.
            swing = np.sin(phase + at / height * 2 * np.pi)
            body = STANDING * [turned, 1]
            body[:, 0] += SWING * swing
            self.add(name, frame, body * height + [at, y])

    def shuffled(self):
        order = self.rng.permutation(len(self.found))
        return [self.found[i] for i in order]

    def owners(self, track):
        """The person of each detection of a track."""
        rows = zip(track.frames.tolist(), track.xy[:, 0, 0], strict=True)
        return [self.names[row] for row in rows]

    def right(self, tracks):
        """The share of all detections that are in the track which has most
        detections of the person.
        """
        best = {}
        for track in tracks:
            owners = self.owners(track)
            name = max(set(owners), key=owners.count)
            best[name] = max(best.get(name, 0), owners.count(name))
        return sum(best.values()) / len(self.found)
