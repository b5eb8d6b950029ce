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
from experiments.sweep.processes import progress
from pyg_hcsf import metrics
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.datasets.mocap.openmocap_people import rig_of
from pyg_hcsf.geometry import denormalize_screen
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.protocols import PoseProtocol


@dataclass
class Predictions:
    """The predictions of a network for every frame, root-aligned by the
    protocol.

    Args:
        pose: Predicted joints ``[F, N, 3]`` in mm, float64.
        joints: True joints, likewise.
        keypoints: The 2D input in pixels ``[F, N, 2]``.
        clip: The index of the clip of each frame ``[F]``.
        frame: The index of each frame in its clip ``[F]``.
        poses_per_s: The speed of the network, with mirrored inputs if used.
    """

    pose: Tensor
    joints: Tensor
    keypoints: Tensor
    clip: Tensor
    frame: Tensor
    poses_per_s: float


def check_lifted(pose: Tensor, joints: Tensor, trained: bool = True) -> None:
    """Raises an error for the poses of a network that diverged.

    Args:
        pose: Predicted poses ``[F, N, 3]`` in mm.
        joints: True joints, likewise; both root-aligned.
        trained: Whether the training has ended. Before, batch norm may give
            large errors, so that only NaN and infinity are errors.
    """
    error = float((pose - joints).norm(dim=-1).mean())
    zero = float(joints.norm(dim=-1).mean())
    if trained or not math.isfinite(error):
        check_converged(error, zero, 'MPJPE in mm')


class Evaluator:
    """Evaluates networks on all frames of clips.

    Args:
        clips: Clips encoded by an EncodePose transform. If they have
            ``valid``, other frames are only used as inputs.
        protocol: The protocol.
        frames: Frames in a window.
        batch_size: Windows in a batch.
        stride: The stride between frames, for a faster evaluation.
        flip: Average the outputs for each pose and its mirror image.
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
    def predict(
        self, model: PoseLifter, title: str = 'Testing'
    ) -> Predictions:
        """Predicts every frame, and keeps the valid ones. A progress bar has
        the title; without one there is none.
        """
        protocol, root = self.protocol, self.protocol.root
        device = next(model.parameters()).device
        network = model.folded()
        outs: list[tuple[Tensor, ...]] = []
        seconds = 0.0
        for batch in progress(self.loader, title):
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
        """The MPJPE over frames in mm, for the curve of the training."""
        out = self.predict(model, title='')
        check_lifted(out.pose, out.joints, trained=False)
        return float(metrics.mpjpe(out.pose, out.joints))

    def names(self, key: str) -> list[str]:
        """A string attribute of every clip."""
        return [str(clip[key]) for clip in self.clips]

    def score(self, out: Predictions, joints: tuple[str, ...]) -> dict:
        """All metrics."""
        check_lifted(out.pose, out.joints)
        errors = metrics.joint_errors(out.pose, out.joints)  # [F, N]
        error = errors.mean(dim=1)
        frames = {
            'mpjpe': error,
            'pa_mpjpe': metrics.pa_mpjpe(out.pose, out.joints, per_frame=True),
            'n_mpjpe': metrics.n_mpjpe(out.pose, out.joints, per_frame=True),
        }
        groups = {
            key: self._groups(out, key, frames)
            for key in ('action', 'subject')
        }
        over_frames = {
            key: float(values.mean()) for key, values in frames.items()
        }
        means = over_frames
        mpjve = self._velocity_error(out, torch.ones_like(error).bool())
        group = self.protocol.average.removesuffix('s')
        if group in groups:
            means = _mean([*groups[group].values()])
            masks = self._masks(out, group).values()
            mpjve = float(
                np.mean([self._velocity_error(out, mask) for mask in masks])
            )
        return {
            **self._pck(out),
            **means,
            'mpjve': mpjve,
            'over_frames': over_frames,
            'per_action': groups['action'],
            'per_subject': groups['subject'],
            **self._per_rig(groups['subject']),
            'per_joint': dict(
                zip(joints, errors.mean(dim=0).tolist(), strict=True)
            ),
            'hard': metrics.hard_pose_statistics(error),
        }

    def _masks(self, out: Predictions, key: str) -> dict[str, Tensor]:
        """The frames ``[F]`` of each value of a string attribute."""
        names = np.array(self.names(key))[out.clip.numpy()]
        return {
            str(name): torch.from_numpy(names == name)
            for name in dict.fromkeys(names)
        }

    def _groups(
        self, out: Predictions, key: str, frames: dict[str, Tensor]
    ) -> dict[str, dict[str, Any]]:
        """Means of frame errors for each value of a string attribute."""
        return {
            name: {
                **{
                    k: float(values[mask].mean())
                    for k, values in frames.items()
                },
                'frames': int(mask.sum()),
            }
            for name, mask in self._masks(out, key).items()
        }

    def _per_rig(self, subjects: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """The means over the subjects of each rig, if rigs are tested."""
        if not self.protocol.name.startswith('openmocap-rigs'):
            return {}
        rigs: dict[str, list[dict[str, Any]]] = {}
        for subject, row in subjects.items():
            rigs.setdefault(rig_of(subject), []).append(row)
        return {
            'per_rig': {
                rig: {**_mean(rows), 'frames': sum(r['frames'] for r in rows)}
                for rig, rows in rigs.items()
            }
        }

    def _velocity_error(self, out: Predictions, mask: Tensor) -> float:
        """MPJVE of frames; clips are cut where frames are left out."""
        clip, frame = out.clip[mask], out.frame[mask]
        cut = (clip.diff() != 0) | (frame.diff() != self.stride)
        if cut.all():
            return math.nan
        ids = torch.cat([cut.new_zeros(1, dtype=torch.long), cut.cumsum(0)])
        return float(metrics.mpjve(out.pose[mask], out.joints[mask], ids))

    def _pck(self, out: Predictions) -> dict[str, Any]:
        """PCK by scene of MPI-INF-3DHP, if the protocol defines it."""
        if self.protocol.pck is None:
            return {}
        scenes = [str(clip.get('scene', '')) for clip in self.clips]
        pck = metrics.pck_by_group(
            out.pose,
            out.joints,
            [scenes[number] for number in out.clip.tolist()],
            self.protocol.pck,
            self.protocol.actions,
        )
        pck.pop('', None)  # clips without a scene
        return {'pck': pck}

    def arrays(self, out: Predictions) -> dict[str, np.ndarray]:
        """The arrays of frames.npz."""
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


def _mean(rows: list[dict[str, Any]]) -> dict[str, float]:
    """The mean errors of groups of frames, all of the same weight."""
    keys = [key for key in rows[0] if key != 'frames']
    return {key: float(np.mean([row[key] for row in rows])) for key in keys}
