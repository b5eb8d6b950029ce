r"""Files of lifting weights: safetensors, with what a network needs to be used
in the file's own header.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Optional, Union

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from pyg_hcsf.io.files import atomic_write
from pyg_hcsf.nn.models import PoseLifter
from pyg_hcsf.skeleton import get_skeleton

#: The weights that come with the package: ``<name>.safetensors``.
HOME = Path(__file__).parent / 'weights'

LAYOUTS = ('h36m17', 'coco17')
SKELETON = 'h36m17'
VERSION = 1
KEY = 'pyg_hcsf_lifter'
LARGEST_FILE = 2**28  # bytes
LARGEST_NUMBER = 1024  # of any option of a network
SMALL = 1024  # tensors of fewer numbers are never rounded to float16


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
                f'{self.layout!r})'
            )
        if not isinstance(self.model, dict):
            raise _wrong('model', "the arguments of 'PoseLifter'", self.model)
        if 'skeleton' in self.model or self.model.get('in_channels') != 3:
            raise _wrong(
                'model', "without 'skeleton', with 'in_channels' 3", self.model
            )
        _check_numbers(self.model)
        if self.target is None:
            causal = self.model.get('causal', False)
            last = self.frames - 1
            object.__setattr__(self, 'target', last if causal else last // 2)
        if type(self.target) is not int or not 0 <= self.target < self.frames:
            raise _wrong(
                'target', f'a frame of a window of {self.frames}', self.target
            )
        if not _is_number(self.fps) or not 1 <= self.fps <= 1000:
            raise _wrong('fps', 'between 1 and 1000', self.fps)
        pair = self.calibration
        if pair is not None:
            if (
                not isinstance(pair, (tuple, list))
                or len(pair) != 2
                or not all(_is_number(v) and 0 <= v <= 100 for v in pair)
            ):
                raise _wrong('calibration', 'two numbers up to 100', pair)
            object.__setattr__(self, 'calibration', tuple(map(float, pair)))
        if not isinstance(self.card, dict) or not all(
            isinstance(value, str) for value in self.card.values()
        ):
            raise _wrong('card', 'a text for each heading', self.card)

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
    tensors = {}
    for name, tensor in model.state_dict().items():
        if half and tensor.is_floating_point() and tensor.numel() >= SMALL:
            tensor = tensor.half()
        tensors[name] = tensor.detach().cpu().contiguous()
    _fill(info, tensors, f"the network for '{path}'")
    header = {'version': VERSION, 'skeleton': SKELETON, **asdict(info)}
    content = save(tensors, {KEY: json.dumps(header)})
    with atomic_write(path) as part:
        part.write_bytes(content)


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
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError(f'it is larger than {LARGEST_FILE} bytes')
        with safe_open(path, 'pt') as file:
            text = (file.metadata() or {}).get(KEY)
            if text is None:
                raise ValueError(
                    f"its header has no '{KEY}', as save_lifter writes it"
                )
            info = _read_header(text)
            names = list(file.keys())
            tensors = {name: file.get_tensor(name) for name in names}
        return _fill(info, tensors, 'it'), info
    except (OSError, ValueError, SafetensorError, RecursionError) as e:
        raise ValueError(
            f"Could not read the weights '{path}': {e}. Expected a file of "
            'save_lifter'
        ) from e


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


def _fill(
    info: LifterInfo, tensors: dict[str, Tensor], what: str
) -> PoseLifter:
    r"""The network of a file. All its tensors, and no more, are there."""
    try:
        model = info.build().eval()
    except (TypeError, ValueError, RuntimeError, AttributeError) as e:
        raise ValueError(
            f"'model' {info.model} of {what} is no network: {e}"
        ) from e
    expected = model.state_dict()
    if expected.keys() != tensors.keys():
        odd = sorted(expected.keys() ^ tensors.keys())
        raise ValueError(
            f"'model' does not describe {what}: they differ in {len(odd)} "
            f"tensors such as '{odd[0]}'"
        )
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            raise ValueError(
                f"'model' does not describe {what}: '{name}' has shape "
                f'{list(tensor.shape)}, not {list(expected[name].shape)}'
            )
        if not bool(tensor.isfinite().all()):
            raise ValueError(f"'{name}' of {what} is not finite")
    model.load_state_dict(tensors)  # in the type of the network
    return model


def _read_header(text: str) -> LifterInfo:
    header = json.loads(text)
    names = {f.name for f in fields(LifterInfo)}
    if not isinstance(header, dict) or header.keys() - names != {
        'version',
        'skeleton',
    }:
        raise ValueError(f'its header is not of version {VERSION}')
    for key, expected in (('version', VERSION), ('skeleton', SKELETON)):
        if (value := header.pop(key)) != expected:
            raise ValueError(
                f"its '{key}' is {value!r}, which this version of pyg_hcsf "
                f'does not read ({expected!r})'
            )
    missing = {'layout', 'model'} - header.keys()
    if missing:
        raise ValueError(f'its header has no {sorted(missing)}')
    return LifterInfo(**header)


def _check_numbers(value: Any) -> None:
    r"""No option of a network is so large that it fills the memory."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            _check_numbers(item)
    elif isinstance(value, (int, float)) and not abs(value) <= LARGEST_NUMBER:
        raise _wrong('model', f'numbers up to {LARGEST_NUMBER}', value)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _wrong(name: str, expected: str, value: Any) -> ValueError:
    return ValueError(f"Expected '{name}' to be {expected} (got {value!r})")
