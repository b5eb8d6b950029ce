import pickle
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch

from pyg_hcsf.data import ClipStore
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.datasets import Human36M
from pyg_hcsf.protocols import H36M_ACTIONS, S9_BLOCKLIST, get_protocol
from pyg_hcsf.transforms import EncodePose
from tests.datasets.human36m.human36m_files import (
    FRAMES,
    H36M17_OF_MPII,
    MPII,
    WRITERS,
    data_2d,
    data_3d,
    lcn_detections,
    motion,
    views,
    write_archives,
    write_cdf,
    write_lcn,
    write_vp3d,
)

MOTION = motion()
EXPECTED = {
    (subject, take.split()[0], camera.name): (camera, y, x)
    for subject, takes in MOTION.items()
    for take, joints in takes.items()
    for camera, y, x in views(subject, joints)
}
ALL = {**WRITERS, 'archives': write_archives}


@pytest.fixture
def vp3d(tmp_path):
    write_vp3d(tmp_path / 'raw', MOTION)
    return tmp_path


def clips_of(root, split='test', **options):
    options = {'dropped': (), 'log': False, **options}
    return Human36M(root, split, **options)


@pytest.mark.parametrize('form', ALL)
def test_formats(tmp_path, form):
    """Each format gives the same poses, within its own precision."""
    ALL[form](tmp_path / 'raw', MOTION)
    for split, count in (('train', 60), ('test', 24)):
        dataset = clips_of(tmp_path, split)
        assert len(dataset) == count
        for clip in dataset:
            key = (clip.subject, clip.action, clip.camera)
            camera, y, x = EXPECTED[key]
            assert clip.x.shape[1] == len(y) and clip.num_nodes == 17
            assert clip.x.dtype == clip.y.dtype == torch.float32
            pixels = clip.x.transpose(0, 1).numpy()
            np.testing.assert_allclose(pixels, x, atol=1e-3)
            sized = form != 'motionbert' or split == 'test'
            if sized:
                joints = clip.y.transpose(0, 1).numpy()
                np.testing.assert_allclose(joints, y, atol=2e-3)
            assert clip.focal.tolist() == [list(camera.focal)]
            assert clip.image_size.tolist() == [list(camera.image_size)]
            assert clip.fps == 50
    assert dataset.format == ('cdf' if form == 'archives' else form)
    assert dataset.skeleton.name == 'h36m17'


def test_order_and_names(vp3d):
    dataset = clips_of(vp3d)
    actions = list(dict.fromkeys(clip.action for clip in dataset))
    assert actions == ['Directions', 'Photo', 'WalkDog']
    assert dataset.actions == H36M_ACTIONS
    names = [clip.clip for clip in dataset]
    assert names[:4] == ['S9 Directions'] * 4
    assert names[8:16] == ['S9 Photo 1'] * 4 + ['S11 Photo 1'] * 4
    assert len({(clip.clip, clip.camera) for clip in dataset}) == 24
    dataset = clips_of(vp3d, naming='official')
    actions = list(dict.fromkeys(clip.action for clip in dataset))
    assert actions == ['Directions', 'TakingPhoto', 'WalkingDog']
    assert dataset.actions[5:8] == ('Posing', 'Purchases', 'Sitting')


def test_dropped(vp3d, tmp_path):
    assert len(Human36M(vp3d, 'test', log=False)) == 20
    names = {clip.clip for clip in Human36M(vp3d, 'test', log=False)}
    assert 'S9 Directions' in names and 'S11 Directions' not in names
    write_lcn(tmp_path / 'lcn' / 'raw', MOTION)
    for name, count in (('lcn', 24), ('vp3d', 20)):
        dropped = get_protocol(name).dropped
        assert len(clips_of(tmp_path / 'lcn', dropped=dropped)) == count
    takes = [('Waiting', ' 1'), ('Waiting', ''), ('SittingDown', ' 1')]
    takes += [('SittingDown', ''), ('Greeting', '')]
    write_vp3d(tmp_path / 'block' / 'raw', motion(['S9'], takes))
    left = clips_of(tmp_path / 'block', dropped=S9_BLOCKLIST)
    assert {clip.clip for clip in left} == {'S9 SittingDown', 'S9 Waiting'}


