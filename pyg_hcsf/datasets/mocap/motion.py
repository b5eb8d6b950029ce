r"""The base class of motion capture data sets."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from pyg_hcsf.data.in_memory import InMemoryClipDataset
from pyg_hcsf.data.processing import RawSource
from pyg_hcsf.skeleton import H36M17

#: A joint that moves faster than this relative to the hip is a tracking
#: error, in mm/s.
SPEED_LIMIT = 12_000.0


class MotionClip(NamedTuple):
    r"""A clip of a motion capture file."""

    joints: np.ndarray  #: [T, 17, 3] in world millimetres, z up
    fps: float
    subject: str
    action: str
    name: str  #: unique in the data set


def glitch_frames(
    joints: np.ndarray, fps: float, limit: float = SPEED_LIMIT
) -> np.ndarray:
    r"""Marks tracking errors: both frames of each step in which a joint moves
    too fast.

    Args:
        joints (numpy.ndarray): Joints in millimetres: :obj:`[T, N, 3]`, the
            root first.
        fps (float): Frames per second.
        limit (float, optional): The largest credible speed relative to the
            root in millimetres per second. (default: :obj:`12000`)

    Returns:
        A mask of shape :obj:`[T]`.
    """
    # A person may run, but not move a hand that fast relative to the hip.
    relative = joints - joints[:, :1]
    step = np.linalg.norm(np.diff(relative, axis=0), axis=-1)
    fast = (step * fps > limit).any(axis=1)
    out = np.zeros(len(joints), dtype=bool)
    out[1:] |= fast
    out[:-1] |= fast
    return out


def clean_clips(
    clip: MotionClip, fps: float
) -> tuple[list[dict[str, Any]], int]:
    r"""Cuts a clip at tracking errors and resamples the pieces.

    Each new frame is the nearest source frame. Nothing is interpolated, so
    bones keep their lengths. No piece extends across a tracking error.

    Args:
        clip (MotionClip): The clip.
        fps (float): The frame rate to resample to.

    Returns:
        The pieces as attributes of :class:`MotionDataset`, frames first,
        called :obj:`'<name>'`, or :obj:`'<name>.<number>'` if there are
        several; and the number of source frames that were dropped.

    Raises:
        ValueError: If :obj:`fps` is not positive or above that of the clip.
    """
    if not 0 < fps <= clip.fps:
        raise ValueError(
            f"Expected 'fps' above 0 and at most the {clip.fps:g} of clip "
            f"'{clip.name}' (got {fps:g})"
        )
    glitch = glitch_frames(clip.joints, clip.fps)
    length = len(clip.joints)
    # New frame k is at k / fps seconds; the nearest source frame is taken.
    times = np.arange(int((length - 1) * fps / clip.fps + 1e-6) + 1)
    source = np.rint(times * clip.fps / fps).astype(int).clip(max=length - 1)
    source = source[~glitch[source]]
    # Frames with as many errors before them form one piece.
    piece = np.cumsum(glitch)[source]
    cuts = np.flatnonzero(np.diff(piece)) + 1
    pieces = [frames for frames in np.split(source, cuts) if len(frames)]
    out = [
        {
            'pos': torch.from_numpy(clip.joints[frames].astype(np.float32)),
            'edge_index': H36M17.with_graph('tree').edge_index,
            'num_nodes': H36M17.num_joints,
            'subject': clip.subject,
            'action': clip.action,
            'clip': clip.name if len(pieces) == 1 else f'{clip.name}.{i}',
            'fps': float(fps),
        }
        for i, frames in enumerate(pieces)
    ]
    return out, int(glitch.sum())


class MotionDataset(InMemoryClipDataset):
    r"""The base class of data sets made from motion capture files.

    One :class:`~torch_geometric.data.Data` per clip with
    :obj:`pos` :obj:`[17, T, 3]` in world millimetres (z up), the 17 joints of
    Human3.6M, the bones as :obj:`edge_index`, and :obj:`subject`,
    :obj:`action`, :obj:`clip` and :obj:`fps`. Hips and limbs agree with
    Human3.6M's; spine, thorax, neck and head are other anatomical points.
    Frames in which a joint moves faster than 12 m/s relative to the hip are
    dropped and the clip is cut there.

    Subclasses implement :meth:`read_clips` and set :obj:`options` before
    calling this constructor.

    Args:
        fps (float, optional): The frame rate to resample to, by picking the
            nearest frame, which keeps bone lengths. (default: :obj:`25.0`)
        root, raw: See
            :class:`~pyg_hcsf.data.clip_dataset.ClipDataset`.
        **kwargs (optional): Other arguments of that class.
    """

    keys: tuple[str, ...] = ('pos',)
    skeleton = H36M17
    #: Options that the raw files are read with, part of the store's name.
    options: dict[str, Any] = {}

    def __init__(
        self,
        root: str | Path,
        raw: str | Path | None = None,
        fps: float = 25.0,
        **kwargs: Any,
    ) -> None:
        self.fps = float(fps)
        super().__init__(root, raw, **kwargs)

    def read_clips(self) -> Iterator[MotionClip]:
        r"""Reads the raw files."""
        raise NotImplementedError

    def _stem(self, format: str) -> str:
        options = {'fps': self.fps, **self.options}
        digest = hashlib.sha256(json.dumps(options).encode()).hexdigest()[:8]
        return f'{type(self).__name__.lower()}_{self.fps:g}fps_{digest}'

    def _read(self, source: RawSource) -> Iterator[dict[str, Any]]:
        dropped: Counter[str] = Counter()
        names: set[str] = set()
        for clip in self.read_clips():
            if clip.name in names:
                raise ValueError(
                    f"Expected one clip called '{clip.name}' below "
                    f"'{self.raw}' (got a second one): remove the copy"
                )
            names.add(clip.name)
            pieces, glitches = clean_clips(clip, self.fps)
            yield from pieces
            dropped[clip.subject] += glitches
            self._info['glitch_frames'] = dropped

    @property
    def glitch_frames(self) -> int:
        r"""The number of source frames that were dropped as tracking
        errors.
        """
        return sum(self.store.info['glitch_frames'].values())

    @property
    def actions(self) -> tuple[str, ...]:
        r"""The actions of all clips, in alphabetical order."""
        return tuple(sorted({self.get(i).action for i in self.indices()}))

    @property
    def subjects(self) -> tuple[str, ...]:
        r"""The subjects of all clips, in alphabetical order."""
        return tuple(sorted({self.get(i).subject for i in self.indices()}))
