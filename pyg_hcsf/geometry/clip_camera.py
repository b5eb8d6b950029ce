r"""The camera of a clip, as attributes of its graph."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from pyg_hcsf.geometry.camera import Camera


def clip_camera(data: Data | dict[str, Any]) -> Camera:
    r"""Returns the camera of a clip.

    Args:
        data (torch_geometric.data.Data or dict): The clip, with
            :obj:`focal`, :obj:`center`, :obj:`image_size` and, for a lens
            that distorts, :obj:`radial` and :obj:`tangential`, each
            :obj:`[1, *]`.
    """
    lens: dict[str, Any] = {
        k: tuple(data[k][0].tolist())
        for k in ('radial', 'tangential')
        if k in data
    }
    (fx, fy), (cx, cy) = (data[k][0].tolist() for k in ('focal', 'center'))
    width, height = data['image_size'][0].long().tolist()
    name = str(data.get('camera', ''))
    return Camera(name, width, height, focal=(fx, fy), center=(cx, cy), **lens)


def camera_attributes(camera: Camera) -> dict[str, Tensor]:
    r"""The attributes of a clip that describe a pinhole camera in pixels:
    :obj:`focal`, :obj:`center` and :obj:`image_size`, each :obj:`[1, 2]`
    float64.
    """
    names = ('focal', 'center', 'image_size')
    return {
        name: torch.tensor([getattr(camera, name)], dtype=torch.float64)
        for name in names
    }