def test_keypoints(vp3d):
    """Detections are cut to the length of the motion capture."""
    plain = clips_of(vp3d, distortion='m17')
    found = clips_of(vp3d, keypoints='cpn_ft_h36m_dbb')
    assert [c.x.shape[1] for c in found] == [c.x.shape[1] for c in plain]
    for a, b in zip(found, plain, strict=True):
        torch.testing.assert_close(a.x, b.x, rtol=0, atol=1e-3)
        assert torch.equal(a.y, b.y)
    whole = clips_of(vp3d, keypoints='data_2d_h36m_cpn_ft_h36m_dbb')
    assert torch.equal(whole[0].x, found[0].x)
    own = clips_of(vp3d, keypoints='data_2d_h36m_gt')
    for a, b in zip(own, clips_of(vp3d, distortion='vp3d'), strict=True):
        torch.testing.assert_close(a.x, b.x, rtol=0, atol=1e-3)
    difference = (clips_of(vp3d)[0].x - own[0].x).abs().max()
    assert 0.5 < difference < 30  # the lens, in pixels


@pytest.mark.parametrize(
    'form, keypoints',
    [('lcn', 'sh_dt_ft'), ('motionbert', 'sh_conf_cam_source_final')],
)
def test_detectors_of_pickles(tmp_path, form, keypoints):
    ALL[form](tmp_path / 'raw', MOTION)
    for split in ('train', 'test'):
        plain = clips_of(tmp_path, split)
        found = clips_of(tmp_path, split, keypoints=keypoints)
        for a, b in zip(found, plain, strict=True):
            torch.testing.assert_close(a.x, b.x + 1, rtol=0, atol=1e-3)


def test_16_joints(vp3d):
    dataset = clips_of(vp3d, joints=16)
    assert dataset[0].x.shape[0] == dataset[0].y.shape[0] == 16
    assert dataset[0].edge_index.max() == 15
    assert dataset.skeleton.name == 'h36m16'
    whole = clips_of(vp3d)
    assert torch.equal(dataset[0].y[9], whole[0].y[10])  # the head
    joints = [*range(9), *range(10, 17)]
    content = data_2d(
        MOTION, joints=H36M17_OF_MPII, keypoints_symmetry=MPII, num_joints=16
    )
    (vp3d / 'raw' / 'data_2d_h36m_sh_ft_h36m.npz').write_bytes(content)
    dataset = clips_of(vp3d, keypoints='sh_ft_h36m', joints=16)
    want = clips_of(vp3d, keypoints='data_2d_h36m_gt')
    for clip, other in zip(dataset, want, strict=True):
        assert torch.equal(clip.x, other.x[joints])
    with pytest.raises(ValueError, match="'joints=16'.*'sh_ft_h36m'"):
        clips_of(vp3d, keypoints='sh_ft_h36m')


SWAPPED = [0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13]


@pytest.mark.parametrize('form', ['vp3d', 'lcn', 'motionbert'])
def test_keypoints_are_compared_with_the_joints(tmp_path, form):
    """Left and right are exchanged in the keypoints."""
    raw = tmp_path / 'raw'
    WRITERS[form](raw, MOTION)
    if form == 'vp3d':
        keypoints = 'sh'
        content = data_2d(MOTION, joints=SWAPPED, layout_name='h36m')
        (raw / 'data_2d_h36m_sh.npz').write_bytes(content)
    else:
        keypoints = {'lcn': 'sh_dt_ft'}.get(form, 'sh_conf_cam_source_final')
        path = raw / f'h36m_{keypoints}.pkl'
        found = pickle.loads(path.read_bytes())
        key = {'lcn': 'joint3d_image'}.get(form, 'joint_2d')
        for side in found.values():
            side[key] = side[key][:, SWAPPED]
        path.write_bytes(pickle.dumps(found))
    options = {'keypoints': keypoints, 'format': form}
    with pytest.warns(UserWarning, match='LKnee is at RKnee.*subject S9'):
        clips_of(tmp_path, **options)
    clips_of(tmp_path, **{**options, 'keypoints': 'gt'})


