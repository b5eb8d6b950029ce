from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch_geometric.data import Data
from tqdm import tqdm

from pyg_hcsf.data.clip_dataset import (
    ClipDataset,
    fingerprint,
    load_clips,
    save_clips,
)
from pyg_hcsf.skeleton import H36M17

# A joint that moves faster than this relative to the hip is a glitch, mm/s.
SPEED_LIMIT = 12_000.0
VERSION = 2  # of the processed files, part of their names


class MotionClip(NamedTuple):
    r"""A clip as a motion capture file holds it.

    Args:
        joints (numpy.ndarray): The 17 joints in world millimetres, z up, of
            shape :obj:`[T, 17, 3]`.
        fps (float): Frames per second.
        subject (str): Who moves.
        action (str): What they do.
        name (str): A name that no other clip has.
    """

    joints: np.ndarray
    fps: float
    subject: str
    action: str
    name: str


def glitch_frames(
    joints: np.ndarray, fps: float, limit: float = SPEED_LIMIT
) -> np.ndarray:
    r"""Marks both frames of each step in which a joint moves too fast.

    Args:
        joints (numpy.ndarray): Joints in millimetres: :obj:`[T, N, 3]`, the
            root first.
        fps (float): Frames per second.
        limit (float, optional): The largest credible speed relative to the
            root in millimetres per second. (default: :obj:`12000`)

    Returns:
        A mask of shape :obj:`[T]`.
    """
    relative = joints - joints[:, :1]
    step = np.linalg.norm(np.diff(relative, axis=0), axis=-1)
    fast = (step * fps > limit).any(axis=1)
    out = np.zeros(len(joints), dtype=bool)
    out[1:] |= fast
    out[:-1] |= fast
    return out


