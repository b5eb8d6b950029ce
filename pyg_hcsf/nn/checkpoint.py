r"""Weights of networks in safetensors files, with a JSON header that describes
the network.
"""

from __future__ import annotations

import contextlib
import json
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any, Optional, Protocol, TypeVar, Union

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.nn import Module
from torch.nn.modules.module import (
    register_module_parameter_registration_hook,
)

from pyg_hcsf.choices import wrong
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.safe_io.shown import PARSE_ERRORS, cause, shown

MAX_FILE_SIZE = 2**28  # bytes
MAX_NUMBER = 1024  # of any option of a network
MAX_OPTIONS = 64  # in one list or mapping
MAX_TENSORS = 10_000
#: What constructors of networks raise for unsuitable options.
BUILD_ERRORS = (
    *PARSE_ERRORS, RuntimeError, ArithmeticError, MemoryError, AssertionError,
)  # fmt: skip
SMALL = 1024  # tensors with fewer elements are never rounded to float16


class NetworkInfo(Protocol):
    r"""A dataclass that describes a network by the arguments :obj:`model` of
    its constructor.
    """

    @property
    def model(self) -> dict[str, Any]: ...

    def build(self) -> Module:
        r"""The network, with random weights."""


Info = TypeVar('Info', bound=NetworkInfo)


def write_weights(
    path: Union[str, Path],
    model: Module,
    info: NetworkInfo,
    key: str,
    fixed: dict[str, Any],
    half: bool,
) -> None:
    r"""Writes the weights of a network.

    Args:
        path (str or pathlib.Path): The ``.safetensors`` file.
        model (torch.nn.Module): The network.
        info (NetworkInfo): Its description, which goes into the header.
        key (str): The metadata key of the header, which identifies the kind
            of file.
        fixed (dict): Further entries of the header, such as a version.
        half (bool): If set to :obj:`True`, large tensors are rounded to
            float16.

    Raises:
        ValueError: If :obj:`info` describes another network, or weights are
            not finite, also after rounding.
        RuntimeError: If the file cannot be written.
    """
    tensors = {}
    for name, tensor in model.state_dict().items():
        if half and tensor.is_floating_point() and tensor.numel() >= SMALL:
            tensor = tensor.half()
        tensors[name] = tensor.detach().cpu().contiguous()
    shapes = {name: list(tensor.shape) for name, tensor in tensors.items()}
    what = f"the network for '{path}'"
    _fill(_build(info, shapes, what), tensors, what)
    header = {**fixed, **asdict(info)}  # type: ignore[call-overload]
    content = save(tensors, {key: json.dumps(header)})
    with atomic_write(path) as part:
        part.write_bytes(content)


def read_weights(
    path: Path,
    info: Callable[..., Info],
    key: str,
    fixed: dict[str, Any],
    writer: str,
) -> tuple[Module, Info]:
    r"""Reads a file of :func:`write_weights`; returns the network, in
    evaluation mode and float32, and its description.

    Args:
        path (pathlib.Path): The file.
        info (type): The dataclass of the header.
        key (str): The metadata key of the header.
        fixed (dict): Further entries that the header must have.
        writer (str): The function that writes such files, for errors.

    Raises:
        ValueError: If it is another kind of file, or damaged.
    """
    try:
        if path.stat().st_size > MAX_FILE_SIZE:
            raise ValueError(f'it is larger than {MAX_FILE_SIZE} bytes')
        with safe_open(path, 'pt') as file:
            text = (file.metadata() or {}).get(key)
            if text is None:
                raise ValueError(
                    f"its header has no '{key}', as {writer} writes it"
                )
            header = parse_header(text, info, fixed)
            names = list(file.keys())
            if len(names) > MAX_TENSORS:
                raise ValueError(f'it has {len(names)} tensors')
            # Shapes are compared before tensors are read.
            shapes = {name: file.get_slice(name).get_shape() for name in names}
            model = _build(header, shapes, 'it')
            tensors = {name: file.get_tensor(name) for name in names}
        _fill(model, tensors, 'it')
        return model, header
    except (*PARSE_ERRORS, OSError, SafetensorError, RecursionError) as e:
        raise ValueError(
            f"Could not read the weights '{path}': {cause(e)}. Expected a "
            f'file of {writer}'
        ) from e


