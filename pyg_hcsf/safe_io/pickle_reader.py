r"""Loads pickles of plain data and NumPy arrays without running code."""

from __future__ import annotations

import gc
import pickletools
import struct
from collections.abc import Callable
from typing import Any

from pyg_hcsf.safe_io.pickle_interpreter import Interpreter
from pyg_hcsf.safe_io.shown import PARSE_ERRORS, cause


def _decode(line: bytes) -> str:
    return line.decode('utf-8', 'replace')


_BY_NAME: dict[str, Callable[[Interpreter], Any]] = {
    'PROTO': lambda i: i.take(1),
    'FRAME': lambda i: i.take(8),
    'MARK': Interpreter.mark,
    'POP': Interpreter.pop,
    'POP_MARK': Interpreter.pop_mark,
    'DUP': lambda i: i.push_again(i.stack[-1]),
    'NONE': lambda i: i.push(None),
    'NEWTRUE': lambda i: i.push(True),
    'NEWFALSE': lambda i: i.push(False),
    'INT': Interpreter.push_decimal,
    'LONG': Interpreter.push_decimal,
    'BININT1': lambda i: i.push(i.byte()),
    'BININT2': lambda i: i.push(i.number(2), 32),
    'BININT': lambda i: i.push(i.number(4, signed=True), 32),
    'LONG1': lambda i: i.push_integer(i.byte()),
    'LONG4': lambda i: i.push_integer(i.number(4, signed=True)),
    'FLOAT': lambda i: i.push(float(i.line()), 24),
    'BINFLOAT': lambda i: i.push(struct.unpack('>d', i.take(8))[0], 24),
    'STRING': Interpreter.push_quoted,
    'BINSTRING': lambda i: i.push_text(
        i.take(i.number(4, signed=True)), 'latin1'
    ),
    'SHORT_BINSTRING': lambda i: i.push_text(i.take(i.byte()), 'latin1'),
    'UNICODE': lambda i: i.push_text(
        memoryview(i.line()), 'raw-unicode-escape'
    ),
    'SHORT_BINUNICODE': lambda i: i.push_text(i.take(i.byte())),
    'BINUNICODE': lambda i: i.push_text(i.take(i.number(4))),
    'BINUNICODE8': lambda i: i.push_text(i.take(i.number(8))),
    'SHORT_BINBYTES': lambda i: i.push_bytes(i.take(i.byte())),
    'BINBYTES': lambda i: i.push_bytes(i.take(i.number(4))),
    'BINBYTES8': lambda i: i.push_bytes(i.take(i.number(8))),
    'BYTEARRAY8': lambda i: i.push_bytes(i.take(i.number(8)), bytearray),
    'EMPTY_TUPLE': lambda i: i.push(()),
    'TUPLE1': lambda i: i.push_last(1),
    'TUPLE2': lambda i: i.push_last(2),
    'TUPLE3': lambda i: i.push_last(3),
    'TUPLE': lambda i: i.push_tuple(i.pop_mark()),
    'EMPTY_LIST': lambda i: i.push([], 72),
    'LIST': Interpreter.push_list,
    'APPEND': lambda i: i.append([i.stack.pop()]),
    'APPENDS': lambda i: i.append(i.pop_mark()),
    'EMPTY_DICT': lambda i: i.push({}, 80),
    'DICT': Interpreter.push_dict,
    'SETITEM': lambda i: i.set_items(i.pop_last(-2)),
    'SETITEMS': lambda i: i.set_items(i.pop_mark()),
    'EMPTY_SET': lambda i: i.push(set(), 232),
    'ADDITEMS': lambda i: i.add(i.pop_mark()),
    'FROZENSET': Interpreter.push_frozenset,
    'GET': lambda i: i.get(int(i.line())),
    'BINGET': lambda i: i.get(i.byte()),
    'LONG_BINGET': lambda i: i.get(i.number(4)),
    'PUT': lambda i: i.put(int(i.line())),
    'BINPUT': lambda i: i.put(i.byte()),
    'LONG_BINPUT': lambda i: i.put(i.number(4)),
    'MEMOIZE': Interpreter.memoize,
    'GLOBAL': lambda i: i.push_global(_decode(i.line()), _decode(i.line())),
    'STACK_GLOBAL': lambda i: i.push_global(*i.pop_last(-2)),
    'REDUCE': Interpreter.call,
    'BUILD': Interpreter.set_state,
}
OPCODES = {
    ord(op.code): _BY_NAME[op.name]
    for op in pickletools.opcodes
    if op.name in _BY_NAME
}


def load_pickle(content: bytes | bytearray, name: str, start: int = 0) -> Any:
    r"""Loads a pickle of NumPy arrays, scalars and types, and of Python's own
    containers, texts and numbers. No code of the pickle is executed.

    Strings of Python 2 are read as Latin-1. Keys of dictionaries and items of
    sets are texts, integers or tuples of texts: the hashes of others can be
    made to take forever. Sizes in the file are checked before memory is
    allocated, and pickles whose objects take more than 6 times their size,
    plus 2 MiB, are refused.

    Args:
        content (bytes): The pickle, of any protocol.
        name (str): The name of the file for error messages.
        start (int, optional): The position of its first byte in
            :obj:`content`. (default: :obj:`0`)

    Raises:
        ValueError: If the pickle contains anything else, or is damaged. The
            message has the position, and the class or function.

    Example:
        >>> load_pickle(Path('h36m_test.pkl').read_bytes(), 'h36m_test.pkl')
    """
    interpreter = Interpreter(content, start)
    collects = gc.isenabled()
    gc.disable()  # it would visit all objects again and again
    try:
        return interpreter.run(OPCODES)
    except (*PARSE_ERRORS, MemoryError, struct.error) as e:
        reason = cause(e)
        if type(e) is ValueError:
            reason = str(e)
        elif isinstance(e, LookupError):
            reason = 'an instruction lacks its operands'
        raise ValueError(
            f"Refused the pickle '{name}' at byte {interpreter.start - start} "
            f'of {len(content) - start}: {reason}. Only NumPy arrays and '
            'built-in types are supported; get the file again if it should '
            'contain nothing else'
        ) from e
    finally:
        if collects:
            gc.enable()
