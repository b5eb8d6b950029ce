r"""Saves and loads the weights of lifting networks."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from pyg_hcsf.choices import check_choice, did_you_mean, wrong
from pyg_hcsf.nn.checkpoint import (
    check_info,
    is_number,
    read_weights,
    write_weights,
)
from pyg_hcsf.nn.models import PoseLifter
from pyg_hcsf.nn.models.from_run import NETWORK_FILE
from pyg_hcsf.skeleton import get_skeleton

#: Folder of the pre-trained weights in the package.
HOME = Path(__file__).parent / 'weights'

#: Layouts with the joint positions of motion capture; those of all others are
#: positions that annotators of images chose.
MOCAP_LAYOUTS = ('h36m17', 'h36m16', 'mpi_inf_3dhp17')

#: The weights in the folder of a finished run of ``--task lift``.
RUN_FILE = 'weights.safetensors'

LAYOUTS = ('h36m17', 'coco17')
SKELETON = 'h36m17'
KEY = 'pyg_hcsf_lifter'
FIXED = {'version': 1}
#: The joints of a network, of which the first 17 are those of SKELETON.
NETWORK_SKELETONS = (SKELETON, 'h36m23')


@dataclass(frozen=True)
class LifterInfo:
    r"""The metadata of a lifting network, in the header of its file.

    Args:
        layout (str): The layout of the keypoints of the training:
            :obj:`"h36m17"`, or :obj:`"coco17"` converted to the joints of
            Human3.6M.
        model (dict): The arguments of :class:`~pyg_hcsf.nn.PoseLifter`
            without :obj:`skeleton`, whose graph may be named by
            :obj:`graph`.
        target (int, optional): The frame of a window that is lifted.
            :obj:`None` uses the last one for a causal network and otherwise
            the central one. (default: :obj:`None`)
        fps (float, optional): The frame rate of the training.
            (default: :obj:`25.0`)
        calibration (tuple, optional): :obj:`(floor, slope)` of the expected
            error of a joint as a function of its uncertainty
            (:func:`~pyg_hcsf.lifting.lifter_ensemble.uncertainty`), both
            relative to the size of the person; see :func:`fit_calibration`.
            (default: :obj:`None`)
        skeleton (str, optional): The joints of the network:
            :obj:`"h36m17"`, or :obj:`"h36m23"` with ears, toes and heels.
            (default: :obj:`"h36m17"`)
        card (dict, optional): The model card (training data, licence,
            accuracy): a text for each heading. (default: :obj:`{}`)

    Raises:
        ValueError: If a value is of the wrong type or out of range.

    Example:
        >>> LifterInfo('coco17', dict(in_channels=3, frames=9)).delay
        4
    """

    layout: str
    model: dict[str, Any]
    target: int | None = None
    fps: float = 25.0
    calibration: tuple[float, float] | None = None
    skeleton: str = SKELETON
    card: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_choice('layout', self.layout, LAYOUTS)
        check_choice('skeleton', self.skeleton, NETWORK_SKELETONS)
        check_info(self, 'PoseLifter')
        if self.model.get('in_channels') != 3:
            raise wrong('model', "with 'in_channels' 3", self.model)
        if self.outputs not in (3, 4):
            raise wrong('model', "with 'out_channels' 3 or 4", self.model)
        if self.target is None:
            causal = self.model.get('causal', False)
            last = self.frames - 1
            object.__setattr__(self, 'target', last if causal else last // 2)
        if type(self.target) is not int or not 0 <= self.target < self.frames:
            raise wrong(
                'target', f'a frame of a window of {self.frames}', self.target
            )
        pair = self.calibration
        if pair is not None:
            if (
                not isinstance(pair, (tuple, list))
                or len(pair) != 2
                or not all(is_number(v, 0, 100) for v in pair)
            ):
                raise wrong('calibration', 'two numbers up to 100', pair)
            object.__setattr__(self, 'calibration', tuple(map(float, pair)))

    @property
    def frames(self) -> int:
        r"""The number of frames of a window."""
        frames = self.model.get('frames', 1)
        return frames if type(frames) is int else 0

    @property
    def outputs(self) -> int:
        r"""The number of output channels: 4 with the expected error."""
        outputs = self.model.get('out_channels', 3)
        return outputs if type(outputs) is int else 0

    @property
    def delay(self) -> int:
        r"""The number of frames that a window looks ahead."""
        assert self.target is not None
        return self.frames - 1 - self.target

    def build(self) -> PoseLifter:
        r"""Creates the network with random weights."""
        options = dict(self.model)
        skeleton = get_skeleton(self.skeleton, options.pop('graph', None))
        return PoseLifter(skeleton, **options)


def save_lifter(
    path: str | Path,
    model: PoseLifter,
    info: LifterInfo,
    half: bool = True,
) -> None:
    r"""Saves the weights of a network.

    Args:
        path (str or pathlib.Path): The file, ``.safetensors``.
        model (PoseLifter): The network itself, not the copy for inference
            that :meth:`~pyg_hcsf.nn.PoseLifter.folded` returns.
        info (LifterInfo): Its metadata.
        half (bool, optional): If set to :obj:`True`, tensors of 1,024 and more
            elements are rounded to float16. (default: :obj:`True`)

    Raises:
        ValueError: If :obj:`info` describes another network, or weights are
            not finite (after rounding).
        RuntimeError: If the file cannot be written.

    Example:
        >>> info = LifterInfo('h36m17', dict(in_channels=3))
        >>> save_lifter('single.safetensors', info.build(), info)
    """
    write_weights(path, model, info, KEY, FIXED, half)


def load_lifter(path: str | Path) -> tuple[PoseLifter, LifterInfo]:
    r"""Loads a network in evaluation mode and float32.

    Args:
        path (str or pathlib.Path): A file of :func:`save_lifter`, the folder
            of a finished run of ``--task lift``, or a name of
            :func:`available_weights`.

    Returns:
        tuple: The network and its metadata.

    Raises:
        ValueError: If there is no such file or name, or the file is damaged.

    Example:
        >>> model, info = load_lifter('single_coco17')
        >>> info.card['licence']
    """
    if str(path) in available_weights():
        path = HOME / f'{path}.safetensors'
    path = Path(path).expanduser()
    if path.is_dir():
        path = _file_of_run(path)
    if not path.is_file():
        names = available_weights()
        expected = f'one of {names}, a file or the folder of a run'
        error = wrong('weights', expected, str(path))
        raise ValueError(f'{error}{did_you_mean(str(path), names)}')
    model, info = read_weights(path, LifterInfo, KEY, FIXED, 'save_lifter')
    assert isinstance(model, PoseLifter)
    return model, info


def _file_of_run(folder: Path) -> Path:
    r"""The weights in the folder of a run."""
    if (folder / RUN_FILE).is_file():
        return folder / RUN_FILE
    found = 'no weights'
    if (folder / NETWORK_FILE).is_file():
        found = (
            'a network of --task pose, which has learned neither missing '
            'keypoints and their confidence, nor the people and cameras of '
            'any video: PoseLifter.from_run loads it'
        )
    raise ValueError(
        f"Expected 'weights' to be the folder of a finished run of 'run.py "
        f"--task lift', with a '{RUN_FILE}' (got '{folder}' with {found})"
    )


def available_weights() -> list[str]:
    r"""The names of the pre-trained weights in the package."""
    return sorted(path.stem for path in HOME.glob('*.safetensors'))


def weights_layout(layout: str) -> str:
    r"""The layout of the weights for keypoints of a layout.

    Example:
        >>> weights_layout('body25')
        'coco17'
    """
    return 'h36m17' if layout in MOCAP_LAYOUTS else 'coco17'


def fit_calibration(spread: Tensor, error: Tensor) -> tuple[float, float]:
    r"""Fits :math:`\text{error} \approx \text{floor} + \text{slope} \cdot
    \text{spread}` with non-negative coefficients, for
    :obj:`LifterInfo.calibration`.

    Args:
        spread (torch.Tensor): The uncertainty of predictions relative to the
            size of the person, of any shape.
        error (torch.Tensor): The error of their mean, likewise.

    Example:
        >>> floor, slope = fit_calibration(spread, (y - truth).norm(dim=-1))
    """
    x, y = spread.double().flatten(), error.double().flatten()
    # Least squares; where the floor would be negative, a line through zero.
    off = x - x.mean()
    slope = float((off * y).sum() / off.square().sum().clamp(min=1e-12))
    slope = max(slope, 0.0)
    floor = float(y.mean() - slope * x.mean())
    if floor < 0:
        floor, slope = 0.0, float((x * y).sum() / x.square().sum())
    return floor, slope
