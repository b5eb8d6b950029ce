r"""Live lifting over lines of JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Optional

import numpy as np

from pyg_hcsf.lifting.live import LiveLifter, LivePose

LONGEST_LINE = 2**16  # bytes; one person of 133 joints is a tenth of it
CHUNK = 2**16  # bytes
SLOWEST = 10.0  # seconds that a client may take to read what is due
IDLEST = 600.0  # seconds that a client may be silent
MOST_CLIENTS = 8


class LineLifter:
    r"""A :class:`LiveLifter` that reads and writes newline-delimited JSON.

    A line is one person in one frame: :obj:`frame`, the number of the frame;
    :obj:`keypoints`, ``[[x, y, score], ...]`` or the same in one list, with
    :obj:`null` where a joint is missing; and :obj:`track`, the id of the
    person, if there are several. It answers, in millimetres, :obj:`frame`,
    :obj:`track`, :obj:`pose`, ``[[x, y, z], ...]``, :obj:`root` and
    :obj:`uncertainty`, as soon as the pose is due. ``{"stats": true}`` asks
    for :meth:`LiveLifter.stats`. What is no such line, or longer than 64 kB,
    is dropped and counted as garbage.

    Args:
        live (LiveLifter): What lifts.

    Example:
        >>> lines = LineLifter(live)
        >>> lines.feed(b'{"frame": 1, "keypoints": [[512, 80, 0.9], ...]}\n')
        b'{"frame": 1, "track": "0", "pose": [[0.0, 0.0, 0.0], ...'
    """

    def __init__(self, live: LiveLifter) -> None:
        self.live = live
        self._rest = b''
        self._skip = False  # the rest of a line that is too long

    def feed(self, chunk: bytes) -> bytes:
        r"""Takes bytes as they come; returns the lines that are due."""
        *lines, self._rest = (self._rest + chunk).split(b'\n')
        out = []
        for line in lines:
            if self._skip:
                self._skip = False
            else:
                out.append(self._answer(line))
        if len(self._rest) > LONGEST_LINE:
            if not self._skip:
                self.live.drop('garbage')
            self._skip, self._rest = True, b''
        return b''.join(out)

    def end(self) -> bytes:
        r"""The last lines: poses that still waited, and the statistics."""
        out = b'' if self._skip else self._answer(self._rest)
        self._rest, self._skip = b'', False
        return out + _dump(self.live.flush()) + self._stats()

    def _answer(self, line: bytes) -> bytes:
        if not line.strip():
            return b''
        try:
            if len(line) > LONGEST_LINE:
                raise ValueError('too long')
            data = json.loads(line)
            if data.get('stats') is True:
                return self._stats()
            points = np.array(data['keypoints'], np.float64)
            points = points.reshape(self.live.num_joints, 3)
            frame, track = data['frame'], data.get('track', '0')
        except (
            *(AttributeError, KeyError, TypeError),
            *(ValueError, OverflowError, RecursionError),
        ):
            self.live.drop('garbage')
            return b''
        return _dump(self.live.push(frame, points[:, :2], points[:, 2], track))

    def _stats(self) -> bytes:
        stats = {
            key: None if value != value else value
            for key, value in self.live.stats().items()
        }
        return json.dumps({'stats': stats}).encode() + b'\n'


def _dump(poses: list[LivePose]) -> bytes:
    lines = []
    for pose in poses:
        data: dict[str, Any] = {'frame': pose.frame, 'track': pose.track}
        for key in ('pose', 'root', 'uncertainty'):
            data[key] = getattr(pose, key).round(1).tolist()
        lines.append(json.dumps(data, allow_nan=False).encode() + b'\n')
    return b''.join(lines)


async def serve_lines(
    make: Callable[[], LiveLifter],
    port: int,
    ready: Optional[Callable[[int], None]] = None,
) -> None:
    r"""Serves :class:`LineLifter` on a port of this machine, and only to it,
    until it is cancelled. Each client has people of its own, and closes its
    sending side to have the last lines.

    At most 8 clients are served, others are told so; a client that does not
    read what is due for 10 s, or is silent for 10 minutes, is cut off.

    Args:
        make (callable): Makes what lifts for a client.
        port (int): The port, 0 for any that is free.
        ready (callable, optional): Is called with the port once it is open.
            (default: :obj:`None`)

    Raises:
        OSError: If the port is taken.

    Example:
        >>> asyncio.run(serve_lines(lambda: LiveLifter(lifter), 4000, print))
    """
    clients: set[asyncio.StreamWriter] = set()

    async def send(writer: asyncio.StreamWriter, lines: bytes) -> None:
        writer.write(lines)
        await asyncio.wait_for(writer.drain(), SLOWEST)

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if len(clients) >= MOST_CLIENTS:
            writer.write(b'{"error": "too many clients, try again later"}\n')
            writer.close()
            return
        clients.add(writer)
        try:
            lines = LineLifter(make())
            while chunk := await asyncio.wait_for(reader.read(CHUNK), IDLEST):
                await send(writer, lines.feed(chunk))
            await send(writer, lines.end())
            writer.close()
        except (OSError, asyncio.TimeoutError):
            writer.transport.abort()
        finally:
            clients.discard(writer)

    server = await asyncio.start_server(talk, '127.0.0.1', port)
    if ready is not None:
        ready(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()
