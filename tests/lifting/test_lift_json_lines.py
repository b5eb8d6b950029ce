import asyncio
import contextlib
import json
import socket

import numpy as np
import pytest

from pyg_hcsf.lifting import Lifter, LiveLifter
from pyg_hcsf.streaming import JsonLines, serve_lines
from pyg_hcsf.streaming import json_lines as module

SIZE = (1920, 1080)


@pytest.fixture
def make(weights):
    lifter = Lifter(weights['central'], image_size=SIZE)
    return lambda: LiveLifter(lifter, 'h36m17')


@pytest.fixture
def text(keypoints):
    """The lines of a clip."""
    track = keypoints.tracks[0]
    out = []
    for i in range(20):
        points = np.column_stack([track.xy[i], track.score[i]])
        points = points.tolist() if i % 2 else points.ravel().tolist()
        line = {'frame': i, 'track': 'a', 'keypoints': points}
        out.append(json.dumps(line).encode() + b'\n')
    return out


@pytest.fixture
def expected(keypoints, make):
    """The poses of a clip."""
    track, live, out = keypoints.tracks[0], make(), []
    for i in range(20):
        out += live.push(i, track.xy[i], track.score[i])
    return np.stack([pose.pose for pose in out + live.flush()])


def parse(out, frames=20):
    """The poses and the statistics that lines hold."""
    lines = [json.loads(line) for line in out.splitlines()]
    poses, stats = lines[:-1], lines[-1]['stats']
    assert [line['frame'] for line in poses] == list(range(frames))
    assert {line['track'] for line in poses} == {'a'}
    assert np.shape([line['uncertainty'] for line in poses]) == (frames, 17)
    assert np.shape([line['root'] for line in poses]) == (frames, 3)
    return np.array([line['pose'] for line in poses]), stats


@pytest.mark.parametrize('size', [1, 1000, 10**6])
def test_lines_come_in_any_pieces(make, text, expected, size):
    content = b''.join(text)[:-1]  # the last without its end
    lines = JsonLines(make())
    out = b''
    for start in range(0, len(content), size):
        out += lines.feed(content[start : start + size])
    assert len(out.splitlines()) < 20  # four are looked ahead
    pose, stats = parse(out + lines.end())
    np.testing.assert_allclose(pose, expected, atol=0.06)
    assert stats['lifted'] == 20 and stats['garbage'] == 0


GARBAGE = [
    b'hello',
    b'{"frame": 1',
    b'[1, 2]',
    b'null',
    b'7',
    b'{}',
    b'{"frame": 1, "keypoints": [1, 2, 3]}',
    b'{"frame": 1, "keypoints": "x"}',
    b'{"frame": 1, "keypoints": {"x": 1}}',
    b'{"frame": "1", "keypoints": '
    + json.dumps([[1, 2, 1]] * 17).encode()
    + b'}',
    b'{"frame": 1, "keypoints": '
    + json.dumps([[1, 'a', 1]] * 17).encode()
    + b'}',
    b'{"frame": 1, "keypoints": [[' + b'9' * 5000 + b', 1, 1]]}',
    b'[' * 50000,
    b'\xff\xfe\x00',
    b'x' * 10**5,
    b'{"stats": "yes"}',
]


@pytest.mark.parametrize('garbage', GARBAGE)
def test_garbage_between_lines(make, text, expected, garbage):
    lines = JsonLines(make())
    out = b''
    for line in text:
        out += lines.feed(line + garbage[:70000])
        out += lines.feed(garbage[70000:] + b'\n\n')
    pose, stats = parse(out + lines.end())
    np.testing.assert_allclose(pose, expected, atol=0.06)
    assert stats['garbage'] == 20
    assert len(lines._rest) <= module.MAX_LINE


def test_long_lines_are_not_kept(make):
    lines = JsonLines(make())
    for _ in range(100):
        assert lines.feed(b'x' * 10**5) == b''
        assert len(lines._rest) == 0
    assert lines.live.stats()['garbage'] == 1
    assert json.loads(lines.end())['stats']['garbage'] == 1


def test_missing_joints_are_null(make, text):
    data = json.loads(text[1])
    data['keypoints'][9] = [None, None, 0]
    lines = JsonLines(make())
    lines.feed(json.dumps(data).encode() + b'\n')
    (stats,) = lines.feed(b'{"stats": true}\n').splitlines()
    assert json.loads(stats)['stats']['garbage'] == 0
    assert len(lines.end().splitlines()) == 2


def serve(make, client, **limits):
    """Runs a client against a server; returns what it returns."""

    async def run():
        port = asyncio.get_running_loop().create_future()
        served = serve_lines(lambda: JsonLines(make()), 0, port.set_result)
        server = asyncio.create_task(served)
        try:
            return await asyncio.wait_for(client(await port), 30)
        finally:
            server.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await server

    return asyncio.run(run())


async def talk(port, content):
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    writer.write(content)
    writer.write_eof()
    out = await reader.read()
    writer.close()
    return out


def test_clients_have_people_of_their_own(make, text, expected):
    async def client(port):
        content = b''.join(text)
        return await asyncio.gather(*(talk(port, content) for _ in range(3)))

    for out in serve(make, client):
        pose, stats = parse(out)
        np.testing.assert_allclose(pose, expected, atol=0.06)
        assert stats['lifted'] == 20 and stats['tracks'] == 0


