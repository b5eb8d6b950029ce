"""The data sets that commands know, and their options."""

from __future__ import annotations

import inspect
import json
import os
import types
from argparse import ArgumentTypeError
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import (
    Any,
    Literal,
    NamedTuple,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pyg_hcsf import datasets
from pyg_hcsf.cli.argument_texts import argument_texts
from pyg_hcsf.cli.command import CommandParser
from pyg_hcsf.datasets.checks.doctor import FoundFiles

DATA_HOME = Path('datasets')
CLASSES: dict[str, Any] = {
    'human36m': datasets.Human36M,
    'mpi_inf_3dhp': datasets.MPIINF3DHP,
    'nturgbd': datasets.NTURGBD,
    'utd_mhad': datasets.UTDMHAD,
    'openmocap': datasets.OpenMocap,
    'cmu_mocap': datasets.CMUMocap,
    'hdm05': datasets.HDM05,
    'bvh_motion': datasets.BVHMotion,
}
# Arguments of the classes that do not change what is written, or that
# commands set themselves.
SKIPPED_ARGUMENTS = {
    'root', 'raw', 'split', 'val_subjects', 'dropped', 'log', 'force_reload',
    'transform', 'pre_transform', 'pre_filter',
}  # fmt: skip
# Of arguments that are explained in a paragraph of ClipDataset.
SHARED_TEXTS = {
    'subsample': 'The frame stride.',
    'format': 'The format to read where there are several.',
}
MAX_NAMED = 20  # files that are named


def add_dataset_options(parser: CommandParser, cls: Any) -> None:
    """Adds the arguments of a class and the location of its files."""
    parser.add_argument(
        '--from',
        help='file, folder or zip with raw files; default: '
        f'<root>/{cls.__name__}/raw',
    )
    parser.add_argument(
        '--root',
        help='folder of all data sets; default: PYG_HCSF_DATA or datasets',
    )
    for name, argument in _arguments(cls).items():
        text = argument.text.replace('%', '%%').replace(
            '. None', '. The default'
        )
        text = text.replace('None', 'the default')
        if argument.default is not None:
            text += f' default: {_shown(argument.default)}'
        parser.add_argument(
            f'--{name}',
            default=argument.default,
            help=text,
            **_type_of(argument.hint),
        )


class _Argument(NamedTuple):
    default: Any
    hint: Any
    text: str


def _arguments(cls: Any) -> dict[str, _Argument]:
    """The arguments of a class, and those that it hands on to its base class
    as keyword arguments.
    """
    texts = dict(SHARED_TEXTS)
    for base in cls.__mro__[::-1]:
        texts |= argument_texts(base)
    out: dict[str, _Argument] = {}
    for base in cls.__mro__:
        if '__init__' not in vars(base):
            continue
        hints = get_type_hints(base.__init__)
        parameters = [*inspect.signature(base).parameters.values()]
        named = [p for p in parameters if p.kind is not p.VAR_KEYWORD]
        for parameter in named:
            name = parameter.name
            if name not in SKIPPED_ARGUMENTS and name not in out:
                out[name] = _Argument(
                    parameter.default, hints[name], texts.get(name, '')
                )
        if named == parameters:
            break
    return out


def _type_of(hint: Any) -> dict[str, Any]:
    """The arguments of add_argument for a type hint."""
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (kind for kind in get_args(hint) if kind is not type(None))
    values = get_args(hint)
    if get_origin(hint) is Literal:
        return {'choices': values, 'type': type(values[0])}
    if get_origin(hint) in (list, Sequence):
        return {'nargs': '+', 'type': values[0]}
    if hint in (str, int, float):
        return {'type': hint}
    return {'type': _json_object, 'metavar': 'JSON'}


def _json_object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except ValueError as e:
        raise ArgumentTypeError(f'not valid JSON: {e}') from e
    if not isinstance(values, dict):
        raise ArgumentTypeError('expected a JSON object, such as {"a": "b"}')
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in values.items()
    }


def _shown(default: Any) -> str:
    if isinstance(default, tuple):
        return ' '.join(map(str, default))
    return str(default)


def pop_paths(cls: Any, options: dict[str, Any]) -> tuple[Path, Path]:
    """Removes the options of paths; returns those of root and raw files."""
    raw, home = options.pop('from'), options.pop('root')
    home = Path(home or os.environ.get('PYG_HCSF_DATA') or DATA_HOME)
    root = home.expanduser() / cls.__name__
    return root, Path(raw).expanduser() if raw else root / 'raw'


def describe(item: FoundFiles) -> str:
    """Describes the files of one format."""
    number = f'{len(item.files):,} file' + 's' * (len(item.files) > 1)
    return f"{number}, format '{item.format.name}': {item.format.description}"


def list_names(names: Iterable[object]) -> str:
    """Lists the first of many names, and the number of the others."""
    texts = list(map(str, names))
    more = len(texts) - MAX_NAMED
    return ', '.join(texts[:MAX_NAMED]) + f' and {more:,} more' * (more > 0)