def test_subsample(vp3d):
    plain, fifth = clips_of(vp3d), clips_of(vp3d, subsample=5)
    assert fifth[0].fps == 10 and fifth[0].x.shape[1] == -(-FRAMES // 5)
    for a, b in zip(fifth, plain, strict=True):
        assert torch.equal(a.x, b.x[:, ::5]) and torch.equal(a.y, b.y[:, ::5])


def test_splits(vp3d):
    def subjects(*args, **options):
        return {clip.subject for clip in clips_of(vp3d, *args, **options)}

    assert subjects('train') == {'S1', 'S5', 'S6', 'S7', 'S8'}
    val = {'val_subjects': ['S8', 'S5']}
    assert subjects('train', **val) == {'S1', 'S6', 'S7'}
    assert subjects('val', **val) == {'S5', 'S8'}
    assert subjects('test', **val) == {'S9', 'S11'}


def test_streams_encoded(vp3d):
    options = {'keypoints': 'cpn_ft_h36m_dbb'}
    dataset = clips_of(
        vp3d, 'train', pre_transform=EncodePose('srnet'), **options
    )
    plain = clips_of(vp3d, 'train', transform=EncodePose('srnet'), **options)
    for key in ('x', 'y', 'joints'):
        assert torch.equal(dataset[7][key], plain[7][key])
    loader = ClipLoader(dataset.store, 64, shuffle=True)
    memory = ClipLoader(plain, 64, shuffle=True)
    for a, b in zip(loader, memory, strict=True):
        assert torch.equal(a.x, b.x) and torch.equal(a.y, b.y)
    other = clips_of(vp3d, 'train', pre_transform=EncodePose('vp3d'))
    assert not torch.equal(other[7].y, dataset[7].y)


def test_processed_is_enough(vp3d):
    first = clips_of(vp3d)
    for file in (vp3d / 'raw').iterdir():
        file.unlink()
    again = clips_of(vp3d)
    assert torch.equal(again[0].x, first[0].x)
    encoded = clips_of(vp3d, pre_transform=EncodePose('lcn'))
    assert 'joints' in encoded[0]
    distorted = clips_of(vp3d, distortion='vp3d')  # of any protocol
    assert torch.equal(distorted[0].y, first[0].y)
    *_, x = next(views('S9', MOTION['S9']['Directions'], 'vp3d'))
    pixels = distorted[0].x.transpose(0, 1).numpy()
    np.testing.assert_allclose(pixels, x, atol=1e-3)
    with pytest.raises(RuntimeError, match="no raw files.*'nothing'|nothing"):
        clips_of(vp3d, 'train')


def test_only_what_is_asked_for_is_written(vp3d, tmp_path):
    """In one pass, with the bytes that two passes give."""
    options = {'pre_transform': EncodePose('vp3d'), 'distortion': 'vp3d'}
    shutil.copytree(vp3d / 'raw', tmp_path / 'two' / 'raw')
    clips_of(tmp_path / 'two')
    clips_of(tmp_path / 'two', **options)
    clips_of(tmp_path / 'one', raw=tmp_path / 'two' / 'raw', **options)
    (path,) = (tmp_path / 'one' / 'processed').glob('*.clips')
    assert len(list((tmp_path / 'two' / 'processed').glob('*.clips'))) == 2
    for file in path.iterdir():
        other = tmp_path / 'two' / 'processed' / path.name / file.name
        assert file.read_bytes() == other.read_bytes()
    # Enough, too, without raw files.
    again = clips_of(tmp_path / 'one', **options)
    assert torch.equal(again[0].x, clips_of(tmp_path / 'two', **options)[0].x)
    with pytest.raises(RuntimeError, match='nothing made'):
        clips_of(tmp_path / 'one')


def test_changed_raw_files_are_read_again(vp3d):
    before = clips_of(vp3d)
    extra = {
        **MOTION,
        'S9': {**MOTION['S9'], 'Posing': MOTION['S9']['Photo 1']},
    }
    (vp3d / 'raw' / 'data_3d_h36m.npz').write_bytes(data_3d(extra))
    after = clips_of(vp3d)
    assert len(after) == len(before) + 4
    assert after.raw_fingerprint != before.raw_fingerprint
    unused = vp3d / 'raw' / 'data_2d_h36m_other.npz'
    unused.write_bytes(data_2d(extra))
    assert clips_of(vp3d).raw_fingerprint == after.raw_fingerprint


KILLED = """
import os, signal, sys
from pyg_hcsf.data import ClipStore
from pyg_hcsf.datasets import Human36M

Human36M(sys.argv[1], 'test', log=False)
to_clip, count = Human36M._to_clip, 0

def deadly(self, take):
    global count
    count += 1
    if count == 30:
        os.kill(os.getpid(), signal.SIGKILL)
    return to_clip(self, take)

Human36M._to_clip = deadly
Human36M(sys.argv[1], 'train', log=False)
"""


def test_killed_and_resumed(tmp_path):
    """What was whole is not made again, and all bytes are the same."""
    whole, broken = tmp_path / 'whole', tmp_path / 'broken'
    for root in (whole, broken):
        write_vp3d(root / 'raw', MOTION)
    command = [sys.executable, '-c', KILLED, str(broken)]
    assert subprocess.run(command, capture_output=True).returncode == -9
    (test,) = (broken / 'processed').glob('test*.clips')
    stamp = (test / 'x.npy').stat().st_mtime_ns
    assert list((broken / 'processed').glob('.train*.part'))
    assert not list((broken / 'processed').glob('train*.clips'))
    for root in (whole, broken):
        for split in ('test', 'train'):
            Human36M(root, split, log=False)
    assert (test / 'x.npy').stat().st_mtime_ns == stamp

    def contents(root):
        files = sorted(f for f in (root / 'processed').rglob('*.np?'))
        return {f.relative_to(root): f.read_bytes() for f in files}

    assert len(contents(whole)) == 6
    assert contents(broken) == contents(whole)


def test_another_process_is_faster(vp3d, monkeypatch):
    expected = clips_of(vp3d)[0].x
    path = next((vp3d / 'processed').glob('*.clips'))
    other = path.rename(vp3d / 'other')
    write = ClipStore.write

    def late(*args, **kwargs):
        shutil.copytree(other, path)
        return write(*args, **kwargs)

    monkeypatch.setattr(ClipStore, 'write', late)
    assert torch.equal(clips_of(vp3d)[0].x, expected)


def test_damaged_raw_leaves_nothing_processed(vp3d):
    path = vp3d / 'raw' / 'data_3d_h36m.npz'
    path.write_bytes(path.read_bytes()[:-3000] + bytes(3000))
    (vp3d / 'raw' / 'data_2d_h36m_gt.npz').unlink()
    (vp3d / 'raw' / 'data_2d_h36m_cpn_ft_h36m_dbb.npz').unlink()
    with pytest.raises((ValueError, RuntimeError)):
        clips_of(vp3d)
    assert not list(vp3d.rglob('*.clips'))


def test_finds_formats(tmp_path):
    for form, write in WRITERS.items():
        write(tmp_path / form, MOTION)
    write_archives(tmp_path / 'cdf', {'S1': MOTION['S1']})
    (tmp_path / 'h36m_labels.pkl').write_bytes(b'')
    (tmp_path / 'h36m_notes.npz').write_bytes(b'PK')
    for form in Human36M.formats:
        found = form.find(tmp_path)
        assert found == sorted(found)
        files = {f for f in (tmp_path / form.name).rglob('*') if f.is_file()}
        assert set(found) == files
        assert form.find(found[0]) == found[:1]
        assert Human36M.found(tmp_path / form.name)
    assert not Human36M.found(tmp_path / 'nowhere')
    assert clips_of(tmp_path, raw=tmp_path, format='lcn').format == 'lcn'
    assert clips_of(tmp_path, raw=tmp_path).format == 'vp3d'
    one = tmp_path / 'vp3d' / 'data_3d_h36m.npz'
    assert clips_of(tmp_path / 'one', raw=one).format == 'vp3d'


def test_wrong_arguments(vp3d):
    for options, reason in (
        ({'split': 'all'}, "'split'"),
        ({'split': 'val'}, 'no official validation'),
        ({'val_subjects': ['S9']}, "'val_subjects'"),
        ({'joints': 32}, "'joints'"),
        ({'naming': 'short'}, "'naming'"),
        ({'format': 'json'}, "'format'"),
        ({'distortion': 'lens'}, "'distortion'"),
        ({'subsample': 0}, "'subsample'"),
        ({'keypoints': '../x'}, "'keypoints'"),
        ({'keypoints': 'hrnet'}, r"\['cpn_ft_h36m_dbb', .*got 'hrnet'"),
    ):
        with pytest.raises(ValueError, match=reason):
            clips_of(vp3d, **options)


def test_missing_and_mixed_raw_files(tmp_path):
    with pytest.raises(RuntimeError, match=r'vision\.imar\.ro'):
        clips_of(tmp_path)
    raw = tmp_path / 'raw'
    write_vp3d(raw, MOTION)
    detected = motion(['S9'])
    (raw / 'data_2d_h36m_few.npz').write_bytes(data_2d(detected))
    with pytest.raises(ValueError, match='keypoints of S11 .*few.npz'):
        clips_of(tmp_path, keypoints='few')
    short = {
        subject: {take: joints[:-1] for take, joints in takes.items()}
        for subject, takes in MOTION.items()
    }
    content = data_2d(short, extra=0)
    (raw / 'data_2d_h36m_short.npz').write_bytes(content)
    with pytest.raises(ValueError, match="'short' for all 12 .*got 11"):
        clips_of(tmp_path, keypoints='short')
    (raw / 'data_3d_h36m.npz').rename(tmp_path / 'data_3d_h36m.npz')
    with pytest.raises(ValueError, match="one 'data_3d_h36m.npz'"):
        clips_of(tmp_path)
    only = motion(['S1'])
    write_vp3d(tmp_path / 'only' / 'raw', only)
    with pytest.raises((ValueError, RuntimeError), match='clip'):
        clips_of(tmp_path / 'only')
    write_cdf(tmp_path / 'cdf' / 'raw', detected)
    write_archives(tmp_path / 'cdf' / 'raw', detected)
    with pytest.raises(ValueError, match='each take once .*S9'):
        clips_of(tmp_path / 'cdf')
    with pytest.raises(ValueError, match="'gt' for raw pos"):
        clips_of(tmp_path / 'cdf', keypoints='cpn_ft_h36m_dbb')
    write_lcn(tmp_path / 'lcn' / 'raw', MOTION)
    found = lcn_detections({**detected, 'S1': MOTION['S1']})
    path = tmp_path / 'lcn' / 'raw' / 'h36m_sh_dt_ft.pkl'
    path.write_bytes(pickle.dumps(found))
    with pytest.raises(ValueError, match='one release|for all'):
        clips_of(tmp_path / 'lcn', keypoints='sh_dt_ft')
