r"""Loads pickles of plain data and NumPy arrays without running code."""

from __future__ import annotations

import gc
import struct
from typing import Any

from pyg_hcsf.safe_io.pickle_interpreter import Interpreter
from pyg_hcsf.safe_io.pickle_opcodes import OPCODES
from pyg_hcsf.safe_io.shown import PARSE_ERRORS, cause


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
