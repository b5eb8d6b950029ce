r"""Saves and loads action recognisers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch_geometric.transforms import BaseTransform

from pyg_hcsf.choices import check_choice, did_you_mean, wrong
from pyg_hcsf.data.action_loader import MOTIONS
from pyg_hcsf.nn.checkpoint import (
    check_info,
    is_number,
    read_weights,
    write_weights,
)
from pyg_hcsf.nn.models import ActionRecognizer
from pyg_hcsf.safe_io.shown import cause, shown
from pyg_hcsf.skeleton import get_skeleton
from pyg_hcsf.transforms import AlignBody, PreNormalize
from pyg_hcsf.transforms.fit_frames import check_fit
from pyg_hcsf.transforms.modality import STREAMS

#: Folder of the pre-trained weights in the package.
HOME = Path(__file__).parent / 'weights'

#: Name of the file in the folder of a finished action run.
NAME = 'recognizer.safetensors'

KEY = 'pyg_hcsf_recognizer'
FIXED = {'version': 1}
LIMITS = {  # of the options that make a network large
    'hidden_channels': 256,
    'num_blocks': 30,
    'kernel_size': 99,
    'num_bodies': 16,
}
MAX_PAIR_CHANNELS = 64  # hidden channels, with weights per pair of joints
MAX_ACTIONS = 1024
MAX_FRAMES = 3000
MAX_NAME = 200


@dataclass(frozen=True)
class RecognizerInfo:
    r"""The metadata of an action recogniser, in the header of its file: the
    network and the preprocessing of clips.

    Args:
        skeleton (str): The name of the skeleton of the clips.
        model (dict): The arguments of :class:`~pyg_hcsf.nn.ActionRecognizer`
            without :obj:`skeleton`, whose graph may be named by
            :obj:`graph`.
        actions (sequence of str): The names of the labels, in order.
        window (int): The number of frames of a typical clip.
        normalize (dict, optional): The alignment of clips: the arguments of
            :class:`~pyg_hcsf.transforms.PreNormalize` if there is a
            :obj:`scheme`, otherwise :obj:`up` and :obj:`scale` of
            :class:`~pyg_hcsf.transforms.AlignBody`. :obj:`None` is none.
            (default: :obj:`None`)
        stream, motion, length, fit (optional): The network input, as in
            :class:`~pyg_hcsf.data.action_loader.ActionLoader`.
        fps (float, optional): The frame rate of the clips.
            (default: :obj:`30.0`)
        card (dict, optional): The model card (training data, accuracy): a
            text for each heading. (default: :obj:`{}`)

    Raises:
        ValueError: If a value is of the wrong type or out of range.

    Example:
        >>> model = dict(hidden_channels=16, out_channels=2, num_bodies=1)
        >>> RecognizerInfo('kinect20', model, ['wave', 'jog'], window=60)
    """

    skeleton: str
    model: dict[str, Any]
    actions: Sequence[str]
    window: int
    normalize: dict[str, Any] | None = None
    stream: str = 'joint'
    motion: str = 'after'
    length: int = 300
    fit: str = 'repeat'
    fps: float = 30.0
    card: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_info(self, 'ActionRecognizer')
        self._check_size()
        actions = self.actions
        if not isinstance(actions, (tuple, list)) or not all(
            isinstance(name, str) and 0 < len(name) <= MAX_NAME
            for name in actions
        ):
            raise wrong('actions', 'names', actions)
        object.__setattr__(self, 'actions', tuple(actions))
        number = self.model.get('out_channels', 60)
        if len(set(actions)) != number or number > MAX_ACTIONS:
            raise ValueError(
                "Expected distinct names in 'actions', one for each of the "
                f"'out_channels' of 'model', at most {MAX_ACTIONS} (got "
                f'{len(set(actions))} names, {shown(number)} channels)'
            )
        for name in ('window', 'length'):
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= MAX_FRAMES:
                raise wrong(name, f'frames from 1 to {MAX_FRAMES}', value)
        check_choice('stream', self.stream, STREAMS)
        check_fit(self.length, self.fit, 1.0)
        check_choice('motion', self.motion, MOTIONS)
        self.transform()

    @property
    def num_bodies(self) -> int:
        r"""The number of bodies of the network input."""
        return int(self.model.get('num_bodies', 2))

    @property
    def unit(self) -> str:
        r"""The unit of the recorded clips."""
        return 'mm' if (self.normalize or {}).get('scale') == 1e-3 else 'm'

    @property
    def of_poses(self) -> bool:
        r"""Whether clips are poses of one person with the joints of
        Human3.6M in millimetres, z up, as
        :func:`~pyg_hcsf.recognition.recognize_poses` needs them.
        """
        up = (self.normalize or {}).get('up')
        return (self.skeleton, self.unit, up) == ('h36m17', 'mm', 2)

    def build(self) -> ActionRecognizer:
        r"""Creates the network with random weights."""
        options = dict(self.model)
        skeleton = get_skeleton(self.skeleton, options.pop('graph', None))
        return ActionRecognizer(skeleton, **options)

    def transform(self) -> BaseTransform | None:
        r"""The alignment of clips."""
        if self.normalize is None:
            return None
        try:
            if 'scheme' in self.normalize:
                return PreNormalize(**self.normalize)
            scale = self.normalize.get('scale', 1.0)
            if not is_number(scale, 1e-6, 1e6):
                raise ValueError(f"'scale' is {shown(scale)}")
            return AlignBody(get_skeleton(self.skeleton), **self.normalize)
        except (TypeError, ValueError, AttributeError) as e:
            raise ValueError(
                f"Expected 'normalize' to be arguments of PreNormalize or "
                f'AlignBody (got {shown(self.normalize)}: {cause(e)})'
            ) from e

    def _check_size(self) -> None:
        limits, options = dict(LIMITS), self.model.get('layer_options')
        if isinstance(options, dict) and options.get('sharing') == 'pair':
            limits['hidden_channels'] = MAX_PAIR_CHANNELS
        for name, most in limits.items():
            value = self.model.get(name, 1)
            if type(value) is not int or not 1 <= value <= most:
                raise wrong('model', f"'{name}' from 1 to {most}", value)


def save_recognizer(
    path: str | Path,
    model: ActionRecognizer,
    info: RecognizerInfo,
    half: bool = False,
) -> None:
    r"""Saves a recogniser.

    Args:
        path (str or pathlib.Path): The file, ``.safetensors``.
        model (ActionRecognizer): The network.
        info (RecognizerInfo): Its metadata.
        half (bool, optional): If set to :obj:`True`, will round large tensors
            to float16. (default: :obj:`False`)

    Raises:
        ValueError: If :obj:`info` describes another network, or weights are
            not finite (after rounding).
        RuntimeError: If the file cannot be written.

    Example:
        >>> save_recognizer('recognizer.safetensors', info.build(), info)
    """
    write_weights(path, model, info, KEY, FIXED, half)


def load_recognizer(
    path: str | Path,
) -> tuple[ActionRecognizer, RecognizerInfo]:
    r"""Loads a recogniser in evaluation mode and float32.

    Args:
        path (str or pathlib.Path): A file of :func:`save_recognizer`, the
            folder of a finished action run, or a name of
            :func:`available_recognizers`.

    Returns:
        tuple: The network and its metadata.

    Raises:
        ValueError: If there is no such file or name, or it is damaged.

    Example:
        >>> model, info = load_recognizer('cmu')
        >>> info.actions
    """
    names = available_recognizers()
    if str(path) in names:
        path = HOME / f'{path}.safetensors'
    path = Path(path).expanduser()
    if path.is_dir():
        path = path / NAME
    if not path.is_file():
        raise ValueError(
            f"Expected one of {names}, a '{NAME}', or the folder of a "
            "finished run of '--task action', which has one (got "
            f"'{path}'){did_you_mean(str(path), names)}; a run of an earlier "
            'version has none: move it away and run it again'
        )
    model, info = read_weights(
        path, RecognizerInfo, KEY, FIXED, 'save_recognizer'
    )
    assert isinstance(model, ActionRecognizer)
    return model, info


def available_recognizers() -> list[str]:
    r"""The names of the pre-trained weights in the package."""
    return sorted(path.stem for path in HOME.glob('*.safetensors'))