def clean_clips(clip: MotionClip, fps: float) -> tuple[list[Data], int]:
    r"""Cuts a clip at its glitches and resamples the pieces.

    Each new frame is the nearest frame of the source: nothing is blended, so
    bones keep their lengths. No piece reaches across a glitch.

    Args:
        clip (MotionClip): The clip.
        fps (float): The frame rate to resample to.

    Returns:
        The pieces, called :obj:`'<name>'` or :obj:`'<name>.<number>'` if
        there are several, and the number of source frames dropped.

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
    times = np.arange(int((length - 1) * fps / clip.fps + 1e-6) + 1)
    source = np.rint(times * clip.fps / fps).astype(int).clip(max=length - 1)
    source = source[~glitch[source]]
    piece = np.cumsum(glitch)[source]
    cuts = np.flatnonzero(np.diff(piece)) + 1
    pieces = [frames for frames in np.split(source, cuts) if len(frames)]
    edge_index = H36M17.with_graph('tree').edge_index
    out = [
        Data(
            pos=torch.from_numpy(
                clip.joints[frames].swapaxes(0, 1).astype(np.float32)
            ),
            edge_index=edge_index,
            num_nodes=H36M17.num_joints,
            subject=clip.subject,
            action=clip.action,
            clip=clip.name if len(pieces) == 1 else f'{clip.name}.{i}',
            fps=float(fps),
        )
        for i, frames in enumerate(pieces)
    ]
    return out, int(glitch.sum())


class MotionDataset(ClipDataset):
    r"""The base class of data sets made from motion capture files.

    One :class:`~torch_geometric.data.Data` per clip with
    :obj:`pos` :obj:`[17, T, 3]` in world millimetres (z up), the bones as
    :obj:`edge_index`, and :obj:`subject`, :obj:`action`, :obj:`clip` and
    :obj:`fps`.

    Subclasses say where raw files are (:meth:`raw_files`), how to read them
    (:meth:`read_clips`), how to get them (:obj:`how_to_get`) and which
    options they were read with (:obj:`options`).

    Args:
        root (str or pathlib.Path): Where :obj:`processed/` is written.
        raw (str or pathlib.Path, optional): Where the raw files lie; nothing
            is written there. (default: :obj:`root/raw`)
        fps (float, optional): The frame rate to resample to, by picking the
            nearest frame. (default: :obj:`25.0`)
        transform, pre_transform, pre_filter, log, force_reload: See
            :class:`~torch_geometric.data.InMemoryDataset`.
    """

    how_to_get: str
    options: dict[str, Any]

    def __init__(
        self,
        root: str | Path,
        raw: str | Path | None = None,
        fps: float = 25.0,
        transform: Callable | None = None,
        pre_transform: Callable | None = None,
        pre_filter: Callable | None = None,
        log: bool = True,
        force_reload: bool = False,
    ) -> None:
        root = Path(root).expanduser()
        self.raw = root / 'raw' if raw is None else Path(raw).expanduser()
        self.fps = float(fps)
        super().__init__(
            str(root), transform, pre_transform, pre_filter, log, force_reload
        )
        clips, meta = load_clips(self.processed_paths[0])
        files = self.raw_files()
        if files and fingerprint(self.raw, files) != meta['raw']:
            self.process()
            clips, meta = load_clips(self.processed_paths[0])
        self._data_list = clips
        self._meta = meta

    def raw_files(self) -> list[Path]:
        raise NotImplementedError

    def read_clips(self) -> Iterator[MotionClip]:
        raise NotImplementedError

    @property
    def raw_dir(self) -> str:
        return str(self.raw)

    @property
    def processed_file_names(self) -> str:
        options = {'fps': self.fps, **self.options}
        digest = hashlib.sha256(json.dumps(options).encode()).hexdigest()[:8]
        name = type(self).__name__.lower()
        return f'{name}_{self.fps:g}fps_{digest}{self._pre}_v{VERSION}.pt'

    def process(self) -> None:
        clips, meta = self.read_motion()
        self._save(clips, meta)

    def read_motion(self) -> tuple[list[Data], dict[str, Any]]:
        r"""Reads, cleans and resamples all raw files.

        Raises:
            RuntimeError: If there are none; says how to get them.
            ValueError: If one is malformed; names the file and the line.
        """
        files = self.raw_files()
        if not files:
            raise RuntimeError(
                f"{type(self).__name__} found no raw files in '{self.raw}'. "
                f'{self.how_to_get}'
            )
        clips: list[Data] = []
        dropped: dict[str, int] = {}
        names: set[str] = set()
        for clip in tqdm(
            self.read_clips(), desc='Reading clips', disable=not self.log
        ):
            if clip.name in names:
                raise ValueError(
                    f"Expected one clip called '{clip.name}' below "
                    f"'{self.raw}' (got a second one): remove the copy"
                )
            names.add(clip.name)
            pieces, glitches = clean_clips(clip, self.fps)
            clips += pieces
            dropped[clip.subject] = dropped.get(clip.subject, 0) + glitches
        meta = {'raw': fingerprint(self.raw, files), 'glitch_frames': dropped}
        return clips, meta

    def _save(self, clips: list[Data], meta: dict[str, Any]) -> None:
        if self.pre_filter is not None:
            clips = [clip for clip in clips if self.pre_filter(clip)]
        if self.pre_transform is not None:
            clips = [self.pre_transform(clip) for clip in clips]
        save_clips(clips, meta, self.processed_paths[0])

    @property
    def raw_fingerprint(self) -> str:
        return self._meta['raw']

    @property
    def glitch_frames(self) -> int:
        r"""The number of source frames that were dropped as glitches."""
        return sum(self._meta['glitch_frames'].values())

    @property
    def actions(self) -> tuple[str, ...]:
        r"""The actions of all clips, in alphabetical order."""
        return tuple(sorted({self.get(i).action for i in self.indices()}))

    @property
    def subjects(self) -> tuple[str, ...]:
        r"""The subjects of all clips, in alphabetical order."""
        return tuple(sorted({self.get(i).subject for i in self.indices()}))
