r"""Lines of JSON in and out, as they come."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Optional, Protocol

from pyg_hcsf.safe_io.shown import shown

LONGEST_LINE = 2**16  # bytes; one person of 133 joints is a tenth of it
CHUNK = 2**16  # bytes
TURN = 2**12  # bytes of a client, after which the others have their turn
SLOWEST = 10.0  # seconds that a client may take to read what is due
IDLEST = 600.0  # seconds that a client may send no line of the expected kind
SPARED = 10.0  # the same, while others wait
MOST_CLIENTS = 8


class Live(Protocol):
    r"""What frames are pushed to; it counts what became of them."""

    def drop(self, fate: str) -> None:
        r"""Counts a frame that was not even one, such as a damaged line."""

    def stats(self) -> dict[str, Any]:
        r"""What became of the frames, and how long it took."""


class JsonLines(ABC):
    r"""Reads and writes newline-delimited JSON for what is :class:`Live`.

    ``{"stats": true}`` asks for its statistics. What is no line of the
    expected kind, or longer than 64 kB, is dropped and counted as garbage.

    Args:
        live (Live): What frames are pushed to.
    """

    def __init__(self, live: Live) -> None:
        self.live = live
        self.num_lines = 0  # of the expected kind, so far
        self._rest = b''
        self._skip = False  # the rest of a line that is too long

    @abstractmethod
    def parse(self, data: dict[str, Any]) -> tuple[Any, ...]:
        r"""What a line says, for :meth:`answer`. One that raises an error of
        Python's for wrong data is garbage.
        """

    @abstractmethod
    def answer(self, *arguments: Any) -> list[dict[str, Any]]:
        r"""The lines that are due after a line."""

    def rest(self) -> list[dict[str, Any]]:
        r"""The lines that are still due at the end."""
        return []

    def feed(self, chunk: bytes) -> bytes:
        r"""Takes bytes as they come; returns the lines that are due."""
        *lines, self._rest = (self._rest + chunk).split(b'\n')
        out = []
        for line in lines:
            if self._skip:
                self._skip = False
            else:
                out.append(self._take(line))
        if len(self._rest) > LONGEST_LINE:
            if not self._skip:
                self.live.drop('garbage')
            self._skip, self._rest = True, b''
        return b''.join(out)

    def end(self) -> bytes:
        r"""The last lines: what still waited, and the statistics."""
        out = b'' if self._skip else self._take(self._rest)
        self._rest, self._skip = b'', False
        return out + _dump(self.rest()) + self._stats()

    def _take(self, line: bytes) -> bytes:
        if not line.strip():
            return b''
        try:
            if len(line) > LONGEST_LINE:
                raise ValueError('too long')
            data = json.loads(line)
            stats = data.get('stats') is True
            arguments = () if stats else self.parse(data)
        except (
            *(AttributeError, KeyError, TypeError),
            *(ValueError, OverflowError, RecursionError),
        ):
            self.live.drop('garbage')
            return b''
        self.num_lines += 1
        return self._stats() if stats else _dump(self.answer(*arguments))

    def _stats(self) -> bytes:
        stats = {
            key: None if value != value else value
            for key, value in self.live.stats().items()
        }
        return _dump([{'stats': stats}])


def _dump(lines: list[dict[str, Any]]) -> bytes:
    return b''.join(
        json.dumps(line, allow_nan=False).encode() + b'\n' for line in lines
    )


def pipe_lines(lines: JsonLines, source: int, target: int) -> None:
    r"""Answers one file descriptor on another until it ends; a slow reader is
    waited for.

    Args:
        lines (JsonLines): What answers.
        source (int): Where lines come from.
        target (int): Where answers go.

    Example:
        >>> pipe_lines(lines, sys.stdin.fileno(), sys.stdout.fileno())
    """
    while chunk := os.read(source, CHUNK):
        _write(target, lines.feed(chunk))
    _write(target, lines.end())


def _write(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]


async def serve_lines(
    make: Callable[[], JsonLines],
    port: int,
    ready: Optional[Callable[[int], None]] = None,
) -> None:
    r"""Serves :class:`JsonLines` on a port of this machine, and only to it,
    until it is cancelled. Each client has people of its own, and closes its
    sending side to have the last lines.

    At most 8 clients are served. One more takes the place of the client that
    has sent no line of the expected kind for the longest time, if it has sent
    none at all or none for 10 s, or is told to try again. A client that does
    not read what is due for 10 s, or sends no such line for 10 minutes, is
    cut off.

    Args:
        make (callable): Makes what answers a client.
        port (int): The port, 0 for any that is free.
        ready (callable, optional): Is called with the port once it is open.
            (default: :obj:`None`)

    Raises:
        OSError: If the port is taken.

    Example:
        >>> make = lambda: LineLifter(LiveLifter(lifter))
        >>> asyncio.run(serve_lines(make, 4000, print))
    """
    # When each sent its last line, 0 before its first.
    clients: dict[asyncio.StreamWriter, float] = {}
    clock = asyncio.get_running_loop().time

    def make_room() -> bool:
        idlest = min(clients, key=lambda writer: clients[writer])
        if clients[idlest] > clock() - SPARED:
            return False
        del clients[idlest]
        refuse(idlest, 'no lines while others wait')
        return True

    def refuse(writer: asyncio.StreamWriter, why: str) -> None:
        if writer.transport.get_write_buffer_size():  # it does not read
            writer.transport.abort()
        else:
            writer.write(json.dumps({'error': why}).encode() + b'\n')
            writer.close()

    async def send(writer: asyncio.StreamWriter, lines: bytes) -> None:
        writer.write(lines)
        await asyncio.wait_for(writer.drain(), SLOWEST)

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if len(clients) >= MOST_CLIENTS and not make_room():
            refuse(writer, 'too many clients, try again later')
            return
        clients[writer] = 0.0
        last = clock()
        try:
            lines = make()
            while chunk := await asyncio.wait_for(
                reader.read(TURN), last + IDLEST - clock()
            ):
                before = lines.num_lines
                out = lines.feed(chunk)
                if lines.num_lines > before and writer in clients:
                    clients[writer] = last = clock()
                await send(writer, out)
                await asyncio.sleep(0)  # drain() alone may not give way
            await send(writer, lines.end())
        except (OSError, asyncio.TimeoutError):
            writer.transport.abort()
        finally:
            clients.pop(writer, None)
            writer.close()

    server = await asyncio.start_server(talk, '127.0.0.1', port)
    if ready is not None:
        ready(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


def stream_lines(
    make: Callable[[], JsonLines],
    where: str,
    ready: Optional[Callable[[int], None]] = None,
) -> None:
    r"""Answers lines where a command line says, until they end or it is
    interrupted.

    Args:
        make (callable): Makes what answers a client.
        where (str): :obj:`"stdin"` answers standard input on standard output;
            :obj:`"tcp:PORT"` is :func:`serve_lines`.
        ready (callable, optional): Is called with the port once it is open.
            (default: :obj:`None`)

    Raises:
        ValueError: If :obj:`where` is something else.
        OSError: If the port is taken.

    Example:
        >>> stream_lines(lambda: LineLifter(LiveLifter(lifter)), 'stdin')
    """
    kind, _, port = where.partition(':')
    if where == 'stdin':
        pipe_lines(make(), sys.stdin.fileno(), sys.stdout.fileno())
    elif kind == 'tcp' and port.isdecimal() and int(port) < 2**16:
        asyncio.run(serve_lines(make, int(port), ready))
    else:
        raise ValueError(
            f"Expected lines from 'stdin' or 'tcp:PORT' (got {shown(where)})"
        )
