r"""The small networks that decide how much of each frequency band is motion,
and which feet stand on the ground.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Linear, Module, Sequential, SiLU

from pyg_hcsf.lifting.smoothing.bands import (
    CUTOFFS,
    NUM_FEATURES,
    describe_bands,
    split_bands,
)
from pyg_hcsf.nn.checkpoint import read_weights, write_weights

FILE = Path(__file__).parent / 'weights.safetensors'
KEY = 'pyg_hcsf_smoother'
FIXED = {'version': 1}
NUM_CONTACT_FEATURES = 25
BLOCK, OVERLAP = 8192, 256  # frames that are smoothed at once


def make_mlp(inputs: int, hidden: int, outputs: int) -> Sequential:
    r"""A network of two hidden layers."""
    return Sequential(
        Linear(inputs, hidden),
        SiLU(),
        Linear(hidden, hidden),
        SiLU(),
        Linear(hidden, outputs),
    )


class BandGains(Module):
    r"""The share of each frequency band that is motion, from 0 to 1; the rest
    is noise. A Wiener filter would take it from the powers of motion and
    noise; both are unknown here, and learned to be told apart.

    Args:
        hidden_channels (int, optional): The width. (default: :obj:`32`)

    Example:
        >>> BandGains()(torch.rand(25, 17, NUM_FEATURES)).shape
        torch.Size([25, 17, 11])
    """

    def __init__(self, hidden_channels: int = 32) -> None:
        super().__init__()
        bands = len(CUTOFFS)
        self.mlp = make_mlp(NUM_FEATURES, hidden_channels, bands)
        last = self.mlp[-1]
        assert isinstance(last, Linear)
        with torch.no_grad():  # at first, fast bands are noise
            last.weight.mul_(0.1)
            last.bias.copy_(torch.linspace(-4, 4, bands))

    def forward(self, features: Tensor) -> Tensor:
        return self.mlp(features).sigmoid()

    def smooth(
        self, motion: np.ndarray, weight: np.ndarray, fps: float
    ) -> np.ndarray:
        r"""Smooths a motion ``[T, N, C]`` with weights ``[T, N]``, see
        :func:`~pyg_hcsf.lifting.smoothing.bands.split_bands`.
        """
        if len(motion) <= BLOCK:
            return self._smooth(motion, weight, fps)
        # Overlapping blocks bound the memory; they are blended.
        out = np.zeros(motion.shape)
        fade = np.linspace(0, 1, OVERLAP)[:, None, None]
        for start in range(0, len(motion) - OVERLAP, BLOCK - OVERLAP):
            part = slice(start, start + BLOCK)
            smooth = self._smooth(motion[part], weight[part], fps)
            if start:
                smooth[:OVERLAP] *= fade
            if start + BLOCK < len(motion):
                smooth[-OVERLAP:] *= 1 - fade
            out[part] += smooth
        return out

    @torch.no_grad()
    def _smooth(
        self, motion: np.ndarray, weight: np.ndarray, fps: float
    ) -> np.ndarray:
        split = split_bands(motion, weight, fps)
        gains = self(torch.from_numpy(describe_bands(split))).numpy()
        return split.slow + np.einsum('ktnc,tnk->tnc', split.bands, gains)


class SmootherNetworks(Module):
    r"""All networks of
    :class:`~pyg_hcsf.lifting.smoothing.MotionSmoother`.

    Args:
        hidden_channels (int, optional): The width. (default: :obj:`32`)
    """

    def __init__(self, hidden_channels: int = 32) -> None:
        super().__init__()
        self.keypoints = BandGains(hidden_channels)
        self.pose = BandGains(hidden_channels)
        self.depth = BandGains(hidden_channels)
        self.contact = make_mlp(NUM_CONTACT_FEATURES, hidden_channels, 1)


@dataclass(frozen=True)
class SmootherInfo:
    r"""The description of :class:`SmootherNetworks` in the header of their
    file.

    Args:
        model (dict): The arguments of the networks.
        card (dict): Data, licence and training.
    """

    model: dict[str, Any] = field(default_factory=dict)
    card: dict[str, str] = field(default_factory=dict)

    def build(self) -> SmootherNetworks:
        r"""The networks with random weights."""
        return SmootherNetworks(**self.model)


def save_smoother(
    path: str | Path, networks: SmootherNetworks, info: SmootherInfo
) -> None:
    r"""Saves the networks."""
    write_weights(path, networks, info, KEY, FIXED, half=False)


@cache
def load_smoother(path: Path = FILE) -> SmootherNetworks:
    r"""Loads the networks, by default those of the package.

    Raises:
        ValueError: If the file is damaged or another one.
    """
    networks, _ = read_weights(path, SmootherInfo, KEY, FIXED, 'save_smoother')
    assert isinstance(networks, SmootherNetworks)
    return networks