def test_too_many_clients(make, text, monkeypatch):
    monkeypatch.setattr(module, 'MAX_CLIENTS', 1)

    async def client(port):
        _, first = await asyncio.open_connection('127.0.0.1', port)
        first.write(text[0])
        await asyncio.sleep(0.1)
        refused = await talk(port, b'')
        first.close()
        await asyncio.sleep(0.1)
        return refused, await talk(port, b'')

    refused, served = serve(make, client)
    assert b'too many clients' in refused
    assert b'stats' in served


@pytest.mark.parametrize('sent', [b'', b'{"frame": 1, "key', b'{}\n', None])
def test_idle_clients_do_not_block_others(make, text, monkeypatch, sent):
    if sent is None:  # valid lines, a while ago
        monkeypatch.setattr(module, 'IDLE_TIMEOUT_IF_FULL', 0.2)
        sent = text[0]

    async def client(port):
        idle = []
        for _ in range(module.MAX_CLIENTS):
            idle.append(await asyncio.open_connection('127.0.0.1', port))
            idle[-1][1].write(sent)
        await asyncio.sleep(0.5)
        served = [await talk(port, b''.join(text)) for _ in range(3)]
        cut = await asyncio.wait_for(idle[0][0].read(), 5)
        for _, writer in idle:
            writer.close()
        await asyncio.sleep(0.1)
        return served, cut

    served, cut = serve(make, client)
    assert all(parse(out)[1]['lifted'] == 20 for out in served)
    assert b'others wait' in cut


def test_clients_that_trickle_are_cut_off(make, monkeypatch):
    monkeypatch.setattr(module, 'IDLE_TIMEOUT', 0.5)

    async def client(port):
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        with contextlib.suppress(ConnectionError):
            for _ in range(100):  # a byte now and then, never a line
                writer.write(b'x')
                await writer.drain()
                if reader.at_eof() or reader.exception():
                    break
                await asyncio.sleep(0.05)
            else:
                pytest.fail('the client is not cut off')
        writer.close()
        return await talk(port, b'')

    assert b'stats' in serve(make, client)


def test_clients_that_leave_or_do_not_read(make, text, monkeypatch):
    monkeypatch.setattr(module, 'WRITE_TIMEOUT', 0.3)
    stats = JsonLines._stats
    monkeypatch.setattr(  # 64 kB, to fill buffers soon
        JsonLines, '_stats', lambda self: b' ' * 2**16 + stats(self)
    )

    async def client(port):
        _, gone = await asyncio.open_connection('127.0.0.1', port)
        gone.write(text[0])
        gone.transport.abort()
        # Asks for far more than buffers hold, and reads nothing.
        deaf = socket.create_connection(('127.0.0.1', port))
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.setblocking(False)
        with contextlib.suppress(ConnectionError):
            for _ in range(500):
                with contextlib.suppress(BlockingIOError):
                    deaf.send(b'{"stats": true}\n' * 20)
                await asyncio.sleep(0.01)
            pytest.fail('the client is not cut off')
        deaf.close()
        return await talk(port, b''.join(text))

    assert parse(serve(make, client))[1]['lifted'] == 20


def test_idle_clients_are_cut_off(make, monkeypatch):
    monkeypatch.setattr(module, 'IDLE_TIMEOUT', 0.2)

    async def client(port):
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b''
        writer.close()
        return await talk(port, b'')

    assert b'stats' in serve(make, client)


def test_only_this_machine_is_served(make):
    async def client(port):
        for other in ('127.0.0.2', socket.gethostbyname(socket.gethostname())):
            if other != '127.0.0.1':
                with pytest.raises(OSError):
                    await asyncio.open_connection(other, port)
        return True

    assert serve(make, client)


def test_damaged_lines_never_raise(make, text):
    rng = np.random.default_rng(0)
    lines = JsonLines(make())
    for _ in range(20):
        content = bytearray(b''.join(text))
        for place in rng.integers(len(content), size=20):
            content[place] = rng.integers(256)
        for pose in lines.feed(bytes(content)).splitlines():
            assert {'frame', 'stats'} & json.loads(pose).keys()
    stats = lines.live.stats()
    events = ('lifted', 'late', 'duplicate', 'incomplete', 'crowded')
    assert stats['garbage'] > 20
    assert sum(stats[event] for event in events) > 100
    assert np.isfinite(stats['p99_ms'])


def test_clients_take_turns():
    """A client that sends much at once is served in small chunks."""
    sizes = []

    class Fake:
        num_lines = 0

        def feed(self, chunk):
            self.num_lines += chunk.count(b'\n')
            sizes.append(len(chunk))
            return b''

        def end(self):
            return b'end\n'

    async def talk(port, content):
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        writer.write(content)
        writer.write_eof()
        assert await reader.read() == b'end\n'
        writer.close()

    async def main():
        opened = asyncio.get_running_loop().create_future()
        server = asyncio.create_task(serve_lines(Fake, 0, opened.set_result))
        port = await opened
        content = b'\n'.join([b'a' * 99] * 1000)
        await asyncio.gather(
            talk(port, content), talk(port, content.replace(b'a', b'b'))
        )
        server.cancel()

    asyncio.run(main())
    assert sum(sizes) == 2 * 99_999
    assert max(sizes) <= module.CLIENT_CHUNK
