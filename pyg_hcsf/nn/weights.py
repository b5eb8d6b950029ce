r"""Files of weights: safetensors, with what a network needs to be used in the
file's own header.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any, Protocol, TypeVar, Union

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.nn import Module

from pyg_hcsf.io.files import atomic_write

LARGEST_FILE = 2**28  # bytes
LARGEST_NUMBER = 1024  # of any option of a network
MOST_OPTIONS = 64  # in one place
SMALL = 1024  # tensors of fewer numbers are never rounded to float16


class NetworkInfo(Protocol):
    r"""A dataclass that says what a network is: :obj:`model` are its
    arguments.
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
        path (str or pathlib.Path): The file, ``.safetensors``.
        model (torch.nn.Module): The network.
        info (NetworkInfo): What it is.
        key (str): Tells files of its kind from others.
        fixed (dict): What the header says beside :obj:`info`, such as a
            version.
        half (bool): If set to :obj:`True`, large tensors are rounded to
            float16.

    Raises:
        ValueError: If :obj:`info` describes another network, or weights are
            not finite, rounded or not.
        RuntimeError: If the file cannot be written.
    """
    tensors = {}
    for name, tensor in model.state_dict().items():
        if half and tensor.is_floating_point() and tensor.numel() >= SMALL:
            tensor = tensor.half()
        tensors[name] = tensor.detach().cpu().contiguous()
    _fill(info, tensors, f"the network for '{path}'")
    header = {**fixed, **asdict(info)}  # type: ignore[call-overload]
    content = save(tensors, {key: json.dumps(header)})
    with atomic_write(path) as part:
        part.write_bytes(content)


def read_weights(
    path: Path, key: str, parse: Callable[[str], Info], writer: str
) -> tuple[Module, Info]:
    r"""Reads what :func:`write_weights` wrote, in evaluation and float32.

    Args:
        path (pathlib.Path): The file.
        key (str): As it was written.
        parse (callable): Makes the info of a header, see
            :func:`parse_header`.
        writer (str): The function that writes such files, for errors.

    Raises:
        ValueError: If it is no such file, or damaged.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError(f'it is larger than {LARGEST_FILE} bytes')
        with safe_open(path, 'pt') as file:
            text = (file.metadata() or {}).get(key)
            if text is None:
                raise ValueError(
                    f"its header has no '{key}', as {writer} writes it"
                )
            info = parse(text)
            names = list(file.keys())
            tensors = {name: file.get_tensor(name) for name in names}
        return _fill(info, tensors, 'it'), info
    except (OSError, ValueError, SafetensorError, RecursionError) as e:
        raise ValueError(
            f"Could not read the weights '{path}': {e}. Expected a file of "
            f'{writer}'
        ) from e


def parse_header(
    text: str, info: Callable[..., Info], fixed: dict[str, Any]
) -> Info:
    r"""What a header says of a network.

    Args:
        text (str): The header.
        info (type): The dataclass that is made of it.
        fixed (dict): What else it must say.

    Raises:
        ValueError: If it says more, less or something else.
    """
    header = json.loads(text)
    own = fields(info)  # type: ignore[arg-type]
    names = {f.name for f in own}
    if not isinstance(header, dict) or header.keys() - names != set(fixed):
        raise ValueError(f'its header is not of version {fixed["version"]}')
    for key, expected in fixed.items():
        if (value := header.pop(key)) != expected:
            raise ValueError(
                f"its '{key}' is {value!r}, which this version of pyg_hcsf "
                f'does not read ({expected!r})'
            )
    needed = {
        f.name
        for f in own
        if f.default is MISSING and f.default_factory is MISSING
    }
    if missing := needed - header.keys():
        raise ValueError(f'its header has no {sorted(missing)}')
    return info(**header)


def check_numbers(value: Any) -> None:
    r"""No option of a network is so large that it fills the memory.

    Raises:
        ValueError: If one is.
    """
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        if len(value) > MOST_OPTIONS:
            raise wrong('model', f'at most {MOST_OPTIONS} options', value)
        for item in value:
            check_numbers(item)
    elif isinstance(value, (int, float)) and not abs(value) <= LARGEST_NUMBER:
        raise wrong('model', f'numbers up to {LARGEST_NUMBER}', value)


def is_number(value: Any) -> bool:
    r"""Whether a value of a header is a number, and no truth value."""
    return type(value) in (int, float)


def wrong(name: str, expected: str, value: Any) -> ValueError:
    r"""The error for a value of a header."""
    return ValueError(f"Expected '{name}' to be {expected} (got {value!r})")


def _fill(info: NetworkInfo, tensors: dict[str, Tensor], what: str) -> Module:
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
