import json
import re

import numpy as np
import pytest

from pyg_hcsf.geometry.keypoint_noise import DetectorNoise
from pyg_hcsf.keypoints import read_keypoints
from pyg_hcsf.keypoints.confidence import density_confidence
from pyg_hcsf.lifting import Lifter
from pyg_hcsf.skeleton import get_skeleton
from tests.keypoints.keypoint_files import coco, detectron, dump, some_people

COCO = get_skeleton('coco17').joints


def read(path):
    return read_keypoints(path, layout='coco17')


def test_density_of_a_normal_distribution():
    # What Detectron2 computes of a map whose logarithms are a normal
    # distribution of 2 cells, and the confidence of that error.
    cell = np.arange(56)
    square = (cell[:, None] - 28) ** 2 + (cell - 28) ** 2
    heat = np.exp(-square / (2 * 2.0**2))
    score = heat.max() / heat.sum()
    expected = np.exp(-2 * 1800 / 56 / DetectorNoise().tolerance)
    assert density_confidence(np.array(score)) == pytest.approx(expected, 1e-4)


def test_densities_are_not_probabilities():
    found = density_confidence(np.array([-1, 0, np.nan, 0.02, 0.1, 1, 4]))
    assert (found[:3] == 0).all()
    assert (np.diff(found[2:]) > 0).all() and found[-1] < 1
    assert found[3] > 0.1 and 0.4 < found[4] < 0.6 and found[5] > 0.75


def people(frames=30):
    """Somebody who stands; hips with Detectron2's usual score of 0.1."""
    points = np.zeros((frames, 1, 17, 3))
    points[..., 0, :2] = 600, 200
    places = {
        'Eye': (10, 190),
        'Ear': (20, 195),
        'Shoulder': (50, 260),
        'Elbow': (60, 350),
        'Wrist': (65, 430),
        'Hip': (35, 440),
        'Knee': (35, 580),
        'Ankle': (35, 720),
    }
    for joint, name in enumerate(COCO):
        if name[1:] in places:
            x, y = places[name[1:]]
            points[..., joint, :2] = 600 + (x if name[0] == 'L' else -x), y
    points[..., 0] += np.arange(frames)[:, None, None]
    return points


def test_frames_with_weak_hips_are_lifted(tmp_path):
    points = people()
    hips = [i for i, name in enumerate(COCO) if name.endswith('Hip')]
    scores = np.full(points.shape[:3], 0.9)
    scores[..., hips] = np.random.default_rng(0).uniform(
        0.05, 0.15, (30, 1, 2)
    )
    found, boxes = np.empty((2, 30, 2), dtype=object)
    for t in range(30):
        rows = np.stack(
            [*points[t, 0, :, :2].T, scores[t, 0] * 0, scores[t, 0]]
        )
        found[t] = [], rows[None].astype(np.float32)
        boxes[t] = [], np.array([[0, 0, 9, 9, 0.999]], np.float32)
    path = tmp_path / 'a.npz'
    size = np.array({'w': 1280, 'h': 800}, dtype=object)
    np.savez(path, keypoints=found, boxes=boxes, metadata=size)
    keypoints = read(path)
    (person,) = Lifter('single').lift(keypoints)
    assert len(person.frames) == 30


def test_weak_detections_are_left_out(tmp_path):
    entries = json.loads(coco(some_people()))
    ghosts = [{**e, 'score': 0.05} for e in entries if e['image_id'] < 3]
    for ghost in ghosts:
        ghost['keypoints'] = [v + 3 for v in ghost['keypoints']]
    path = tmp_path / 'a.json'
    path.write_bytes(dump(entries + ghosts))
    with pytest.warns(UserWarning, match='left out 6 of 18 detections'):
        keypoints = read(path)
    path.write_bytes(dump(entries))
    for a, b in zip(keypoints.tracks, read(path).tracks, strict=True):
        np.testing.assert_array_equal(a.xy, b.xy)
    for entry in entries:
        entry['score'] = 0.02  # another scale: nobody is left out
    path.write_bytes(dump(entries))
    assert len(read(path).tracks) == 2


def test_ghosts_of_two_frames_are_left_out(tmp_path):
    entries = json.loads(coco(some_people(frames=30, people=1)))
    ghost = {**entries[9], 'keypoints': [v * 2 for v in range(51)]}
    path = tmp_path / 'a.json'
    path.write_bytes(dump([*entries, ghost]))
    with pytest.warns(
        UserWarning, match='left out 1 of 31.*no people'
    ) as caught:
        assert len(read(path).tracks) == 1
    assert re.match(f"'{re.escape(str(path))}'", str(caught[0].message))
    few = [e for e in entries if e['image_id'] < 12]
    path.write_bytes(dump([*few, ghost]))
    assert len(read(path).tracks) == 2  # a short video


def test_boxes_of_detectron2(tmp_path):
    path = tmp_path / 'a.npz'
    path.write_bytes(detectron(some_people(), box=0.9))
    assert len(read(path).tracks) == 2
