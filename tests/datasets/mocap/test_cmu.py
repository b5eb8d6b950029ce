import os
import re
import threading
import types
import warnings
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from pyg_hcsf.data import clip_writer
from pyg_hcsf.datasets.mocap.cmu import CMUMocap, cmu_action
from pyg_hcsf.datasets.mocap.cmu_download import download_cmu_mocap
from pyg_hcsf.datasets.mocap.motion import (
    MotionClip,
    clean_clips,
    glitch_frames,
)

TRAPS = ('transform', 'filter')


@pytest.fixture
def raw(tmp_path, mocap):
    folder = tmp_path / 'given' / 'subjects'
    for number, trials in ((1, (1, 2)), (60, (1,)), (135, (4,))):
        name = f'{number:02}'
        mocap.asf(folder / name / f'{name}.asf')
        for trial in trials:
            mocap.amc(folder / name / f'{name}_{trial:02}.amc', 49)
    (tmp_path / 'given' / 'cmu-mocap-index.csv').write_text(
        'A title \u2013 with a dash,,\n,,\n'
        '01_01,"playground - climb, hang",Subject #1 (climb)\n'
        '01_02,run/jog,Subject #1 (climb)\n'
        '135_04,Unknown,Subject #135 (Martial Arts Walks)\n',
        encoding='utf-8',
    )
    return tmp_path / 'given'


def test_cmu_mocap(tmp_path, raw, mocap):
    dataset = CMUMocap(tmp_path / 'root', raw, log=False)
    assert str(dataset) == 'CMUMocap(4)'
    assert dataset.subjects == ('CMU01', 'CMU135', 'CMU60+61')
    assert dataset.actions == (
        *('martial arts', 'other', 'playground', 'run'),
    )
    assert dataset.glitch_frames == 0
    data = dataset[0]
    assert type(data) is Data
    assert (data.clip, data.subject, data.fps) == ('01_01', 'CMU01', 25.0)
    assert data.num_nodes == 17
    assert data.pos.dtype == torch.float32
    assert data.edge_index.shape == (2, 32)
    # 49 frames at 120 Hz last 0.4 s, which holds 11 at 25 Hz; at 60 Hz 0.8 s.
    assert [clip.pos.size(1) for clip in dataset] == [11, 11, 11, 21]
    assert [clip.clip for clip in dataset][2:] == ['135_04', '60_01']
    # By hand: standing, in units of the file, z up, in front of the camera.
    expected = {'RHip': (-2, 0, 17), 'LFoot': (2, 0, 3), 'Head': (0, 0, 29)}
    expected |= {'LWrist': (12, 0, 25), 'RElbow': (-8, 0, 25)}
    for name, position in expected.items():
        joint = dataset.skeleton.joints.index(name)
        np.testing.assert_allclose(
            data.pos[joint, 0], np.array(position) * mocap.UNIT, atol=1e-3
        )
    # Nearest frames: 0, 5 (of 4.8), 10 (of 9.6), 14 (of 14.4), ...
    steps = data.pos[0, :4, 0] / (0.1 * mocap.UNIT)
    np.testing.assert_allclose(steps, [0, 5, 10, 14], atol=1e-3)


def test_default_raw_and_options(tmp_path, raw):
    os.rename(raw, tmp_path / 'raw')
    dataset = CMUMocap(tmp_path, subjects=[1], log=False)
    assert dataset.subjects == ('CMU01',)
    fast = CMUMocap(tmp_path, subjects=[1], fps=120, log=False)
    assert fast[0].pos.size(1) == 49
    assert fast.processed_file_names != dataset.processed_file_names
    with pytest.raises(ValueError, match="'fps' above 0 .* 120 .*01_01"):
        CMUMocap(tmp_path, subjects=[1], fps=121, log=False)


def test_archive_equals_folder(tmp_path, raw):
    folder = CMUMocap(tmp_path / 'a', raw, log=False)
    (tmp_path / 'zip').mkdir()
    with zipfile.ZipFile(tmp_path / 'zip' / 'allasfamc.zip', 'w') as archive:
        for path in raw.rglob('*'):
            archive.write(path, f'all_asfamc/{path.relative_to(raw)}')
    index = raw / 'cmu-mocap-index.csv'
    (tmp_path / 'zip' / index.name).write_bytes(index.read_bytes())
    for given in (tmp_path / 'zip', tmp_path / 'zip' / 'allasfamc.zip'):
        zipped = CMUMocap(tmp_path / 'b', given, log=False)
        assert len(zipped) == len(folder)
        for one, other in zip(folder, zipped, strict=True):
            assert torch.equal(one.pos, other.pos)
            assert (one.clip, one.action) == (other.clip, other.action)
    assert sorted(os.listdir(tmp_path / 'zip')) == [
        'allasfamc.zip',
        'cmu-mocap-index.csv',
    ]


