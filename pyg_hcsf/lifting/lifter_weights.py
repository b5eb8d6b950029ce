r"""Files of lifting weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Optional, Union

from torch import Tensor

from pyg_hcsf.nn.checkpoint import (
    check_numbers,
    is_number,
    parse_header,
    read_weights,
    write_weights,
    wrong,
)
from pyg_hcsf.nn.models import PoseLifter
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import get_skeleton

#: The weights that come with the package: ``<name>.safetensors``.
HOME = Path(__file__).parent / 'weights'

LAYOUTS = ('h36m17', 'coco17')
SKELETON = 'h36m17'
KEY = 'pyg_hcsf_lifter'
FIXED = {'version': 1, 'skeleton': SKELETON}


@dataclass(frozen=True)
class LifterInfo:
    r"""What a file of weights says of its network.

    Args:
        layout (str): The keypoints it was trained on, :obj:`"h36m17"` or
            :obj:`"coco17"`; the latter brought to the joints of Human3.6M.
        model (dict): The arguments of
            :class:`~pyg_hcsf.nn.PoseLifter`, :obj:`skeleton` left out; a
            :obj:`graph` names that of the skeleton.
        target (int, optional): The frame of its window that is lifted:
            :obj:`0` is the first. :obj:`None` is the last of a network that
            is causal, and the central one of another.
            (default: :obj:`None`)
        fps (float, optional): The frame rate that windows were trained at.
            (default: :obj:`25.0`)
        calibration (tuple, optional): The expected error of a joint over the
            size of the person, as :obj:`(floor, slope)` of how far an image
            and its mirror image disagree; see :func:`fit_calibration`.
            (default: :obj:`None`)
        card (dict, optional): The model card: what it was trained on, its
            licence, how well it does; a text for each heading.
            (default: :obj:`{}`)

    Raises:
        ValueError: If a value is of another kind or out of range.

    Example:
        >>> LifterInfo('coco17', dict(in_channels=3, frames=9)).delay
        4
    """

    layout: str
    model: dict[str, Any]
    target: Optional[int] = None
    fps: float = 25.0
    calibration: Optional[tuple[float, float]] = None
    card: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise ValueError(
                f"Expected 'layout' to be one of {LAYOUTS} (got "
                f'{shown(self.layout)})'
            )
        if not isinstance(self.model, dict):
            raise wrong('model', "the arguments of 'PoseLifter'", self.model)
        if 'skeleton' in self.model or self.model.get('in_channels') != 3:
            raise wrong(
                'model', "without 'skeleton', with 'in_channels' 3", self.model
            )
        check_numbers(self.model)
        if self.target is None:
            causal = self.model.get('causal', False)
            last = self.frames - 1
            object.__setattr__(self, 'target', last if causal else last // 2)
        if type(self.target) is not int or not 0 <= self.target < self.frames:
            raise wrong(
                'target', f'a frame of a window of {self.frames}', self.target
            )
        if not is_number(self.fps) or not 1 <= self.fps <= 1000:
            raise wrong('fps', 'between 1 and 1000', self.fps)
        pair = self.calibration
        if pair is not None:
            if (
                not isinstance(pair, (tuple, list))
                or len(pair) != 2
                or not all(is_number(v) and 0 <= v <= 100 for v in pair)
            ):
                raise wrong('calibration', 'two numbers up to 100', pair)
            object.__setattr__(self, 'calibration', tuple(map(float, pair)))
        if not isinstance(self.card, dict) or not all(
            isinstance(value, str) for value in self.card.values()
        ):
            raise wrong('card', 'a text for each heading', self.card)

    @property
    def frames(self) -> int:
        r"""The frames of a window."""
        frames = self.model.get('frames', 1)
        return frames if type(frames) is int else 0

    @property
    def delay(self) -> int:
        r"""The frames that are looked ahead."""
        assert self.target is not None
        return self.frames - 1 - self.target

    def build(self) -> PoseLifter:
        r"""The network, with random weights."""
        options = dict(self.model)
        skeleton = get_skeleton(SKELETON, options.pop('graph', None))
        return PoseLifter(skeleton, **options)


def save_lifter(
    path: Union[str, Path],
    model: PoseLifter,
    info: LifterInfo,
    half: bool = True,
) -> None:
    r"""Writes the weights of a network.

    Args:
        path (str or pathlib.Path): The file, ``.safetensors``.
        model (PoseLifter): The network, not folded.
        info (LifterInfo): What it is.
        half (bool, optional): If set to :obj:`False`, will not round large
            tensors to float16. (default: :obj:`True`)

    Raises:
        ValueError: If :obj:`info` describes another network, or weights are
            not finite, rounded or not.
        RuntimeError: If the file cannot be written.

    Example:
        >>> info = LifterInfo('h36m17', dict(in_channels=3))
        >>> save_lifter('single.safetensors', info.build(), info)
    """
    write_weights(path, model, info, KEY, FIXED, half)


def load_lifter(path: Union[str, Path]) -> tuple[PoseLifter, LifterInfo]:
    r"""Reads the weights of a network, in evaluation and float32.

    Args:
        path (str or pathlib.Path): The file, or the name of weights that
            come with the package, see :func:`available_weights`.

    Returns:
        tuple: The network and what the file says of it.

    Raises:
        ValueError: If there is no such file or name, or the file is not one
            of :func:`save_lifter`.

    Example:
        >>> model, info = load_lifter('single')
        >>> info.card['licence']
    """
    if str(path) in available_weights():
        path = HOME / f'{path}.safetensors'
    path = Path(path).expanduser()
    if not path.is_file():
        raise ValueError(
            f"Expected 'weights' to be one of {available_weights()} or a file "
            f"(got '{path}')"
        )
    parse = partial(parse_header, info=LifterInfo, fixed=FIXED)
    model, info = read_weights(path, KEY, parse, 'save_lifter')
    assert isinstance(model, PoseLifter)
    return model, info


def available_weights() -> list[str]:
    r"""The names of the weights that come with the package."""
    return sorted(path.stem for path in HOME.glob('*.safetensors'))


def fit_calibration(spread: Tensor, error: Tensor) -> tuple[float, float]:
    r"""Fits :math:`\text{error} \approx \text{floor} + \text{slope} \cdot
    \text{spread}` for :obj:`LifterInfo.calibration`, neither negative.

    Args:
        spread (torch.Tensor): How far a prediction and its mirror image
            disagree, over the size of the person, of any shape.
        error (torch.Tensor): The error of their mean, likewise.

    Example:
        >>> floor, slope = fit_calibration(spread, (y - truth).norm(dim=-1))
    """
    x, y = spread.double().flatten(), error.double().flatten()
    off = x - x.mean()
    slope = float((off * y).sum() / off.square().sum().clamp(min=1e-12))
    slope = max(slope, 0.0)
    floor = float(y.mean() - slope * x.mean())
    if floor < 0:
        floor, slope = 0.0, float((x * y).sum() / x.square().sum())
    return floor, slope
