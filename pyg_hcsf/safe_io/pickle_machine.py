r"""Executes the instructions of a pickle that only make data."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from sys import getsizeof
from typing import Any

import numpy as np

from pyg_hcsf.safe_io.pickle_globals import (
    CONTAINERS,
    GLOBALS,
    Arguments,
    Global,
    check_key,
    check_sharing,
    check_size,
    set_order,
    to_bytes,
    values_of,
)
from pyg_hcsf.safe_io.shown import shown

# What objects may take, temporary ones included: 6 times the file, and 2 MiB.
# A dictionary per frame, as of LCN, comes to 5, and takes 3.5 once it is read.
MEMORY = 6
SLACK = 2**21
SHARED = 2**17  # values that a walk through a small pickle may meet

ESCAPE = re.compile(rb'\\(x[0-9a-fA-F]{2}|.?)', re.DOTALL)
ESCAPED = {b'n': b'\n', b'r': b'\r', b't': b'\t'} | {
    mark: mark for mark in (b'\\', b"'", b'"')
}


class Machine:
    r"""Executes the instructions of a pickle that only make data.

    Python's own would take memory that a damaged pickle asks for before it
    looks whether the file is that long.
    """

    def __init__(self, content: bytes | bytearray, start: int = 0) -> None:
        self.content = content
        self.view = memoryview(content)
        self.start = self.pos = start
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: list[Any] = []
        self.left = MEMORY * (len(content) - start) + SLACK
        self.shared = False  # whether a container is used twice

    def run(self) -> Any:
        content, steps = self.content, STEPS
        while True:
            self.start = self.pos
            if self.pos >= len(content):
                raise ValueError('it is cut off')
            code = content[self.pos]
            self.pos += 1
            if code == STOP:
                value = self.stack.pop()
                if self.stack:
                    raise ValueError('it does not end with one value')
                values_of([value])
                if self.shared:
                    check_sharing(value, len(content) + SHARED)
                return value
            step = steps.get(code)
            if step is None:
                raise ValueError(f'the instruction {shown(bytes([code]))}')
            step(self)
            if self.left < 0:
                raise ValueError(
                    f'it swells to more than {MEMORY} times its size'
                )

    def push(self, value: Any, size: int = 0) -> None:
        self.left -= 8 + size
        self.stack.append(value)

    def take(self, size: int) -> memoryview:
        stop = self.pos + size
        if size < 0 or stop > len(self.content):
            raise ValueError(
                f'{size} bytes are promised where {len(self.content)} end it'
            )
        part = self.view[self.pos : stop]
        self.pos = stop
        return part

    def byte(self) -> int:
        value = self.content[self.pos]
        self.pos += 1
        return value

    def number(self, size: int, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), 'little', signed=signed)

    def line(self) -> bytes:
        stop = self.content.find(b'\n', self.pos)
        if stop < 0:
            raise ValueError('a line is cut off')
        part = bytes(self.view[self.pos : stop])
        self.pos = stop + 1
        return part

    def pop_mark(self) -> list[Any]:
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def top(self, kind: type) -> Any:
        value = self.stack[-1]
        if type(value) is not kind:
            raise ValueError(f'a {type(value).__name__} that is filled')
        return value

    def mark(self) -> None:
        self.left -= 40
        self.marks.append(len(self.stack))

    def text(self, part: memoryview, encoding: str = 'utf-8') -> None:
        errors = 'surrogatepass' if encoding == 'utf-8' else 'strict'
        value = str(part, encoding, errors)
        self.push(value, getsizeof(value))

    def raw(self, part: memoryview, kind: type = bytes) -> None:
        self.push(kind(part), len(part) + 60)

    def get(self, index: int) -> None:
        if not 0 <= index < len(self.memo):
            raise ValueError(f'value {index} is used before it is kept')
        self.push_again(self.memo[index])

    def push_again(self, value: Any) -> None:
        self.shared = self.shared or type(value) in CONTAINERS
        self.push(value)

    def put(self, index: int) -> None:
        # Pickles count from 0 or 1, and never leave numbers out.
        gap = index - len(self.memo)
        if gap > 64 or index < 0:
            raise ValueError(f'value {index} is kept after {len(self.memo)}')
        if gap >= 0:
            self.left -= 9 * (gap + 1)
            self.memo.extend([None] * (gap + 1))
        self.memo[index] = self.stack[-1]

    def memoize(self) -> None:
        self.left -= 9
        self.memo.append(self.stack[-1])

    def make_tuple(self, size: int) -> None:
        if len(self.stack) < size:
            raise ValueError('a tuple lacks items')
        items = self.stack[-size:]
        del self.stack[-size:]
        self.push_tuple(items)

    def push_tuple(self, items: list[Any]) -> None:
        made: tuple = tuple(items)
        for item in items:
            if type(item) is Global or type(item) is Arguments:
                made = Arguments(items)
        self.push(made, 56 + 8 * len(items))

    def mark_list(self) -> None:
        items = values_of(self.pop_mark())
        self.push(items, 72 + 8 * len(items))

    def mark_dict(self) -> None:
        items = self.pop_mark()
        self.push({}, 80)
        self.set_items(items)

    def set_items(self, items: list[Any]) -> None:
        target = self.top(dict)
        if len(items) % 2:
            raise ValueError('a key without a value')
        before = getsizeof(target)
        values_of(items)
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[check_key(key)] = value
        self.left -= getsizeof(target) - before

    def set_item(self) -> None:
        items = self.stack[-2:]
        del self.stack[-2:]
        self.set_items(items)

    def append(self) -> None:
        value = self.stack.pop()
        values_of([value])
        self.left -= 9
        self.top(list).append(value)

    def extend(self) -> None:
        items = values_of(self.pop_mark())
        self.left -= 9 * len(items)
        self.top(list).extend(items)

    def add_items(self) -> None:
        items = self.pop_mark()
        self.left -= 64 * len(items)
        self.top(set).update(map(check_key, items))

    def mark_frozenset(self) -> None:
        items = self.pop_mark()
        value = frozenset(map(check_key, items))
        self.push(value, getsizeof(value))

    def pop(self) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.stack.pop()

    def find(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise ValueError('a class or function without a name')
        path = f'{module}.{name}'
        found = GLOBALS.get(path)
        if found is None:
            raise ValueError(f"'{path:.80}', which it wants to use or run")
        self.push(found)

    def find_of_stack(self) -> None:
        self.find(*self.stack[-2:])
        del self.stack[-3:-1]

    def find_of_lines(self) -> None:
        lines = self.line(), self.line()
        self.find(*(line.decode('utf-8', 'replace') for line in lines))

    def reduce(self) -> None:
        args, function = self.stack.pop(), self.stack.pop()
        if type(function) is not Global or not isinstance(args, tuple):
            raise ValueError(f'a call of a {type(function).__name__}')
        value = function.make(args)
        self.push(value, 64 + getsizeof(value))

    def build(self) -> None:
        state, value = self.stack.pop(), self.stack[-1]
        if type(state) is not tuple:
            raise ValueError(f'a state that is a {type(state).__name__}')
        if isinstance(value, np.dtype):
            set_order(value, state)
        elif type(value) is np.ndarray:
            _, shape, dtype, fortran, raw = state
            raw = to_bytes(raw)
            check_size(raw, dtype, shape)
            filled: Any = (1, shape, dtype, bool(fortran), raw)  # version 1
            value.__setstate__(filled)
            self.left -= 8 * len(raw) if dtype.hasobject else 0
        else:
            raise ValueError(f'a state of a {type(value).__name__}')

    def put_string(self) -> None:
        line = self.line().strip()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b'\'"':
            raise ValueError('a text without quotes')
        self.text(memoryview(ESCAPE.sub(_unescape, line[1:-1])), 'latin1')

    def put_int(self) -> None:
        line = self.line()
        value: int | None = {b'00': False, b'01': True}.get(line)
        if value is None:
            value = int(line.strip().removesuffix(b'L'))
        self.push(value, getsizeof(value))

    def put_long(self, size: int) -> None:
        self.push(self.number(size, signed=True), 32 + 2 * max(0, size))


def _unescape(match: re.Match[bytes]) -> bytes:
    mark = match[1]
    if mark[:1] == b'x' and len(mark) == 3:
        return bytes([int(mark[1:], 16)])
    if mark not in ESCAPED:
        raise ValueError('a text with an unknown escape')
    return ESCAPED[mark]


STOP = ord('.')
STEPS: dict[int, Callable[[Machine], Any]] = {
    ord(code): step
    for code, step in {
        '\x80': lambda m: m.take(1),  # protocol
        '\x95': lambda m: m.take(8),  # frame
        '(': Machine.mark,
        '0': Machine.pop,
        '1': Machine.pop_mark,
        '2': lambda m: m.push_again(m.stack[-1]),
        'N': lambda m: m.push(None),
        '\x88': lambda m: m.push(True),
        '\x89': lambda m: m.push(False),
        'I': Machine.put_int,
        'L': Machine.put_int,
        'K': lambda m: m.push(m.byte()),
        'M': lambda m: m.push(m.number(2), 32),
        'J': lambda m: m.push(m.number(4, signed=True), 32),
        '\x8a': lambda m: m.put_long(m.byte()),
        '\x8b': lambda m: m.put_long(m.number(4, signed=True)),
        'F': lambda m: m.push(float(m.line()), 24),
        'G': lambda m: m.push(struct.unpack('>d', m.take(8))[0], 24),
        'S': Machine.put_string,
        'T': lambda m: m.text(m.take(m.number(4, signed=True)), 'latin1'),
        'U': lambda m: m.text(m.take(m.byte()), 'latin1'),
        'V': lambda m: m.text(memoryview(m.line()), 'raw-unicode-escape'),
        '\x8c': lambda m: m.text(m.take(m.byte())),
        'X': lambda m: m.text(m.take(m.number(4))),
        '\x8d': lambda m: m.text(m.take(m.number(8))),
        'C': lambda m: m.raw(m.take(m.byte())),
        'B': lambda m: m.raw(m.take(m.number(4))),
        '\x8e': lambda m: m.raw(m.take(m.number(8))),
        '\x96': lambda m: m.raw(m.take(m.number(8)), bytearray),
        ')': lambda m: m.push(()),
        '\x85': lambda m: m.make_tuple(1),
        '\x86': lambda m: m.make_tuple(2),
        '\x87': lambda m: m.make_tuple(3),
        't': lambda m: m.push_tuple(m.pop_mark()),
        ']': lambda m: m.push([], 72),
        'l': Machine.mark_list,
        'a': Machine.append,
        'e': Machine.extend,
        '}': lambda m: m.push({}, 80),
        'd': Machine.mark_dict,
        's': Machine.set_item,
        'u': lambda m: m.set_items(m.pop_mark()),
        '\x8f': lambda m: m.push(set(), 232),
        '\x90': Machine.add_items,
        '\x91': Machine.mark_frozenset,
        'g': lambda m: m.get(int(m.line())),
        'h': lambda m: m.get(m.byte()),
        'j': lambda m: m.get(m.number(4)),
        'p': lambda m: m.put(int(m.line())),
        'q': lambda m: m.put(m.byte()),
        'r': lambda m: m.put(m.number(4)),
        '\x94': Machine.memoize,
        'c': Machine.find_of_lines,
        '\x93': Machine.find_of_stack,
        'R': Machine.reduce,
        'b': Machine.build,
    }.items()
}
