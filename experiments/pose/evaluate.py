"""Evaluates a pose network frame by frame under a protocol."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import InMemoryDataset

from experiments.pose.data import camera_table
from experiments.sweep.divergence import check_converged
from pyg_hcsf import metrics
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.geometry import denormalize_screen
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.protocols import PoseProtocol


@dataclass
class Predictions:
    """What a network made of every frame, root-aligned by the protocol.

    Args:
        pose: Predicted joints ``[F, N, 3]`` in mm, float64.
        joints: True joints, likewise.
        keypoints: The 2D input in pixels ``[F, N, 2]``.
        clip: The number of the clip of each frame ``[F]``.
        frame: The number of the frame in its clip ``[F]``.
        poses_per_s: Poses a second through the network, with flipping.
    """

    pose: Tensor
    joints: Tensor
    keypoints: Tensor
    clip: Tensor
    frame: Tensor
    poses_per_s: float


def check_lifted(pose: Tensor, joints: Tensor, trained: bool = True) -> None:
    """Refuses the poses of a network that diverged.

    Args:
        pose: Its poses ``[F, N, 3]`` in mm.
        joints: The true joints, likewise, root-aligned.
        trained: Whether the training has ended: batch norm may be far off
            before, so that only what is not finite is refused.
    """
    error = float((pose - joints).norm(dim=-1).mean())
    zero = float(joints.norm(dim=-1).mean())
    if trained or not math.isfinite(error):
        check_converged(error, zero, 'MPJPE in mm')


class Evaluator:
    """Runs networks over all frames of clips and scores them.

    Args:
        clips: Clips that an EncodePose transform has encoded; where they
            have ``valid``, other frames are seen but not scored.
        protocol: The protocol.
        frames: The frames of a window.
        batch_size: Windows in a batch.
        stride: Takes every so many frames, for a quick look.
        flip: Average over each pose and its mirror image, in the space of the
            network's output.
    """

    def __init__(
        self,
        clips: InMemoryDataset,
        protocol: PoseProtocol,
        frames: int = 1,
        batch_size: int = 1024,
        stride: int = 1,
        flip: bool = True,
    ) -> None:
        self.clips = [clips[i] for i in range(len(clips))]
        self.protocol = protocol
        self.flip = flip
        self.stride = stride
        self.loader = ClipLoader(
            self.clips,
            batch_size,
            frames,
            stride,
            keys=('x', 'joints'),
        )
        self.camera = camera_table(self.clips)
        self.starts = torch.tensor([0] + [c.x.size(1) for c in self.clips])
        self.starts = self.starts.cumsum(0)
        self.valid: Tensor | None = None
        if all('valid' in clip for clip in self.clips):
            self.valid = torch.cat([clip.valid[0] for clip in self.clips])

    @torch.no_grad()
    def predict(self, model: PoseLifter) -> Predictions:
        """Lifts every frame; keeps those that are to be evaluated."""
        protocol, root = self.protocol, self.protocol.root
        device = next(model.parameters()).device
        network = model.folded()
        outs: list[tuple[Tensor, ...]] = []
        seconds = 0.0
        for batch in self.loader:
            x = batch.x.to(device)
            begin = time.perf_counter()
            out = network(x)
            if self.flip:
                mirrored = network(protocol.mirror(x, model.skeleton))
                out = (out + protocol.mirror(mirrored, model.skeleton)) / 2
            out = out.to('cpu', torch.float64)
            seconds += time.perf_counter() - begin

            camera = {key: v[batch.clip] for key, v in self.camera.items()}
            joints = batch.joints.double()
            depth = joints[:, root : root + 1, 2]
            pose = protocol.decode(out, root_depth=depth, **camera)
            pose, joints = protocol.align(pose, joints)
            size = camera['image_size']
            if x.dim() == 4:
                batch.x = batch.x[:, x.size(1) // 2]
            keypoints = denormalize_screen(
                batch.x.double(), size[..., 0], size[..., 1]
            )
            outs.append((pose, joints, keypoints, batch.clip, batch.frame))
        parts = [torch.cat(part) for part in zip(*outs, strict=True)]
        speed = parts[0].size(0) / seconds
        if self.valid is not None:
            kept = self.valid[self.starts[parts[3]] + parts[4]]
            parts = [part[kept] for part in parts]
        pose, joints, keypoints, clip, frame = parts
        return Predictions(pose, joints, keypoints, clip, frame, speed)

    def error(self, model: PoseLifter) -> float:
        """MPJPE over frames in mm, for validation."""
        out = self.predict(model)
        check_lifted(out.pose, out.joints, trained=False)
        return float(metrics.mpjpe(out.pose, out.joints))

    def names(self, key: str) -> list[str]:
        """A string attribute of every clip."""
        return [str(clip[key]) for clip in self.clips]

    def score(self, out: Predictions, joints: tuple[str, ...]) -> dict:
        """All figures of a table."""
        check_lifted(out.pose, out.joints)
        errors = metrics.joint_errors(out.pose, out.joints)  # [F, N]
        error = errors.mean(dim=1)
        pa = metrics.pa_mpjpe(out.pose, out.joints, per_frame=True)
        scale = metrics.n_mpjpe(out.pose, out.joints, per_frame=True)

        def groups(key: str) -> dict[str, dict[str, Any]]:
            names = np.array(self.names(key))[out.clip.numpy()]
            table = {}
            for name in dict.fromkeys(names):
                rows = torch.from_numpy(names == name)
                table[str(name)] = {
                    'mpjpe': float(error[rows].mean()),
                    'pa_mpjpe': float(pa[rows].mean()),
                    'n_mpjpe': float(scale[rows].mean()),
                    'frames': int(rows.sum()),
                }
            return table

        actions = groups('action')

        def average(key: str, frames: Tensor) -> float:
            if self.protocol.average == 'frames':
                return float(frames.mean())
            return float(np.mean([row[key] for row in actions.values()]))

        def velocity(rows: Tensor) -> float:
            # Frames that are left out cut a clip.
            clip, frame = out.clip[rows], out.frame[rows]
            cut = (clip.diff() != 0) | (frame.diff() != self.stride)
            if cut.all():
                return float('nan')
            ids = torch.cat(
                [cut.new_zeros(1, dtype=torch.long), cut.cumsum(0)]
            )
            return float(metrics.mpjve(out.pose[rows], out.joints[rows], ids))

        mpjve = velocity(torch.ones_like(out.clip, dtype=torch.bool))
        if self.protocol.average == 'actions':
            names = np.array(self.names('action'))[out.clip.numpy()]
            rows = [torch.from_numpy(names == name) for name in actions]
            mpjve = float(np.mean([velocity(row) for row in rows]))

        hard = metrics.hard_pose_statistics(error)
        more = {}
        if self.protocol.pck is not None:
            scenes = [str(clip.get('scene', '')) for clip in self.clips]
            more['pck'] = metrics.pck_by_group(
                out.pose,
                out.joints,
                [scenes[number] for number in out.clip.tolist()],
                self.protocol.pck,
                self.protocol.actions,
            )
            more['pck'].pop('', None)  # not of the test set
        return {
            **more,
            'mpjpe': average('mpjpe', error),
            'pa_mpjpe': average('pa_mpjpe', pa),
            'n_mpjpe': average('n_mpjpe', scale),
            'mpjve': mpjve,
            'per_action': actions,
            'per_subject': groups('subject'),
            'per_joint': dict(
                zip(joints, errors.mean(dim=0).tolist(), strict=True)
            ),
            'hard': hard,
        }

    def arrays(self, out: Predictions) -> dict[str, np.ndarray]:
        """What frames.npz holds."""
        error = metrics.mpjpe(out.pose, out.joints, per_frame=True)
        names = {
            key: np.array(self.names(key))
            for key in ('subject', 'action', 'camera')
        }
        return {
            'error': error.float().numpy(),
            'clip': out.clip.int().numpy(),
            'frame': out.frame.int().numpy(),
            'prediction': out.pose.float().numpy(),
            'joints': out.joints.float().numpy(),
            'keypoints': out.keypoints.float().numpy(),
            'clip_names': np.array(self.names('clip')),
            **names,
        }