@pytest.mark.parametrize('name', ['../1/1.asf', '/1/1.asf', 'a/../../1_1.amc'])
def test_archive_with_path_traversal(tmp_path, name):
    with zipfile.ZipFile(tmp_path / 'allasfamc.zip', 'w') as archive:
        archive.writestr(name, 'x')
    with pytest.raises(ValueError, match=re.escape(repr(name))):
        CMUMocap(tmp_path / 'root', tmp_path, log=False)


def test_damaged_archive(tmp_path):
    (tmp_path / 'allasfamc.zip').write_bytes(b'PK no zip')
    with pytest.raises(ValueError, match='not a complete zip archive'):
        CMUMocap(tmp_path / 'root', tmp_path, log=False)


@pytest.mark.parametrize(
    'compression', [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]
)
def test_archive_with_a_damaged_member(tmp_path, raw, compression):
    path = tmp_path / 'allasfamc.zip'
    with zipfile.ZipFile(path, 'w', compression) as archive:
        for name in ('01.asf', '01_01.amc'):
            archive.write(raw / 'subjects' / '01' / name, f'01/{name}')
        at = archive.getinfo('01/01_01.amc').header_offset
    content = bytearray(path.read_bytes())
    content[at + 80 : at + 90] = b'\xff' * 10
    path.write_bytes(content)
    message = 'allasfamc.zip/01/01_01.amc: the file cannot be read.* again'
    with pytest.raises(ValueError, match=message):
        CMUMocap(tmp_path / 'root', tmp_path, log=False)


def test_archive_with_an_undecodable_name(tmp_path):
    path = tmp_path / 'allasfamc.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('01/\xe9.asf', 'x')
    content = path.read_bytes().replace('\xe9'.encode(), b'\xff\xff')
    path.write_bytes(content)
    with pytest.raises(ValueError, match='zip.* not a complete zip archive'):
        CMUMocap(tmp_path / 'root', tmp_path, log=False)


def test_damaged_index(tmp_path, raw):
    index = raw / 'cmu-mocap-index.csv'
    index.write_text('01_01,"' + 'x' * 200_000)
    with pytest.raises(ValueError, match="mocap-index.csv' cannot be read"):
        CMUMocap(tmp_path / 'root', raw, log=False)


def test_missing_raw_files(tmp_path):
    with pytest.raises(RuntimeError, match='http://mocap.cs.cmu.edu') as e:
        CMUMocap(tmp_path, log=False)
    assert str(tmp_path / 'raw') in str(e.value)
    assert not (tmp_path / 'raw').exists()


def test_malformed_file_leaves_nothing(tmp_path, raw):
    path = raw / 'subjects' / '01' / '01_02.amc'
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r'01_02.amc, line \d+'):
        CMUMocap(tmp_path / 'root', raw, log=False)
    assert list((tmp_path / 'root' / 'processed').iterdir()) == []


def test_missing_skeleton(tmp_path, raw):
    (raw / 'subjects' / '60' / '60.asf').unlink()
    with pytest.raises(ValueError, match="No skeleton '60.asf'"):
        CMUMocap(tmp_path / 'root', raw, log=False)


def test_processed_file_is_enough(tmp_path, raw):
    before = CMUMocap(tmp_path / 'root', raw, log=False)
    os.rename(raw, tmp_path / 'gone')
    after = CMUMocap(tmp_path / 'root', raw, log=False)
    assert torch.equal(before[1].pos, after[1].pos)


def test_changed_raw_files_are_read_again(tmp_path, raw, mocap):
    CMUMocap(tmp_path / 'root', raw, log=False)
    mocap.amc(raw / 'subjects' / '01' / '01_03.amc', 7)
    assert len(CMUMocap(tmp_path / 'root', raw, log=False)) == 5


def test_raw_fingerprint(tmp_path, raw, mocap):
    def load(name):
        return CMUMocap(tmp_path / name, raw, log=False).raw_fingerprint

    first = load('root')
    assert re.fullmatch('[0-9a-f]{16}', first)
    assert load('root') == load('other') == first
    mocap.amc(raw / 'subjects' / '01' / '01_03.amc', 7)
    second = load('root')
    assert second == load('other') != first
    os.rename(raw, tmp_path / 'gone')
    assert load('root') == second


