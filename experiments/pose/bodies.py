"""Training windows with random bone lengths."""

from __future__ import annotations

from typing import Any

from torch import Generator
from torch_geometric.data import Data

from experiments.pose.data import camera_table
from experiments.sweep.random_loader import RandomLoader
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.geometry import denormalize_screen
from pyg_hcsf.geometry.bodies import vary_bodies
from pyg_hcsf.protocols import PoseProtocol


class BodyLoader(RandomLoader):
    """Loads windows, each with other bone lengths in every epoch.

    Args:
        clips: Clips encoded by an EncodePose transform.
        protocol: The protocol.
        proportions: The bone lengths, see
            :func:`~pyg_hcsf.geometry.bodies.vary_proportions`.
        **options: Arguments of ClipLoader.
    """

    def __init__(
        self,
        clips: Any,
        protocol: PoseProtocol,
        proportions: float | str,
        **options: Any,
    ) -> None:
        if not isinstance(clips, ClipStore):  # encode each clip only once
            clips = [clips[i] for i in range(len(clips))]
        keys = ('x', 'joints')
        super().__init__(
            ClipLoader(clips, keys=keys, window_keys=keys, **options)
        )
        self.protocol = protocol
        self.proportions = proportions
        self.camera = camera_table(clips)

    def augment(self, batch: Data, generator: Generator) -> Data:
        single = batch.x.dim() == 3
        x, joints = batch.x, batch.joints  # [B, (T,) 17, C]
        if single:
            x, joints = x.unsqueeze(1), joints.unsqueeze(1)
        camera = {
            key: value[batch.clip].unsqueeze(1)  # [B, 1, 1, 2]
            for key, value in self.camera.items()
        }
        size = camera['image_size'].to(x)
        pixels, joints = vary_bodies(
            denormalize_screen(x, size[..., 0], size[..., 1]),
            joints,
            self.proportions,
            camera['focal'],
            generator,
        )
        x = self.protocol.encode_input(pixels, size)
        middle = x.size(1) // 2
        y = self.protocol.encode_target(
            joints[:, middle],
            x[:, middle],
            focal=camera['focal'][:, 0],
            center=camera['center'][:, 0],
            image_size=size[:, 0],
        )
        return Data(x=x[:, 0] if single else x, y=y)
