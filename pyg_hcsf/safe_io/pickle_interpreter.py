r"""Interprets the opcodes of pickles that make plain data and arrays."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from sys import getsizeof
from typing import Any

import numpy as np

from pyg_hcsf.safe_io.pickle_globals import (
    CONTAINERS,
    GLOBALS,
    Global,
    GlobalTuple,
    check_key,
    check_sharing,
    check_size,
    check_values,
    set_byte_order,
    to_bytes,
)
from pyg_hcsf.safe_io.shown import shown

# Limit of the memory of all objects, temporary ones included: 6 times the
# file, and 2 MiB. LCN's files, with a dictionary per frame, reach 5 times.
MEMORY = 6
SLACK = 2**21
SHARED = 2**17  # values that a walk through a small pickle may visit

ESCAPE = re.compile(rb'\\(x[0-9a-fA-F]{2}|.?)', re.DOTALL)
ESCAPED = {b'n': b'\n', b'r': b'\r', b't': b'\t'} | {
    char: char for char in (b'\\', b"'", b'"')
}


STOP = ord('.')


class Interpreter:
    r"""The stack machine that the opcodes of a pickle are executed on, see
    :mod:`pyg_hcsf.safe_io.pickle_reader`.

    Python's own unpickler allocates the memory that a damaged pickle asks for
    before it checks that the file is that long.
    """

    def __init__(self, content: bytes | bytearray, start: int = 0) -> None:
        self.content = content
        self.view = memoryview(content)
        self.start = self.pos = start  # of the current opcode; next byte
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: list[Any] = []
        self.memory_left = MEMORY * (len(content) - start) + SLACK
        self.shared = False  # whether a container is used twice

    def run(self, opcodes: Mapping[int, Callable[[Interpreter], Any]]) -> Any:
        r"""Executes opcodes until the last, and returns the value."""
        content = self.content
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
                check_values([value])
                if self.shared:
                    check_sharing(value, len(content) + SHARED)
                return value
            execute = opcodes.get(code)
            if execute is None:
                raise ValueError(
                    f'the instruction {shown(bytes([code]))} is not supported'
                )
            execute(self)
            if self.memory_left < 0:
                raise ValueError(
                    f'it takes more than {MEMORY} times its size in memory'
                )

    # Arguments of opcodes, which follow them in the file.

    def take(self, size: int) -> memoryview:
        stop = self.pos + size
        if size < 0 or stop > len(self.content):
            raise ValueError(
                f'{size} bytes are announced beyond its end at '
                f'{len(self.content)}'
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

    # Stack and memo.

    def push(self, value: Any, size: int = 0) -> None:
        self.memory_left -= 8 + size
        self.stack.append(value)

    def push_again(self, value: Any) -> None:
        self.shared = self.shared or type(value) in CONTAINERS
        self.push(value)

    def pop(self) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.stack.pop()

    def pop_last(self, start: int) -> list[Any]:
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def mark(self) -> None:
        self.memory_left -= 40
        self.marks.append(len(self.stack))

    def pop_mark(self) -> list[Any]:
        return self.pop_last(self.marks.pop())

    def top(self, kind: type) -> Any:
        value = self.stack[-1]
        if type(value) is not kind:
            raise ValueError(f'a {type(value).__name__} that is filled')
        return value

    def get(self, index: int) -> None:
        if not 0 <= index < len(self.memo):
            raise ValueError(f'value {index} is used before it is stored')
        self.push_again(self.memo[index])

    def put(self, index: int) -> None:
        # Pickles count from 0 or 1, and never leave numbers out.
        gap = index - len(self.memo)
        if gap > 64 or index < 0:
            raise ValueError(f'value {index} is stored after {len(self.memo)}')
        if gap >= 0:
            self.memory_left -= 9 * (gap + 1)
            self.memo.extend([None] * (gap + 1))
        self.memo[index] = self.stack[-1]

    def memoize(self) -> None:
        self.memory_left -= 9
        self.memo.append(self.stack[-1])

    # Texts, bytes and numbers.

    def push_text(self, part: memoryview, encoding: str = 'utf-8') -> None:
        errors = 'surrogatepass' if encoding == 'utf-8' else 'strict'
        value = str(part, encoding, errors)
        self.push(value, getsizeof(value))

    def push_bytes(self, part: memoryview, kind: type = bytes) -> None:
        self.push(kind(part), len(part) + 60)

    def push_quoted(self) -> None:
        line = self.line().strip()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b'\'"':
            raise ValueError('a text without quotes')
        text = ESCAPE.sub(_unescape, line[1:-1])
        self.push_text(memoryview(text), 'latin1')

    def push_decimal(self) -> None:
        line = self.line()
        value: int | None = {b'00': False, b'01': True}.get(line)
        if value is None:
            value = int(line.strip().removesuffix(b'L'))
        self.push(value, getsizeof(value))

    def push_integer(self, size: int) -> None:
        self.push(self.number(size, signed=True), 32 + 2 * max(0, size))

    # Containers.

    def push_last(self, size: int) -> None:
        if len(self.stack) < size:
            raise ValueError('a tuple lacks items')
        self.push_tuple(self.pop_last(len(self.stack) - size))

    def push_tuple(self, items: list[Any]) -> None:
        made: tuple = tuple(items)
        for item in items:
            if type(item) is Global or type(item) is GlobalTuple:
                made = GlobalTuple(items)
        self.push(made, 56 + 8 * len(items))

    def push_list(self) -> None:
        items = check_values(self.pop_mark())
        self.push(items, 72 + 8 * len(items))

    def push_dict(self) -> None:
        items = self.pop_mark()
        self.push({}, 80)
        self.set_items(items)

    def push_frozenset(self) -> None:
        value = frozenset(map(check_key, self.pop_mark()))
        self.push(value, getsizeof(value))

    def set_items(self, items: list[Any]) -> None:
        target = self.top(dict)
        if len(items) % 2:
            raise ValueError('a key without a value')
        before = getsizeof(target)
        check_values(items)
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[check_key(key)] = value
        self.memory_left -= getsizeof(target) - before

    def append(self, items: list[Any]) -> None:
        self.memory_left -= 9 * len(items)
        self.top(list).extend(check_values(items))

    def add(self, items: list[Any]) -> None:
        self.memory_left -= 64 * len(items)
        self.top(set).update(map(check_key, items))

    # Classes and functions, of which only those of GLOBALS exist.

    def push_global(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise ValueError('a class or function without a name')
        path = f'{module}.{name}'
        if path not in GLOBALS:
            raise ValueError(f"'{path:.80}', which it wants to use or run")
        self.push(GLOBALS[path])

    def call(self) -> None:
        args, function = self.stack.pop(), self.stack.pop()
        if type(function) is not Global or not isinstance(args, tuple):
            raise ValueError(f'a call of a {type(function).__name__}')
        value = function.make(args)
        self.push(value, 64 + getsizeof(value))

    def set_state(self) -> None:
        state, value = self.stack.pop(), self.stack[-1]
        if type(state) is not tuple:
            raise ValueError(f'a state that is a {type(state).__name__}')
        if isinstance(value, np.dtype):
            set_byte_order(value, state)
        elif type(value) is np.ndarray:
            _, shape, dtype, fortran, raw = state
            raw = to_bytes(raw)
            check_size(raw, dtype, shape)
            filled: Any = (1, shape, dtype, bool(fortran), raw)  # version 1
            value.__setstate__(filled)
            self.memory_left -= 8 * len(raw) if dtype.hasobject else 0
        else:
            raise ValueError(f'a state of a {type(value).__name__}')


def _unescape(match: re.Match[bytes]) -> bytes:
    char = match[1]
    if char[:1] == b'x' and len(char) == 3:
        return bytes([int(char[1:], 16)])
    if char not in ESCAPED:
        raise ValueError('a text with an unknown escape')
    return ESCAPED[char]
