r"""Safe replacements of the classes and functions that a pickle may name."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from pyg_hcsf.safe_io.shown import shown

KEY_LIMIT = 2**61 - 1  # from here on, integers have the same hashes as others
EMPTY_LIMIT = 2**24  # product of the other sizes of an array with a size of 0
CONTAINERS = (list, tuple, dict, set, frozenset, np.ndarray)
UNIT = 64  # bytes of an array or text that count as one value

DTYPE = re.compile(r'[<>|=]?(?:b1|[iu][1248]|f(?:2|4|8|16)|c(?:8|16|32)|O8?)')
TEXT_DTYPE = re.compile(r'[<>|=]?[SU]\d{1,9}')


class Global(NamedTuple):
    r"""The replacement of a class or function: its path, and what is called
    with the tuple of arguments.
    """

    name: str
    make: Callable[[tuple], Any]


class GlobalTuple(tuple):
    r"""A tuple with a :class:`Global`, allowed as arguments of a call only."""


def check_values(items: Iterable[Any]) -> Any:
    r"""Refuses classes and functions as values, and returns the items."""
    for item in items:
        if type(item) is Global or type(item) is GlobalTuple:
            raise ValueError('a class or function as a value')
    return items


def check_key(key: Any) -> Any:
    r"""Returns a key of a dictionary or item of a set, unless its hash can be
    made to take forever.
    """
    kind = type(key)
    if kind is str or kind is bytes or kind is bool or key is None:
        return key
    if isinstance(key, (int, np.integer)) and abs(int(key)) < KEY_LIMIT:
        return key
    if kind is tuple and all(type(part) is str for part in key):
        return key
    raise ValueError(f'a key or item of a set that is a {kind.__name__}')


def check_sharing(value: Any, limit: int) -> None:
    r"""Refuses values that contain themselves, or that share containers so
    often that a walk through them visits many times what is stored.

    Args:
        value (Any): The value of a pickle.
        limit (int): The number of values that may be visited; 64 bytes of an
            array or a text count as one.
    """
    sizes: dict[int, int] = {}  # by container; 0 while it is being counted
    stack: list[tuple[Any, bool]] = [(value, False)]
    while stack:
        item, parts_counted = stack.pop()
        parts = _parts(item)
        if parts_counted:
            size = 1 + sum(_size(part, sizes) for part in parts)
            sizes[id(item)] = size
            if size > limit:
                raise ValueError(
                    f'containers that are shared: more than {limit} values '
                    'would be visited in them'
                )
        elif id(item) not in sizes:
            sizes[id(item)] = 0
            stack.append((item, True))
            for part in parts:
                if type(part) not in CONTAINERS:
                    continue
                if sizes.get(id(part)) == 0:
                    raise ValueError('a container that contains itself')
                stack.append((part, False))


def _parts(item: Any) -> Iterable[Any]:
    if type(item) is dict:
        return [*item, *item.values()]
    if type(item) is np.ndarray:
        return item.ravel('K').tolist() if item.dtype.hasobject else ()
    return item if type(item) in CONTAINERS else ()


def _size(part: Any, sizes: dict[int, int]) -> int:
    size = sizes[id(part)] if type(part) in CONTAINERS else 0
    if isinstance(part, np.ndarray):
        return size + part.nbytes // UNIT
    return size or 1 + (len(part) // UNIT if type(part) in (str, bytes) else 0)


def to_bytes(raw: Any) -> Any:
    r"""Converts the text that Python 2 writes for bytes."""
    return raw.encode('latin1') if type(raw) is str else raw


def check_size(raw: Any, dtype: Any, shape: Any) -> None:
    r"""Refuses an array whose shape does not fit its content."""
    if (
        not isinstance(dtype, np.dtype)
        or type(shape) is not tuple
        or not all(type(size) is int and size >= 0 for size in shape)
    ):
        raise ValueError('an array without a type or a shape')
    count = math.prod(shape)
    if count and not dtype.itemsize:
        raise ValueError('an array of texts of no width')
    if not count and math.prod(filter(None, shape)) > EMPTY_LIMIT:
        raise ValueError(f'an empty array of shape {shown(shape)}')
    if type(raw) is list:
        good = dtype.hasobject and len(raw) == count
    elif isinstance(raw, (bytes, bytearray, memoryview)):
        good = not dtype.hasobject and len(raw) == count * dtype.itemsize
    else:
        good = False
    if not good:
        size = len(raw) if hasattr(raw, '__len__') else 0
        raise ValueError(
            f'an array of {dtype} in shape {shown(shape)} made of '
            f'{type(raw).__name__} of length {size}'
        )


def make_dtype(args: tuple) -> np.dtype:
    r"""Makes the type of an array."""
    spec, *_ = args
    if type(spec) is not str:
        raise ValueError('a type without a name')
    if not DTYPE.fullmatch(spec) and not TEXT_DTYPE.fullmatch(spec):
        raise ValueError(f'an array of the type {spec:.40}')
    return np.dtype(spec, copy=True)


def set_byte_order(dtype: Any, state: tuple) -> None:
    r"""Sets the byte order of a type from its pickled state."""
    _, order, subdtype, names, fields, *_ = state
    if (subdtype, names, fields) != (None, None, None):
        raise ValueError('an array of several fields')
    if order not in ('<', '>', '=', '|'):
        raise ValueError('a type with an unknown byte order')
    if dtype.newbyteorder(order) != dtype:
        if dtype.kind not in 'iufc':
            raise ValueError(f'a type {dtype} with a foreign byte order')
        dtype.__setstate__((3, order, None, None, None, -1, -1, 0))


def make_array(raw: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    r"""Makes an array that is a view of its content."""
    check_size(raw, dtype, shape)
    if type(raw) is list or order not in ('C', 'F'):
        raise ValueError('an array with an unknown memory order')
    return np.ndarray(shape, dtype, raw, order=order)


def _empty_array(args: tuple) -> np.ndarray:
    if args[0] is not NDARRAY:
        raise ValueError('a subclass of arrays')
    return np.empty(0, np.uint8)


def _make_scalar(args: tuple) -> np.generic:
    dtype, raw = args
    raw = to_bytes(raw)
    check_size(raw, dtype, ())
    return np.frombuffer(raw, dtype)[0]


def _make_bytes(args: tuple) -> bytes:
    if not args:
        return b''
    text, encoding = args
    if type(text) is not str or encoding not in ('latin1', 'latin-1'):
        raise ValueError('an unknown encoding')
    return text.encode('latin1')


def _make_bytearray(args: tuple) -> bytearray:
    if len(args) == 1 and type(args[0]) is bytes:
        return bytearray(args[0])
    return bytearray(_make_bytes(args))


def _make_complex(args: tuple) -> complex:
    real, imag = args
    if type(real) is not float or type(imag) is not float:
        raise ValueError('a complex number that is not made of two floats')
    return complex(real, imag)


def _make_frozenset(args: tuple) -> frozenset:
    (items,) = args
    if type(items) is not list:
        raise ValueError(f'a set of a {type(items).__name__}')
    return frozenset(map(check_key, items))


def _refuse_call(args: tuple) -> Any:
    raise ValueError('a call of a type')


NDARRAY = Global('numpy.ndarray', _refuse_call)
NUMPY = ('numpy.core', 'numpy._core')  # of NumPy 1 and 2
BUILTINS = ('builtins', '__builtin__')  # of Python 3 and 2
GLOBALS = {'numpy.ndarray': NDARRAY} | {
    f'{module}.{name}': Global(f'{module}.{name}', make)
    for modules, name, make in (
        (('numpy',), 'dtype', make_dtype),
        (NUMPY, 'multiarray._reconstruct', _empty_array),
        (NUMPY, 'multiarray.scalar', _make_scalar),
        (NUMPY, 'numeric._frombuffer', lambda args: make_array(*args)),
        (('_codecs',), 'encode', _make_bytes),
        (BUILTINS, 'bytes', _make_bytes),
        (BUILTINS, 'bytearray', _make_bytearray),
        (BUILTINS, 'complex', _make_complex),
        (BUILTINS, 'set', lambda args: set(_make_frozenset(args))),
        (BUILTINS, 'frozenset', _make_frozenset),
    )
    for module in modules
}
