"""A request for the clips of a split, and clips in several views."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from torch.utils.data import ConcatDataset
from torch_geometric.data import Dataset

from pyg_hcsf.protocols import PoseProtocol
from pyg_hcsf.transforms import EncodePose


class PoseRequest(NamedTuple):
    """The clips to load; see ClipsConfig for all but the first three.
    ``subjects`` are those to train, validate and test on.
    """

    root: Path
    split: Any
    protocol: PoseProtocol | None
    keypoints: Any
    distortion: Any
    num_frames: int
    views: int
    skeleton: str | None = None
    unit: Any = 'mm'
    subjects: tuple[tuple[str, ...], ...] = ((), (), ())

    @property
    def encode(self) -> EncodePose | None:
        """Encodes pixels and millimetres as inputs and targets."""
        return None if self.protocol is None else EncodePose(self.protocol)


class Views(ConcatDataset):
    """The same clips projected to several random camera placements."""

    datasets: list[Any]

    @property
    def raw_fingerprint(self) -> str:
        """All views are of the same files."""
        return str(self.datasets[0].raw_fingerprint)


def make_views(
    make: Callable[..., Dataset], views: int, **options: Any
) -> Any:
    """Makes a data set once per view, each with its own seed."""
    made = [make(**options, seed=seed) for seed in range(views)]
    return made[0] if views == 1 else Views(made)
