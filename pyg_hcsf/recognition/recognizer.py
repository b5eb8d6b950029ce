r"""Classifies the actions of clips of 3D joints."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from pyg_hcsf.axes import to_data
from pyg_hcsf.choices import wrong
from pyg_hcsf.data.action_loader import ActionLoader
from pyg_hcsf.recognition.recognizer_weights import load_recognizer


@dataclass(frozen=True)
class Label:
    r"""A classified action.

    Args:
        name (str): The most probable action.
        score (float): Its probability, the softmax of the network.
        top5 (tuple): The five most probable actions (or all, if there are
            fewer) and their probabilities: ``((name, score), ...)``.
        first (int): The number of the first frame of the window.
        last (int): The number of its last frame.
        filled (int): The number of missing frames of the window, which were
            filled with those before them.
        latency (float): The time from the arrival of the last frame to this
            label in seconds.
    """

    name: str
    score: float
    top5: tuple[tuple[str, float], ...]
    first: int
    last: int
    filled: int
    latency: float


class Recognizer:
    r"""Classifies clips with a trained network, using its evaluation
    preprocessing.

    Args:
        path (str or pathlib.Path, optional): A name of
            :func:`~pyg_hcsf.recognition.available_recognizers`, the folder of
            a finished action run, or a file of
            :func:`~pyg_hcsf.recognition.save_recognizer`.
            (default: :obj:`"cmu"`, on Human3.6M's joints in mm, z up)

    Raises:
        ValueError: If there is no such name or file, or it is damaged.

    Example:
        >>> recognizer = Recognizer('runs/action/utd_mhad/hcsf/0')
        >>> recognizer.recognize(joints).name  # [T, M, 20, 3]
        'wave'
    """

    def __init__(self, path: str | Path = 'cmu') -> None:
        self.model, self.info = load_recognizer(path)
        self.skeleton = self.model.skeleton
        self._transform = self.info.transform()

    def recognize(self, joints: Any) -> Label:
        r"""Classifies a whole clip.

        Args:
            joints (array): In the unit and axes of the data that the network
                was trained on, zero where a body is absent: ``[T, M, N, 3]``
                or ``[T, N, 3]``.

        Raises:
            ValueError: If the number of joints is wrong, there are more
                bodies than inputs of the network, there are no frames, the
                first body is always absent, or a value is not finite.
        """
        start = time.perf_counter()
        scores = self.scores([joints])[0]
        return self.label(scores, 0, len(joints) - 1, 0, start)

    @torch.no_grad()
    def scores(self, clips: Sequence[Any]) -> Tensor:
        r"""The logits of clips as in :meth:`recognize`: ``[B, C]``."""
        items = [self._prepared(joints) for joints in clips]
        loader = ActionLoader(
            items,
            self.skeleton,
            len(items),
            length=self.info.length,
            fit=self.info.fit,
            stream=self.info.stream,
            motion=self.info.motion,
            num_classes=1,
        )
        return self.model(loader.load(torch.arange(len(items))).x)

    def label(
        self, scores: Tensor, first: int, last: int, filled: int, start: float
    ) -> Label:
        r"""The label of logits ``[C]``, for frames that arrived at the time
        :obj:`start` of :func:`time.perf_counter`.
        """
        share = scores.softmax(dim=0)
        values, places = share.topk(min(5, share.numel()))
        top5 = tuple(
            (self.info.actions[place], value)
            for place, value in zip(
                places.tolist(), values.tolist(), strict=True
            )
        )
        latency = time.perf_counter() - start
        return Label(*top5[0], top5, first, last, filled, latency)

    def _prepared(self, joints: Any) -> Data:
        x = np.asarray(joints, np.float32)
        n, most = self.skeleton.num_joints, self.info.num_bodies
        if x.ndim == 3:
            x = x[:, None]
        if x.ndim != 4 or x.shape[2:] != (n, 3) or x.shape[1] > most:
            expected = (
                f'of shape [T, {n}, 3] or [T, M, {n}, 3] with the {n} joints '
                f"of '{self.skeleton.name}' and at most {most} bodies"
            )
            raise wrong('joints', expected, x)
        if len(x) == 0:
            raise wrong('joints', 'of at least one frame', x)
        if not np.isfinite(x).all():
            raise wrong('joints', 'finite: leave other frames out', x)
        if not x[:, :1].any():
            raise wrong('joints', 'not zero for the first body', x)
        # Absent bodies are zero, as in the training.
        missing = most - x.shape[1]
        x = np.pad(x, ((0, 0), (0, missing), (0, 0), (0, 0)))
        data = to_data(
            {
                'x': torch.from_numpy(x),
                'y': torch.zeros(1, dtype=torch.long),
                'clip': 'clip',
            },
            keys=('x',),
        )
        return data if self._transform is None else self._transform(data)

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}({len(self.info.actions)} actions of '
            f"'{self.skeleton.name}', '{self.info.stream}')"
        )
