"""Writes folders of finished runs with random errors."""

import json
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from experiments.pose.config import RunConfig
from experiments.sweep.task import RunSpec
from pyg_hcsf.skeleton import H36M17

OFFICIAL = (
    *('Directions', 'Discussion', 'Eating', 'Greeting', 'Phoning', 'Posing'),
    *('Purchases', 'Sitting', 'SittingDown', 'Smoking', 'TakingPhoto'),
    *('Waiting', 'Walking', 'WalkingDog', 'WalkingTogether'),
)
# parent to child in mm: x to the person's left, y forward, z up
OFFSETS = np.array(
    [(0, 0, 0), (-130, 0, 0), (0, 0, -440), (0, 0, -440), (130, 0, 0)]
    + [(0, 0, -440), (0, 0, -440), (0, 0, 230), (0, 0, 250), (0, 60, 110)]
    + [(0, 30, 110), (140, 0, -20), (0, 0, -280), (0, 0, -250)]
    + [(-140, 0, -20), (0, 0, -280), (0, 0, -250)],
    dtype=float,
)


def fake_poses(rng, frames, bend):
    """Bodies that bend their joints smoothly over time, and their projection
    by a camera at chest height.

    Returns:
        Root-relative joints in the camera frame in mm, and pixels.
    """
    t = np.arange(frames)[:, None] / 50
    axis = {1: 0, 4: 0, 2: 0, 5: 0, 7: 0, 11: 1, 14: 1, 12: 0, 15: 0, 8: 2}
    lows = {2: -1.9, 5: -1.9, 7: -0.7, 8: -0.4, 11: -1.9, 14: 0, 12: 0, 15: 0}
    highs = {2: 0, 5: 0, 7: 0.1, 8: 0.4, 11: 0, 14: 1.9, 12: 2.2, 15: 2.2}
    pos = np.zeros((frames, 17, 3))
    turn = [Rotation.from_euler('z', rng.uniform(0, 6.3) + 0.2 * t)] * 17
    for j, p in enumerate(H36M17.parents):
        if p < 0:
            continue
        pos[:, j] = pos[:, p] + turn[p].apply(OFFSETS[j])
        low, high = lows.get(j, -0.1), highs.get(j, 1.7)
        wave = 0.5 + 0.5 * np.sin(rng.uniform(0, 6.3) + 0.7 * t[:, 0])
        angle = np.zeros((frames, 3))
        if j in axis:
            angle[:, axis[j]] = bend * (low + (high - low) * wave)
        turn[j] = turn[p] * Rotation.from_euler('xyz', angle)
    camera = np.stack([pos[..., 0], -pos[..., 2], pos[..., 1]], -1)
    depth = camera[..., 2:] + 5000
    return camera, 1145 * camera[..., :2] / depth + [512, 515]