def parse_header(
    text: str, info: Callable[..., Info], fixed: dict[str, Any]
) -> Info:
    r"""Parses the JSON header into a dataclass.

    Args:
        text (str): The header.
        info (type): The dataclass.
        fixed (dict): Further entries that the header must have.

    Raises:
        ValueError: If entries are unknown, missing or have another value.
    """
    header = json.loads(text)
    own = fields(info)  # type: ignore[arg-type]
    names = {f.name for f in own}
    if not isinstance(header, dict) or header.keys() - names != set(fixed):
        raise ValueError(f'its header is not of version {fixed["version"]}')
    for key, expected in fixed.items():
        if (value := header.pop(key)) != expected:
            raise ValueError(
                f"its '{key}' is {shown(value)}, which this version of "
                f'pyg_hcsf does not read ({shown(expected)})'
            )
    # Fields without a default must be in the header.
    needed = {
        f.name
        for f in own
        if f.default is MISSING and f.default_factory is MISSING
    }
    if missing := needed - header.keys():
        raise ValueError(f'its header has no {sorted(missing)}')
    return info(**header)


def check_numbers(value: Any) -> None:
    r"""Rejects options of a network that are large enough to exhaust memory.

    Raises:
        ValueError: If there are too many, or a number is too large.
    """
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        if len(value) > MAX_OPTIONS:
            raise wrong('model', f'at most {MAX_OPTIONS} options', value)
        for item in value:
            check_numbers(item)
    elif isinstance(value, (int, float)) and not abs(value) <= MAX_NUMBER:
        raise wrong('model', f'numbers up to {MAX_NUMBER}', value)


def is_number(value: Any, least: float, most: float) -> bool:
    r"""Whether a value of a header is a number in a range, not a boolean."""
    return type(value) in (int, float) and least <= value <= most


def check_info(info: Any, network: str) -> None:
    r"""Checks what the headers of lifters and recognisers have in common.

    Raises:
        ValueError: If :obj:`model`, :obj:`fps` or :obj:`card` is of another
            type or out of range.
    """
    if not isinstance(info.model, dict) or 'skeleton' in info.model:
        expected = f"the arguments of '{network}' without 'skeleton'"
        raise wrong('model', expected, info.model)
    check_numbers(info.model)
    if not is_number(info.fps, 1, 1000):
        raise wrong('fps', 'between 1 and 1000', info.fps)
    if not isinstance(info.card, dict) or not all(
        isinstance(value, str) for value in info.card.values()
    ):
        raise wrong('card', 'a text for each heading', info.card)


def _build(
    info: NetworkInfo, shapes: dict[str, list[int]], what: str
) -> Module:
    r"""Builds the network and compares the shapes of its tensors."""
    try:
        with _limit_parameters(sum(map(math.prod, shapes.values()))):
            model = info.build().eval()
    except BUILD_ERRORS as e:
        raise ValueError(
            f"'model' {shown(info.model)} does not fit {what}: {cause(e)}"
        ) from e
    expected = model.state_dict()
    if expected.keys() != shapes.keys():
        names = sorted(expected.keys() ^ shapes.keys())
        raise ValueError(
            f"'model' does not describe {what}: they differ in {len(names)} "
            f'tensors such as {shown(names[0])}'
        )
    for name, shape in shapes.items():
        if shape != list(expected[name].shape):
            raise ValueError(
                f"'model' does not describe {what}: '{name}' has shape "
                f'{shown(shape)}, not {list(expected[name].shape)}'
            )
    return model


@contextlib.contextmanager
def _limit_parameters(limit: int) -> Iterator[None]:
    r"""Stops the construction of a network in this thread once its parameters
    have more elements. Parameters are counted before they are initialised,
    when the system has not yet provided their memory.
    """
    thread, left = threading.get_ident(), limit

    def count(module: Module, name: str, parameter: Optional[Tensor]) -> None:
        nonlocal left
        if parameter is not None and threading.get_ident() == thread:
            left -= parameter.numel()
            if left < 0:
                raise ValueError(
                    f'its parameters have more than the {limit} elements of '
                    'the tensors'
                )

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()


def _fill(model: Module, tensors: dict[str, Tensor], what: str) -> None:
    for name, tensor in tensors.items():
        if not bool(tensor.isfinite().all()):
            raise ValueError(f"'{name}' of {what} is not finite")
    model.load_state_dict(tensors)  # converted to the type of the network