def test_raw_file_that_went_away(tmp_path, raw):
    CMUMocap(tmp_path / 'root', raw, log=False)
    path = raw / 'subjects' / '01' / '01_02.amc'
    path.unlink()
    path.symlink_to(tmp_path / 'gone')
    with pytest.raises(ValueError, match="'.*01_02.amc' cannot be read .*No"):
        CMUMocap(tmp_path / 'root', raw, log=False)


def test_full_disk_leaves_nothing(tmp_path, raw, monkeypatch):
    def full(file):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(clip_writer, '_sync', full)
    message = (
        rf"Could not write '{tmp_path}/root/processed/cmumocap_.*.clips': No "
        'space left on device.* free some space or choose another folder'
    )
    with pytest.raises(RuntimeError, match=message):
        CMUMocap(tmp_path / 'root', raw, log=False)
    assert list((tmp_path / 'root' / 'processed').iterdir()) == []
    monkeypatch.undo()
    assert len(CMUMocap(tmp_path / 'root', raw, log=False)) == 4


@pytest.mark.parametrize('size', [0, 100, 5000])
def test_file_size_limit_leaves_nothing(tmp_path, raw, size):
    resource = pytest.importorskip('resource')
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        with pytest.raises(RuntimeError) as e:
            CMUMocap(tmp_path / 'root', raw, log=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    message = r"Could not write '.*': File too large.*choose another folder"
    assert re.match(message, str(e.value))
    assert list((tmp_path / 'root' / 'processed').iterdir()) == []


def test_root_that_cannot_be_written(tmp_path, raw, monkeypatch):
    def fail(self):
        raise AssertionError('read before')

    monkeypatch.setattr(CMUMocap, 'read_clips', fail)
    (tmp_path / 'file').write_text('')
    (tmp_path / 'processed').symlink_to('/proc/self')
    for root, folder in (
        (tmp_path / 'file' / 'root', tmp_path / 'file/root/processed'),
        (tmp_path, tmp_path / 'processed'),
    ):
        message = rf"Could not write to the folder '{folder}': .*'root'"
        with pytest.raises(RuntimeError, match=message):
            CMUMocap(root, raw, log=False)


def test_only_the_processed_file_is_written_and_read(
    tmp_path, raw, booby_trap
):
    dataset = CMUMocap(tmp_path / 'root', raw, log=False)
    folder = tmp_path / 'root' / 'processed'
    assert os.listdir(folder) == [dataset.processed_file_names]
    owned = booby_trap(folder)
    before = [(folder / f'pre_{n}.pt').read_bytes() for n in TRAPS]
    for force_reload in (False, True):
        CMUMocap(tmp_path / 'root', raw, log=False, force_reload=force_reload)
    assert not owned.exists()
    assert before == [(folder / f'pre_{n}.pt').read_bytes() for n in TRAPS]


def test_progress_is_logged_once(tmp_path, raw, capfd):
    CMUMocap(tmp_path / 'root', raw)
    out, err = capfd.readouterr()
    assert out == '' and 'Reading asf_amc' in err
    CMUMocap(tmp_path / 'root', raw)
    CMUMocap(tmp_path / 'root', raw, log=False, force_reload=True)
    assert capfd.readouterr() == ('', '')


@pytest.mark.parametrize('keep', [0, 100, 0.5, -1])
def test_damaged_processed_file(tmp_path, raw, keep):
    dataset = CMUMocap(tmp_path / 'root', raw, log=False)
    path = os.path.join(dataset.processed_paths[0], 'pos.npy')
    with open(path, 'r+b') as file:
        size = os.path.getsize(path)
        file.truncate(int(size * keep) if 0 < keep < 1 else keep % size)
    with pytest.raises(RuntimeError, match='force_reload=True') as e:
        CMUMocap(tmp_path / 'root', raw, log=False)
    assert path in str(e.value)
    again = CMUMocap(tmp_path / 'root', raw, log=False, force_reload=True)
    assert torch.equal(again[0].pos, dataset[0].pos)


def test_flipped_bit_in_processed_file(tmp_path, raw):
    dataset = CMUMocap(tmp_path / 'root', raw, log=False)
    path = os.path.join(dataset.processed_paths[0], 'pos.npy')
    with open(path, 'rb') as file:
        content = bytearray(file.read())
    pattern = dataset[0].pos[:, 0].numpy().tobytes()[:64]
    content[content.index(pattern)] ^= 16
    with open(path, 'wb') as file:
        file.write(content)
    with pytest.raises(RuntimeError, match='bad checksum.*force_reload'):
        CMUMocap(tmp_path / 'root', raw, log=False)


def test_foreign_processed_file(tmp_path, raw):
    dataset = CMUMocap(tmp_path / 'root', raw, log=False)
    torch.save({'clips': []}, dataset.store.path / 'clips.npz')
    with pytest.raises(RuntimeError, match='Delete the folder'):
        CMUMocap(tmp_path / 'root', raw, log=False)


def test_transforms_and_subsets(tmp_path, raw):
    def shift(data):
        data.pos = data.pos + 1
        return data

    plain = CMUMocap(tmp_path / 'a', raw, log=False)
    dataset = CMUMocap(
        tmp_path / 'b',
        raw,
        transform=shift,
        pre_filter=lambda data: data.subject == 'CMU01',
        pre_transform=shift,
        log=False,
    )
    assert len(dataset) == 2
    assert torch.equal(dataset[0].pos, plain[0].pos + 2)
    assert torch.equal(dataset[0].pos, plain[0].pos + 2)  # not in place
    assert plain[1:3].subjects == ('CMU01', 'CMU135')
    copied = plain[1:].copy()
    assert copied.raw_fingerprint == plain.raw_fingerprint
    assert len(copied) == 3
    copied[0].pos.zero_()
    assert plain[1].pos.abs().max() > 0


class Shift:
    def __init__(self, mm):
        self.mm = mm

    def __call__(self, data):
        data.pos = data.pos + self.mm
        return data

    def __repr__(self):
        return f'Shift({self.mm})'


def is_first(data):
    return data.subject == 'CMU01'


def test_pre_transform_and_pre_filter_have_their_own_files(
    tmp_path, raw, monkeypatch
):
    def load(**kwargs):
        return CMUMocap(tmp_path / 'root', raw, log=False, **kwargs)

    options = [
        {},
        {'pre_transform': Shift(1)},
        {'pre_transform': Shift(2)},
        {'pre_filter': is_first},
        {'pre_filter': Shift(1)},
    ]
    datasets = [load(**option) for option in options]
    files = {dataset.processed_file_names for dataset in datasets}
    assert len(files) == len(options)
    assert files == set(os.listdir(tmp_path / 'root' / 'processed'))
    assert all(' at ' not in name and '0x' not in name for name in files)
    monkeypatch.setattr(CMUMocap, 'read_clips', None)
    for option, before in zip(options, datasets, strict=True):
        after = load(**option)
        assert torch.equal(after[0].pos, before[0].pos)
        assert len(after) == len(before)
    # Where a function lies in memory differs from one process to another.
    name = datasets[3].processed_file_names
    copied = types.FunctionType(is_first.__code__, {}, 'is_first')
    copied.__qualname__ = is_first.__qualname__
    assert repr(copied) != repr(is_first)
    assert load(pre_filter=copied).processed_file_names == name


def test_glitch_cuts_the_clip(tmp_path, raw, mocap):
    mocap.amc(raw / 'subjects' / '01' / '01_01.amc', 49, jump=20)
    dataset = CMUMocap(tmp_path / 'root', raw, subjects=[1], log=False)
    # 19, 20, 21 lie on steps that are too fast; 19 is the nearest of 19.2.
    assert dataset.glitch_frames == 3
    assert [clip.clip for clip in dataset] == ['01_01.0', '01_01.1', '01_02']
    assert [clip.pos.size(1) for clip in dataset] == [4, 6, 11]
    steps = dataset[1].pos[0, :, 0] / (0.1 * mocap.UNIT)
    np.testing.assert_allclose(steps, [24, 29, 34, 38, 43, 48], atol=1e-3)


def test_glitch_frames():
    joints = np.zeros((5, 3, 3))
    joints[3, 2, 0] = 101  # mm in one frame at 120 Hz: 12.12 m/s
    mask = [False, False, True, True, True]
    np.testing.assert_array_equal(glitch_frames(joints, 120), mask)
    assert not glitch_frames(joints, 118).any()
    joints[3] += 1000  # the whole body jumps: nothing relative to the hip
    np.testing.assert_array_equal(glitch_frames(joints, 120), mask)


def test_rest_pose_at_the_start_is_dropped():
    joints = np.zeros((20, 17, 3))
    joints[0, 5] = 500
    clips, dropped = clean_clips(MotionClip(joints, 100, 's', 'a', 'c'), 25)
    assert dropped == 2
    assert [clip['clip'] for clip in clips] == ['c']
    assert len(clips[0]['pos']) == 4  # frames 4, 8, 12, 16
    assert clips[0]['pos'].abs().max() == 0


@pytest.mark.parametrize(
    ('description', 'subject', 'action'),
    [
        ('playground - climb, hang, swing', '', 'playground'),
        ('golf swing', '', 'sport'),
        ('soccer - kick ball', '', 'sport'),
        ('punch/strike', '', 'martial arts'),
        ('NormalWalk', '', 'walk'),
        ('Unknown', 'Subject #94 (indian dance)', 'indian dance'),
        ('salsa dance', '', 'salsa'),
        ('bend over, scoop up', '', 'everyday'),
        ('Unknown', 'Subject #104 (motion)', 'other'),
        ('', '', 'other'),
    ],
)
def test_cmu_action(description, subject, action):
    assert cmu_action(description, subject) == action


class Server:
    r"""Serves :obj:`body` at 127.0.0.1, with byte ranges, and may hang up."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.cut = len(body)
        self.ranges = True
        self.requests: list[str] = []
        this = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked = self.headers.get('Range', '')
                this.requests.append(asked)
                start = int(asked[6:-1]) if asked and this.ranges else 0
                total = len(this.body)
                if start >= total > 0 and start:
                    self.send_response(416)
                    self.send_header('Content-Range', f'bytes */{total}')
                    self.send_header('Content-Length', '0')
                    self.end_headers()
                    return
                self.send_response(206 if start else 200)
                span = f'bytes {start}-{total - 1}/{total}'
                if start:
                    self.send_header('Content-Range', span)
                self.send_header('Content-Length', str(total - start))
                self.end_headers()
                self.wfile.write(this.body[start : this.cut])

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_port}/a.zip'
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def server(tmp_path, raw, monkeypatch):
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / 'source.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        for member in sorted(raw.rglob('*')):
            archive.write(member, member.relative_to(raw))
    server = Server(path.read_bytes())
    yield server
    server.close()


def test_download(tmp_path, server):
    path = download_cmu_mocap(tmp_path / 'x' / 'raw', server.url)
    assert path == tmp_path / 'x' / 'raw' / 'allasfamc.zip'
    assert path.read_bytes() == server.body
    assert os.listdir(path.parent) == ['allasfamc.zip']
    assert len(CMUMocap(tmp_path / 'x', log=False)) == 4
    download_cmu_mocap(tmp_path / 'x' / 'raw', server.url)
    assert server.requests == ['']


@pytest.mark.parametrize('ranges', [True, False])
def test_download_resumes(tmp_path, server, ranges):
    server.ranges = ranges
    server.cut = 1000
    with pytest.raises(RuntimeError, match='call again to resume'):
        download_cmu_mocap(tmp_path / 'raw', server.url)
    assert os.listdir(tmp_path / 'raw') == ['allasfamc.zip.part']
    server.cut = len(server.body)
    path = download_cmu_mocap(tmp_path / 'raw', server.url)
    assert path.read_bytes() == server.body
    assert server.requests == ['', 'bytes=1000-']


def test_download_was_complete(tmp_path, server):
    (tmp_path / 'allasfamc.zip.part').write_bytes(server.body)
    path = download_cmu_mocap(tmp_path, server.url)
    assert path.read_bytes() == server.body


def test_download_of_something_else(tmp_path, server):
    server.body = b'<html>Not found</html>'
    server.cut = len(server.body)
    with pytest.raises(RuntimeError, match='not a complete zip archive'):
        download_cmu_mocap(tmp_path / 'raw', server.url)
    assert os.listdir(tmp_path / 'raw') == []


def test_download_onto_longer_partial_file(tmp_path, server):
    part = tmp_path / 'allasfamc.zip.part'
    part.write_bytes(server.body + b'more')
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        with pytest.raises(RuntimeError, match='delete it'):
            download_cmu_mocap(tmp_path, server.url)


def test_download_without_server(tmp_path, server):
    server.close()
    with pytest.raises(RuntimeError, match='broke off'):
        download_cmu_mocap(tmp_path / 'raw', server.url, timeout=2)