def make_runs(
    root,
    rows=(('lcn', 'LCN', 40.0), ('hcsf', 'HCSF', 36.0)),
    seeds=(0, 1, 2),
    actions=OFFICIAL,
    subjects=('S9', 'S11'),
    cameras=('54138969',),
    length=20,
    average='actions',
    **extra,
):
    """Writes finished runs; all metrics are computed from their frames."""
    rng = np.random.default_rng(7)
    clips = [(s, a, c) for s in subjects for a in actions for c in cameras]
    lengths = [length + 5 * (k % 3) for k in range(len(clips))]
    clip = np.repeat(np.arange(len(clips)), lengths).astype(np.int32)
    frame = np.concatenate([np.arange(n) for n in lengths]).astype(np.int32)
    subject, action, camera = np.array(clips).T
    bend = np.where(np.char.startswith(action, 'Sit'), 1.0, 0.5)
    made = [fake_poses(rng, n, b) for n, b in zip(lengths, bend, strict=True)]
    joints, pixels = (np.concatenate(x) for x in zip(*made, strict=True))
    hard = rng.gamma(12, 1, len(clips))[clip] * rng.gamma(9, 1, len(clip))
    reach = np.linalg.norm(joints, axis=2, keepdims=True) / 500
    for order, (row, label, level) in enumerate(rows):
        for seed in seeds:
            own = np.random.default_rng((order, seed))
            noise = own.normal(size=(len(clips), 17, 3))[clip] * (
                0.6,
                0.5,
                1.6,
            )
            noise += 0.4 * own.normal(size=joints.shape)
            miss = own.gamma(12, 1 / 12, len(clip))
            wrong = noise * reach * (bend[clip] * hard * miss)[:, None, None]
            wrong *= level / np.linalg.norm(wrong, axis=2).mean()
            prediction = (joints + wrong).astype(np.float32)
            truth = joints.astype(np.float32)
            per_joint = np.linalg.norm(prediction - truth, axis=2)
            error = per_joint.mean(1)

            def group(keys, error=error):
                return {
                    str(k): {
                        'mpjpe': float(error[keys[clip] == k].mean()),
                        'pa_mpjpe': float(0.8 * error[keys[clip] == k].mean()),
                        'frames': int((keys[clip] == k).sum()),
                    }
                    for k in dict.fromkeys(keys)
                }

            by_action = group(action)
            mean = float(error.mean())
            groups = {'actions': by_action, 'subjects': group(subject)}
            if average in groups:
                rows = groups[average].values()
                mean = float(np.mean([g['mpjpe'] for g in rows]))
            metrics = {
                'task': 'pose',
                'preset': 'table1_gt',
                'row': row,
                'label': label,
                'order': order,
                'seed': seed,
                'data': 'SyntheticMotion',
                'keypoints': 'gt',
                'protocol': 'openmocap',
                'average': average,
                'params': 3_790_000 + order,
                'macs': 3_700_000,
                'train_poses_per_s': 8000.0,
                'test_poses_per_s': 25_000.0,
                'commit': 'abc1234',
                'command': 'python experiments/run.py --preset table1_gt',
                'mpjpe': mean,
                'pa_mpjpe': 0.8 * mean,
                'n_mpjpe': 0.95 * mean,
                'mpjve': 3.0,
                'over_frames': {'mpjpe': float(error.mean())},
                'per_action': by_action,
                'per_subject': group(subject),
                'per_joint': {
                    name: float(per_joint[:, j].mean())
                    for j, name in enumerate(H36M17.joints)
                },
                **extra,
            }
            folder = Path(root) / 'pose' / metrics['preset'] / row / str(seed)
            folder.mkdir(parents=True)
            np.savez(
                folder / 'frames.npz',
                error=error.astype(np.float32),
                clip=clip,
                frame=frame,
                clip_names=np.array(['_'.join(c) for c in clips]),
                subject=subject,
                action=action,
                camera=camera,
                prediction=prediction,
                joints=truth,
                keypoints=pixels.astype(np.float32),
            )
            (folder / 'metrics.json').write_text(json.dumps(metrics))
            steps = np.arange(0, 4000, 20)
            loss = 0.02 + 0.4 / (1 + steps / 200) + 0.003 * own.random(200)
            log = [
                {'step': int(s), 'seconds': s / 50, 'loss': x, 'lr': 1e-3}
                for s, x in zip(steps, loss, strict=True)
            ] + [
                {'step': int(s), 'val_mpjpe': mean + 9e4 / (s + 900) - 15}
                for s in steps[9::10]
            ]
            text = '\n'.join(map(json.dumps, log)) + '\n{"step": 41, "lo'
            (folder / 'log.jsonl').write_text(text)
    return Path(root)


def make_spec(folder, root, **changes):
    """The run of a row, which is not started."""
    values = {
        'config': RunConfig(),
        'data': 'synthetic',
        'seed': 0,
        'partial': False,
        'smoke': False,
        'resume': False,
        'metadata': {},
    }
    return RunSpec(folder=folder, root=root, **{**values, **changes})
