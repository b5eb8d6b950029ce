r"""JSON Lines on standard input or a TCP port: one frame in, results out."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from pyg_hcsf.safe_io.shown import PARSE_ERRORS, shown
from pyg_hcsf.streaming.live import LiveModel

MAX_LINE = 2**16  # bytes; a person of 133 joints takes a tenth of it
PIPE_CHUNK = 2**16  # bytes
CLIENT_CHUNK = 2**12  # bytes; small, so that clients take turns
WRITE_TIMEOUT = 10.0  # seconds for a client to read its results
IDLE_TIMEOUT = 600.0  # seconds for a client to send a valid line
IDLE_TIMEOUT_IF_FULL = 10.0  # the same, while another client waits
MAX_CLIENTS = 8


class JsonLines:
    r"""Reads and writes JSON Lines for a live model, such as
    :class:`~pyg_hcsf.lifting.LiveLifter` or
    :class:`~pyg_hcsf.recognition.LiveRecognizer`.

    The line ``{"stats": true}`` requests the statistics of the model. Invalid
    lines and lines over 64 kB are dropped and counted under ``'garbage'``.

    Args:
        live (LiveModel): The model that processes the frames.

    Example:
        >>> lines = JsonLines(LiveLifter(lifter))
        >>> lines.feed(b'{"frame": 1, "keypoints": [[512, 80, 0.9], ...]}\n')
        b'{"frame": 1, "track": "0", "pose": [[0.0, 0.0, 0.0], ...'
    """

    def __init__(self, live: LiveModel) -> None:
        self.live = live
        self.num_lines = 0  # valid lines so far
        self._rest = b''
        self._skip = False  # the rest of a line that is too long

    def feed(self, chunk: bytes) -> bytes:
        r"""Processes input of any length; returns the output lines."""
        # The part behind the last line feed waits for the next chunk.
        *lines, self._rest = (self._rest + chunk).split(b'\n')
        out = []
        for line in lines:
            if self._skip:
                self._skip = False
            else:
                out.append(self._process(line))
        if len(self._rest) > MAX_LINE:
            if not self._skip:
                self.live.count('garbage')
            self._skip, self._rest = True, b''
        return b''.join(out)

    def end(self) -> bytes:
        r"""The last output lines: pending results and the statistics."""
        out = b'' if self._skip else self._process(self._rest)
        self._rest, self._skip = b'', False
        return out + _dump(self.live.last_lines()) + self._stats()

    def _process(self, line: bytes) -> bytes:
        if not line.strip():
            return b''
        try:
            if len(line) > MAX_LINE:
                raise ValueError('too long')
            data = json.loads(line)
            stats = data.get('stats') is True
            arguments = () if stats else self.live.parse_line(data)
        except (*PARSE_ERRORS, RecursionError):
            self.live.count('garbage')
            return b''
        self.num_lines += 1
        if stats:
            return self._stats()
        return _dump(self.live.answer_line(*arguments))

    def _stats(self) -> bytes:
        stats = {  # JSON has no NaN, the quantile of no durations
            key: None if value != value else value
            for key, value in self.live.stats().items()
        }
        return _dump([{'stats': stats}])


def _dump(lines: list[dict[str, Any]]) -> bytes:
    return b''.join(
        json.dumps(line, allow_nan=False).encode() + b'\n' for line in lines
    )


def pipe_lines(lines: JsonLines, source: int, target: int) -> None:
    r"""Reads lines from the file descriptor :obj:`source` until its end, and
    writes the results to :obj:`target`.

    Example:
        >>> pipe_lines(lines, sys.stdin.fileno(), sys.stdout.fileno())
    """
    while chunk := os.read(source, PIPE_CHUNK):
        _write(target, lines.feed(chunk))
    _write(target, lines.end())


def _write(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]


async def serve_lines(
    make: Callable[[], JsonLines],
    port: int,
    ready: Callable[[int], None] | None = None,
) -> None:
    r"""Serves :class:`JsonLines` on a port of 127.0.0.1 until it is
    cancelled. Each client has a service of its own; it gets the last lines
    after it has closed its sending side.

    At most 8 clients are served. Another one replaces the client that has
    been idle longest, if that has sent no valid line yet or none for 10 s;
    otherwise it is refused. A client is disconnected if it does not read its
    results for 10 s, or sends no valid line for 10 minutes.

    Args:
        make (callable): Creates the service of a client.
        port (int): The port, 0 for any free one.
        ready (callable, optional): Is called with the port once it is open.
            (default: :obj:`None`)

    Raises:
        OSError: If the port is in use.

    Example:
        >>> make = lambda: JsonLines(LiveLifter(lifter))
        >>> asyncio.run(serve_lines(make, 4000, print))
    """
    clients = _Clients(make)
    server = await asyncio.start_server(clients.talk, '127.0.0.1', port)
    if ready is not None:
        ready(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


class _Clients:
    def __init__(self, make: Callable[[], JsonLines]) -> None:
        self.make = make
        self.clock = asyncio.get_running_loop().time
        # The time of the last valid line of each client, 0 before its first.
        self.active: dict[asyncio.StreamWriter, float] = {}

    async def talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if len(self.active) >= MAX_CLIENTS and not self._evict():
            self._refuse(writer, 'too many clients, try again later')
            return
        self.active[writer] = 0.0
        last = self.clock()
        try:
            lines = self.make()
            while chunk := await asyncio.wait_for(
                reader.read(CLIENT_CHUNK), last + IDLE_TIMEOUT - self.clock()
            ):
                before = lines.num_lines
                out = lines.feed(chunk)
                if lines.num_lines > before and writer in self.active:
                    self.active[writer] = last = self.clock()
                await self._send(writer, out)
                await asyncio.sleep(0)  # drain() alone may not yield
            await self._send(writer, lines.end())
        except (OSError, asyncio.TimeoutError):
            writer.transport.abort()
        finally:
            self.active.pop(writer, None)
            writer.close()

    def _evict(self) -> bool:
        r"""Disconnects the client that has been idle longest, if it may."""
        idle = min(self.active, key=self.active.__getitem__)
        if self.active[idle] > self.clock() - IDLE_TIMEOUT_IF_FULL:
            return False
        del self.active[idle]
        self._refuse(idle, 'no lines while others wait')
        return True

    @staticmethod
    def _refuse(writer: asyncio.StreamWriter, reason: str) -> None:
        if writer.transport.get_write_buffer_size():  # it does not read
            writer.transport.abort()
        else:
            writer.write(json.dumps({'error': reason}).encode() + b'\n')
            writer.close()

    @staticmethod
    async def _send(writer: asyncio.StreamWriter, lines: bytes) -> None:
        writer.write(lines)
        await asyncio.wait_for(writer.drain(), WRITE_TIMEOUT)


def stream_lines(
    make: Callable[[], JsonLines],
    where: str,
    ready: Callable[[int], None] | None = None,
) -> None:
    r"""Runs a service until its input ends or it is interrupted.

    Args:
        make (callable): As for :func:`serve_lines`.
        where (str): :obj:`"stdin"` for standard input and output, or
            :obj:`"tcp:PORT"` for :func:`serve_lines`.
        ready (callable, optional): As for :func:`serve_lines`.
            (default: :obj:`None`)

    Raises:
        ValueError: If :obj:`where` is something else.

    Example:
        >>> stream_lines(lambda: JsonLines(LiveLifter(lifter)), 'stdin')
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
