r"""What stands for the classes and functions that a pickle may name."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from pyg_hcsf.safe_io.shown import shown

KEY_LIMIT = 2**61 - 1  # beyond, integers are made whose hashes collide
EMPTY_LIMIT = 2**24  # product of the other sizes of an array with a size of 0
CONTAINERS = (list, tuple, dict, set, frozenset, np.ndarray)
UNIT = 64  # bytes of an array or text that count as one value

DTYPE = re.compile(r'[<>|=]?(?:b1|[iu][1248]|f(?:2|4|8|16)|c(?:8|16|32)|O8?)')
TEXT_DTYPE = re.compile(r'[<>|=]?[SU]\d{1,9}')


class Global(NamedTuple):
    r"""What stands for a class or function that a pickle may name."""

    name: str
    make: Callable[[tuple], Any]


class Arguments(tuple):
    r"""A tuple that holds a :class:`Global`, of use in a call only."""


def values_of(items: Iterable[Any]) -> Any:
    r"""What may be part of a result."""
    for item in items:
        if type(item) is Global or type(item) is Arguments:
            raise ValueError('a class or function as a value')
    return items


def check_key(key: Any) -> Any:
    r"""A key, or item of a set, whose hash cannot be made to take for ever."""
    kind = type(key)
    if kind is str or kind is bytes or kind is bool or key is None:
        return key
    if isinstance(key, (int, np.integer)) and abs(int(key)) < KEY_LIMIT:
        return key
    if kind is tuple and all(type(part) is str for part in key):
        return key
    raise ValueError(f'a key or item of a set that is a {kind.__name__}')


def check_sharing(value: Any, limit: int) -> None:
    r"""Refuses values that contain themselves, or in which containers are
    shared so that whoever walks through them meets many times what is stored.

    Args:
        value (Any): What a pickle holds.
        limit (int): How many values may be met; :obj:`64` bytes of an array
            or a text count as one.
    """
    met: dict[int, int] = {}  # by container; 0 while it is being counted
    stack: list[tuple[Any, bool]] = [(value, False)]
    while stack:
        item, counted = stack.pop()
        parts = _parts(item)
        if counted:
            met[id(item)] = total = 1 + sum(_met(part, met) for part in parts)
            if total > limit:
                raise ValueError(
                    f'containers that are shared: more than {limit} values '
                    'would be met in them'
                )
        elif id(item) not in met:
            met[id(item)] = 0
            stack.append((item, True))
            for part in parts:
                if type(part) not in CONTAINERS:
                    continue
                if met.get(id(part)) == 0:
                    raise ValueError('a container that contains itself')
                if id(part) not in met:
                    stack.append((part, False))


def _parts(item: Any) -> Iterable[Any]:
    if type(item) is dict:
        return [*item, *item.values()]
    if type(item) is np.ndarray:
        return item.ravel('K').tolist() if item.dtype.hasobject else ()
    return item if type(item) in CONTAINERS else ()


def _met(part: Any, met: dict[int, int]) -> int:
    size = 0
    if type(part) in CONTAINERS:
        size = met[id(part)]
    if isinstance(part, np.ndarray):
        return size + part.nbytes // UNIT
    return size or 1 + (len(part) // UNIT if type(part) in (str, bytes) else 0)


def to_bytes(raw: Any) -> Any:
    r"""Bytes, which Python 2 writes as text."""
    return raw.encode('latin1') if type(raw) is str else raw


def check_size(raw: Any, dtype: Any, shape: Any) -> None:
    r"""Refuses an array whose shape is not that of its content."""
    if (
        not isinstance(dtype, np.dtype)
        or type(shape) is not tuple
        or not all(type(size) is int and size >= 0 for size in shape)
    ):
        raise ValueError('an array without a type or a shape')
    if math.prod(shape) and not dtype.itemsize:
        raise ValueError('an array of texts of no width')
    if not math.prod(shape) and (
        math.prod(size for size in shape if size) > EMPTY_LIMIT
    ):
        raise ValueError(f'an empty array of shape {shown(shape)}')
    if type(raw) is list:
        good = dtype.hasobject and len(raw) == math.prod(shape)
    elif isinstance(raw, (bytes, bytearray, memoryview)):
        size = math.prod(shape) * dtype.itemsize
        good = not dtype.hasobject and len(raw) == size
    else:
        good = False
    if not good:
        size = len(raw) if hasattr(raw, '__len__') else 0
        raise ValueError(
            f'an array of {dtype} in shape {shown(shape)} made of '
            f'{type(raw).__name__} of length {size}'
        )


def make_dtype(args: tuple) -> np.dtype:
    r"""The type of an array."""
    spec, *_ = args
    if type(spec) is not str:
        raise ValueError('a type without a name')
    if not DTYPE.fullmatch(spec) and not TEXT_DTYPE.fullmatch(spec):
        raise ValueError(f'an array of the type {spec:.40}')
    return np.dtype(spec, copy=True)


def set_order(dtype: Any, state: tuple) -> None:
    r"""Sets the order of bytes of a type, given its state."""
    _, order, subdtype, names, fields, *_ = state
    if (subdtype, names, fields) != (None, None, None):
        raise ValueError('an array of several fields')
    if order not in ('<', '>', '=', '|'):
        raise ValueError('a type in an unknown order of bytes')
    if dtype.newbyteorder(order) != dtype:
        if dtype.kind not in 'iufc':
            raise ValueError(f'a type {dtype} in foreign order of bytes')
        dtype.__setstate__((3, order, None, None, None, -1, -1, 0))


def make_array(raw: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    r"""An array of a type, a shape and an order around its content."""
    check_size(raw, dtype, shape)
    if type(raw) is list or order not in ('C', 'F'):
        raise ValueError('an array of an unknown layout')
    return np.ndarray(shape, dtype, raw, order=order)


def _empty_array(args: tuple) -> np.ndarray:
    kind, *_ = args
    if kind is not NDARRAY:
        raise ValueError('a kind of array that is not plain')
    return np.empty(0, np.uint8)


def _make_scalar(args: tuple) -> np.generic:
    dtype, raw = args
    raw = to_bytes(raw)
    check_size(raw, dtype, ())
    return np.frombuffer(raw, dtype)[0]


def _encode(args: tuple) -> bytes:
    text, encoding = args
    if type(text) is not str or encoding not in ('latin1', 'latin-1'):
        raise ValueError('an unknown encoding')
    return text.encode('latin1')


def _make_bytes(args: tuple) -> bytes:
    return _encode(args) if args else b''


def _make_bytearray(args: tuple) -> bytearray:
    if len(args) == 1 and type(args[0]) is bytes:
        return bytearray(args[0])
    return bytearray(_make_bytes(args))


def _make_complex(args: tuple) -> complex:
    real, imag = args
    if type(real) is not float or type(imag) is not float:
        raise ValueError('a complex number of no numbers')
    return complex(real, imag)


def _make_set(args: tuple) -> set:
    (items,) = args
    if type(items) is not list:
        raise ValueError(f'a set of a {type(items).__name__}')
    return set(map(check_key, items))


def _not_called(args: tuple) -> Any:
    raise ValueError('a call of a type')


NDARRAY = Global('numpy.ndarray', _not_called)
_MAKERS: dict[str, Callable[[tuple], Any]] = {
    'numpy.dtype': make_dtype,
    '_codecs.encode': _encode,
    **{
        f'numpy.{core}.{name}': make
        for core in ('core', '_core')
        for name, make in {
            'multiarray._reconstruct': _empty_array,
            'multiarray.scalar': _make_scalar,
            'numeric._frombuffer': lambda args: make_array(*args),
        }.items()
    },
    **{
        f'{builtins}.{name}': make
        for builtins in ('builtins', '__builtin__')
        for name, make in {
            'bytes': _make_bytes,
            'bytearray': _make_bytearray,
            'complex': _make_complex,
            'set': _make_set,
            'frozenset': lambda args: frozenset(_make_set(args)),
        }.items()
    },
}
GLOBALS = {path: Global(path, make) for path, make in _MAKERS.items()}
GLOBALS['numpy.ndarray'] = NDARRAY
