import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.datasets import MPIINF3DHP
from pyg_hcsf.datasets.checks.verify import summarize
from pyg_hcsf.datasets.mpi_inf_3dhp.constants import (
    TEST_SEQUENCES,
    TRAIN_SEQUENCES,
)
from pyg_hcsf.transforms import EncodePose
from tests.datasets.mpi_inf_3dhp.mpi_inf_3dhp_files import (
    CAMERAS,
    FRAMES,
    H36M,
    NAMES17,
    NAMES28,
    SCALE,
    SEQUENCES,
    WRITERS,
    annot,
    annot_data,
    calibration,
    matrices,
    npz,
    pstmo_test,
    pstmo_train,
    scene,
    view,
    write_mat,
    write_pstmo,
)

FEW = {'S1 Seq1': 12, 'S1 Seq2': 13, 'S8 Seq1': 14}


@pytest.fixture(scope='module')
def raw(tmp_path_factory):
    """All sequences in both formats; not written to."""
    folder = tmp_path_factory.mktemp('3dhp')
    for form, write in WRITERS.items():
        write(folder / form)
    return folder


def clips_of(root, raw, split='test', **options):
    return MPIINF3DHP(root, split, raw=raw, log=False, **options)


def pixels_of(clip, joints):
    y = joints.double().transpose(0, 1)
    return (y[..., :2] / y[..., 2:] * clip.focal + clip.center).transpose(0, 1)


def expected(name, camera, order):
    """2D, metric and universal relative to the pelvis, of named joints."""
    if name.startswith('TS'):
        number = FRAMES + int(name[-1])
        *arrays, valid = scene(name, number)
        at, valid = [NAMES17.index(joint) for joint in order], valid == 1
        arrays = [array[valid][:, at] for array in arrays]
        pelvis = NAMES17.index('pelvis')
        origins = [a[valid][:, [pelvis]] for a in scene(name, number)[1:3]]
    else:
        arrays = view(name, SEQUENCES[name], int(camera))
        pelvis = NAMES28.index('pelvis')
        origins = [array[:, [pelvis]] for array in arrays[1:]]
        at = [NAMES28.index(joint) for joint in order]
        arrays = [array[:, at] for array in arrays]
    x, metric, universal = arrays
    return x, metric, universal - origins[1]


@pytest.mark.parametrize('form', WRITERS)
@pytest.mark.parametrize('split', ['train', 'test'])
def test_formats(tmp_path, raw, form, split):
    """Both formats give the same keypoints, poses, sizes and cameras."""
    dataset = clips_of(tmp_path, raw / form, split)
    metric = clips_of(tmp_path, raw / form, split, ground_truth='metric')
    assert dataset.format == form and dataset.skeleton.name == 'h36m17'
    assert len(dataset) == len(metric) == (128 if split == 'train' else 6)
    for clip, twin in zip(dataset, metric, strict=True):
        x, y, relative = expected(clip.clip, clip.camera, H36M)
        assert clip.x.dtype == clip.y.dtype == torch.float32
        assert clip.num_nodes == 17 and clip.edge_index.max() == 16
        pixels = clip.x.transpose(0, 1).numpy()[: len(x)]
        np.testing.assert_array_equal(pixels, x.astype('f4'))
        near = {'rtol': 0, 'atol': 2e-3 if form == 'mat' else 0.1}
        joints = twin.y.transpose(0, 1).numpy()[: len(y)]
        np.testing.assert_allclose(joints, y, **near)
        joints = (clip.y - clip.y[:1]).transpose(0, 1).numpy()[: len(y)]
        np.testing.assert_allclose(joints, relative, rtol=0, atol=2e-3)
        # The way to the pelvis is scaled as the person is:
        way = SCALE[clip.subject] * twin.y[0]
        torch.testing.assert_close(clip.y[0], way, rtol=1e-4, atol=0.1)
        for joints in (clip.y, twin.y):
            assert (pixels_of(clip, joints) - clip.x).abs().max() < 0.05
        if split == 'train':
            intrinsic, _ = matrices(int(clip.camera))
            focal = torch.from_numpy(np.diag(intrinsic)[None, :2].copy())
            torch.testing.assert_close(clip.focal, focal, rtol=1e-4, atol=0)
            assert clip.image_size.tolist() == [[2048, 2048]]
            assert clip.action == clip.clip.split()[1]
            assert clip.fps == TRAIN_SEQUENCES[clip.clip][1]
        else:
            known = TEST_SEQUENCES[clip.clip]
            assert clip.scene == clip.action == known.scene
            assert clip.focal.tolist() == [list(known.camera.focal)]
            assert clip.image_size.tolist() == [list(known.camera.image_size)]
            assert math.isnan(clip.fps)
            assert clip.x.size(1) == int(
                scene(clip.clip, clip.x.size(1) + 3)[3].sum()
            )


def test_order_and_scenes(tmp_path, raw):
    dataset = clips_of(tmp_path, raw / 'mat')
    assert [clip.clip for clip in dataset] == [f'TS{n}' for n in range(1, 7)]
    scenes = [clip.scene for clip in dataset]
    assert scenes == ['GS', 'GS', 'noGS', 'noGS', 'Outdoor', 'Outdoor']
    assert dataset.actions == ('GS', 'noGS', 'Outdoor')
    sizes = [clip.image_size[0].tolist() for clip in dataset]
    assert sizes == [[2048, 2048]] * 4 + [[1920, 1080]] * 2
    dataset = clips_of(tmp_path, raw / 'mat', 'train')
    names = [(clip.clip, clip.camera) for clip in dataset]
    cameras = [str(number) for number in CAMERAS]
    assert names == [(s, c) for s in sorted(SEQUENCES) for c in cameras]
    assert dataset.actions == ('Seq1', 'Seq2')
    # Annotations go on after the end of the video.
    assert [c.x.size(1) for c in dataset][::8] == [
        SEQUENCES[s] + 3 for s in sorted(SEQUENCES)
    ]


def test_longer_than_the_video(tmp_path, monkeypatch):
    monkeypatch.setitem(TRAIN_SEQUENCES, 'S1 Seq1', (12, 25.0))
    write_mat(tmp_path / 'raw', FEW, ())
    dataset = clips_of(tmp_path, tmp_path / 'raw', 'train')
    lengths = {clip.clip: clip.x.size(1) for clip in dataset}
    assert lengths == {'S1 Seq1': 12, 'S1 Seq2': 16, 'S8 Seq1': 17}


@pytest.mark.parametrize(
    'joints, names', [('relevant17', NAMES17), ('all28', NAMES28)]
)
def test_joints(tmp_path, raw, joints, names):
    options = {'joints': joints, 'cameras': (9, 3)}
    dataset = clips_of(tmp_path, raw / 'mat', 'train', **options)
    assert {clip.camera for clip in dataset} == {'3', '9'}
    skeleton = dataset.skeleton
    assert skeleton.num_joints == len(names)
    for mine, name in zip(skeleton.joints, names, strict=True):
        plain = mine.lower().replace('top', '_top')
        side = {'l': 'left_', 'r': 'right_'}.get(plain[0], '')
        assert name in (plain, side + plain[1:])
    root = names.index('pelvis')
    assert skeleton.root == root
    for clip in dataset:
        x, _, relative = expected(clip.clip, clip.camera, names)
        pixels = clip.x.transpose(0, 1).numpy()[: len(x)]
        np.testing.assert_array_equal(pixels, x.astype('f4'))
        found = (clip.y - clip.y[[root]]).transpose(0, 1).numpy()
        np.testing.assert_allclose(found[: len(x)], relative, atol=2e-3)


def test_bodies_are_whole(tmp_path, raw):
    """Bones keep their lengths, sides are alike, and knees bend forward."""
    from pyg_hcsf.datasets.checks.expected_counts import EXPECTED_CONTENTS
    from pyg_hcsf.datasets.checks.verify import verify

    splits = EXPECTED_CONTENTS['MPIINF3DHP']({}).splits
    for joints in ('h36m17', 'relevant17'):
        for split in ('train', 'test'):
            dataset = clips_of(tmp_path, raw / 'mat', split, joints=joints)
            checks = verify(dataset, dataset.skeleton, splits[split])
            bad = [c.what for c in checks if c.passed is False]
            assert set(bad) <= {'frames'}
            summary = summarize(dataset, dataset.skeleton, splits[split])
            assert summary.bent_knees > 0


def test_keypoints(tmp_path, raw):
    given = clips_of(tmp_path, raw / 'mat', 'train')
    made = clips_of(tmp_path, raw / 'mat', 'train', keypoints='gt')
    for a, b in zip(given, made, strict=True):
        assert not torch.equal(a.x, b.x)
        assert (a.x - b.x).abs().max() < 0.01
        assert torch.equal(a.y, b.y)


@pytest.mark.parametrize('form', WRITERS)
def test_all_frames(tmp_path, raw, form):
    some = clips_of(tmp_path, raw / form)
    every = clips_of(tmp_path, raw / form, frames='all')
    assert 'valid' not in some[0]
    for a, b in zip(some, every, strict=True):
        assert b.valid.dtype == torch.bool
        assert b.valid.shape == (1, b.x.size(1))
        assert b.valid[0].tolist()[:7] == [False] + [True] * 3 + [
            *(False, False, True)
        ]
        assert torch.equal(a.x, b.x[:, b.valid[0]])
        assert torch.equal(a.y, b.y[:, b.valid[0]])
        # Nobody is in the first frame of the file; in the fifth there is.
        assert torch.equal(b.y[:, 0], b.y[:, 1])
        assert not torch.equal(b.y[:, 4], b.y[:, 3])
    encoded = clips_of(
        tmp_path, raw / form, frames='all', pre_transform=EncodePose('lcn')
    )
    assert torch.equal(encoded[3].valid, every[3].valid)
    assert torch.equal(encoded[3].joints, every[3].y)


def test_splits(tmp_path, raw):
    def subjects(*args, **options):
        dataset = clips_of(tmp_path, raw / 'pstmo', *args, **options)
        return {clip.subject for clip in dataset}

    everybody = {f'S{number}' for number in range(1, 9)}
    assert subjects('train') == everybody
    val = {'val_subjects': ['S8', 'S2']}
    assert subjects('train', **val) == everybody - {'S2', 'S8'}
    assert subjects('val', **val) == {'S2', 'S8'}
    assert subjects('test', **val) == {f'TS{n}' for n in range(1, 7)}
    assert len(list((tmp_path / 'processed').glob('*.clips'))) == 2


def test_subsample(tmp_path, raw):
    plain = clips_of(tmp_path, raw / 'mat', 'train')
    third = clips_of(tmp_path, raw / 'mat', 'train', subsample=3)
    assert third[0].fps == 25 / 3
    for a, b in zip(third, plain, strict=True):
        assert torch.equal(a.x, b.x[:, ::3]) and torch.equal(a.y, b.y[:, ::3])


@pytest.mark.parametrize('protocol', ['3dhp-official', '3dhp-srnet', 'lcn'])
def test_streams_encoded(tmp_path, raw, protocol):
    encode = EncodePose(protocol)
    stored = clips_of(tmp_path, raw / 'mat', 'train', pre_transform=encode)
    plain = clips_of(tmp_path, raw / 'mat', 'train', transform=encode)
    loader = ClipLoader(stored.store, 64, shuffle=True)
    memory = ClipLoader(plain, 64, shuffle=True)
    for a, b in zip(loader, memory, strict=True):
        assert torch.equal(a.x, b.x) and torch.equal(a.y, b.y)
        if encode.protocol.name == 'lcn':  # pixels are the target's
            assert (a.x - a.y[..., :2]).abs().max() < 1e-4


def test_processed_is_enough(tmp_path):
    write_pstmo(tmp_path / 'raw', FEW, [1, 5])
    first = clips_of(tmp_path, None)
    assert len(first) == 2
    for file in (tmp_path / 'raw').iterdir():
        file.unlink()
    assert torch.equal(clips_of(tmp_path, None)[1].x, first[1].x)
    encoded = clips_of(tmp_path, None, pre_transform=EncodePose('lcn'))
    assert 'joints' in encoded[0]
    with pytest.raises(RuntimeError, match='vcai.mpi-inf.mpg.de'):
        clips_of(tmp_path, None, 'train')


def test_each_side_of_the_split_has_its_own_files(tmp_path):
    """It may be of another format, or processed before."""
    raw = tmp_path / 'raw'
    write_pstmo(raw, FEW, [1])
    write_mat(raw, {}, [2, 3])
    assert clips_of(tmp_path, None, 'train').format == 'pstmo'
    dataset = clips_of(tmp_path, None)
    assert dataset.format == 'mat' and len(dataset) == 2
    (raw / 'data_train_3dhp.npz').unlink()
    assert clips_of(tmp_path, None, 'train').format == 'pstmo'


def test_changed_raw_files_are_read_again(tmp_path):
    raw = tmp_path / 'raw'
    write_mat(raw, {}, [1, 2])
    before = clips_of(tmp_path, raw)
    write_mat(raw, {}, [6])
    after = clips_of(tmp_path, raw)
    assert len(after) == 3 and len(before) == 2
    assert after.raw_fingerprint != before.raw_fingerprint
    write_mat(raw, FEW, ())  # is of the other side
    assert clips_of(tmp_path, raw).raw_fingerprint == after.raw_fingerprint


KILLED = """
import os, signal, sys
from pyg_hcsf.datasets import MPIINF3DHP

MPIINF3DHP(sys.argv[1], 'test', log=False)
to_clip, count = MPIINF3DHP._to_clip, 0

def deadly(self, take):
    global count
    count += 1
    if count == 11:
        os.kill(os.getpid(), signal.SIGKILL)
    return to_clip(self, take)

MPIINF3DHP._to_clip = deadly
MPIINF3DHP(sys.argv[1], 'train', log=False)
"""


@pytest.mark.parametrize('form', WRITERS)
def test_killed_and_resumed(tmp_path, form):
    """What was whole is not made again, and all bytes are the same."""
    whole, broken = tmp_path / 'whole', tmp_path / 'broken'
    for root in (whole, broken):
        WRITERS[form](root / 'raw', FEW, [1, 6])
    command = [sys.executable, '-c', KILLED, str(broken)]
    assert subprocess.run(command, capture_output=True).returncode == -9
    (test,) = (broken / 'processed').glob('test*.clips')
    stamp = (test / 'x.npy').stat().st_mtime_ns
    assert list((broken / 'processed').glob('.train*.part'))
    assert not list((broken / 'processed').glob('train*.clips'))
    for root in (whole, broken):
        for split in ('test', 'train'):
            MPIINF3DHP(root, split, log=False)
    assert (test / 'x.npy').stat().st_mtime_ns == stamp

    def contents(root):
        files = sorted(f for f in (root / 'processed').rglob('*.np?'))
        return {f.relative_to(root): f.read_bytes() for f in files}

    assert len(contents(whole)) == 6
    assert contents(broken) == contents(whole)


def test_finds_formats(tmp_path, raw):
    for form in MPIINF3DHP.formats:
        found = form.find(raw)
        assert found == sorted(found)
        files = {f for f in (raw / form.name).rglob('*') if f.is_file()}
        assert set(found) == files
        assert form.find(found[0]) == found[:1]
        assert MPIINF3DHP.found(raw / form.name)
    assert not MPIINF3DHP.found(tmp_path / 'nowhere')
    assert not MPIINF3DHP.found(tmp_path)
    assert clips_of(tmp_path, raw).format == 'mat'
    assert clips_of(tmp_path, raw, format='pstmo').format == 'pstmo'
    one = raw / 'pstmo' / 'data_test_3dhp.npz'
    assert len(clips_of(tmp_path / 'one', one)) == 6
    other = tmp_path / 'S1' / 'annot.mat'  # not of a sequence
    other.parent.mkdir()
    other.touch()
    for name in ('S1/Seq1/imageSequence/S1/Seq1/annot.mat', 'S1/annot.npz'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()  # images are not looked through
    assert not any(form.find(tmp_path) for form in MPIINF3DHP.formats)


@pytest.mark.parametrize(
    'options, reason',
    [
        ({'split': 'all'}, "'split'"),
        ({'split': 'val'}, 'no official validation'),
        ({'ground_truth': 'mono'}, "'ground_truth'"),
        ({'keypoints': 'cpn'}, "'keypoints'"),
        ({'joints': '28'}, "'joints'"),
        ({'joints': 'all28'}, "'joints'.*split='test'"),
        ({'frames': 'some'}, "'frames'"),
        ({'format': 'h5'}, "'format'"),
        ({'cameras': (0, 14)}, "'cameras' .* 0 to 13"),
        ({'cameras': (0, 0)}, "'cameras'"),
        ({'cameras': ()}, "'cameras'"),
        ({'subsample': 0}, "'subsample'"),
        ({'val_subjects': ['TS1']}, "'val_subjects'"),
    ],
)
def test_wrong_arguments(tmp_path, options, reason):
    with pytest.raises(ValueError, match=reason):
        clips_of(tmp_path, tmp_path, **options)


def test_missing_and_mixed_raw_files(tmp_path, raw):
    with pytest.raises(RuntimeError, match=r'annot\.mat with camera\.calib'):
        clips_of(tmp_path, tmp_path / 'nothing')
    only = tmp_path / 'only'
    write_mat(only, {}, [1])
    with pytest.raises(ValueError, match="split='train'.*only those"):
        clips_of(tmp_path, only, 'train')
    with pytest.raises(ValueError, match="P-STMO's files.*got 'all28'"):
        clips_of(tmp_path, raw / 'pstmo', 'train', joints='all28')
    with pytest.raises(ValueError, match="clips of .*'S8'.*got none"):
        write_mat(tmp_path / 'one', {'S1 Seq1': 12}, ())
        options = {'val_subjects': ['S8']}
        clips_of(tmp_path, tmp_path / 'one', 'val', **options)
    place = tmp_path / 'one' / 'mpi_inf_3dhp' / 'S1' / 'Seq1'
    (place / 'camera.calibration').write_bytes(calibration([0, 1, 2]))
    with pytest.raises(ValueError, match=r"calibration' \(got none .*\[4, 5"):
        clips_of(tmp_path, tmp_path / 'one', 'train')
    (place / 'camera.calibration').unlink()
    with pytest.raises(ValueError, match='camera.calibration.*cannot be read'):
        clips_of(tmp_path, tmp_path / 'one', 'train')
    copy = tmp_path / 'one' / 'copy' / 'S1' / 'Seq1'
    copy.mkdir(parents=True)
    (copy / 'annot.mat').write_bytes((place / 'annot.mat').read_bytes())
    with pytest.raises(ValueError, match='one file of S1 Seq1.*remove'):
        clips_of(tmp_path, tmp_path / 'one', 'train')


def test_files_that_do_not_belong_together(tmp_path):
    raw = tmp_path / 'raw'
    write_mat(raw, {'S1 Seq1': 12}, ())
    place = raw / 'mpi_inf_3dhp' / 'S1' / 'Seq1'
    text = calibration().decode().replace('1024.704', '1124.704')
    (place / 'camera.calibration').write_text(text)
    reason = r'annot\.mat.*camera 0 of S1 Seq1.*seen 100 pixels'
    with pytest.raises(ValueError, match=reason):
        clips_of(tmp_path, raw, 'train')
    assert not list(tmp_path.rglob('*.clips'))
    wide = scene('TS1', 9)[2]
    path = tmp_path / 'TS1' / 'annot_data.mat'
    path.parent.mkdir()
    annot_data(path, 'TS1', 9, univ_annot3=wide[:, None] * 9)
    with pytest.raises(ValueError, match=r'annot_data.*is [\d.]+ times its'):
        clips_of(tmp_path, path)


def test_cameras_of_the_test_set():
    """In pixels; of TS2 and the studio's, from the published calibration."""
    known = {
        name: (*test.camera.focal, *test.camera.center)
        for name, test in TEST_SEQUENCES.items()
    }
    assert known['TS2'] == (1503.78, 1501.27, 1015.24, 1038.68)
    assert known['TS1'] == known['TS3'] == known['TS4']
    studio = 7.32506, 7.32506 * 1.00044, 5 - 0.0322884, 5 + 0.0929296
    assert known['TS1'] == pytest.approx([204.8 * v for v in studio], rel=1e-3)
    x, y = 1920 / 10, 1080 / 5.625
    outdoor = (
        *(x * 8.770747185, y * 8.770747185 * 0.993236423),
        *(960 - x * 0.104908645, 540 + y * 0.104899704),
    )
    assert known['TS5'] == pytest.approx(outdoor, rel=1e-3)
    assert known['TS6'] == known['TS5']


OTHER = (1503.78, 1501.27), (1015.24, 1038.68)  # than that of TS3


@pytest.mark.parametrize('form', WRITERS)
def test_a_camera_that_is_a_little_different_is_found(tmp_path, form):
    pixels, metric, universal, valid = scene('TS3', 40)
    seen = metric[..., :2] / np.where(valid[:, None, None], metric[..., 2:], 1)
    pixels = seen * OTHER[0] + OTHER[1]
    path = tmp_path / 'TS3' / 'annot_data.mat'
    if form == 'pstmo':
        path = tmp_path / 'TS3' / 'data_test_3dhp.npz'
    path.parent.mkdir()
    if form == 'mat':
        annot_data(path, 'TS3', 40, annot2=pixels[:, None])
    else:
        data = {'data_2d': pixels, 'data_3d': universal, 'valid': valid}
        path.write_bytes(npz({'TS3': data}))
    with pytest.warns(UserWarning, match=r'TS3.* listed.* 1503\.7\d, 1501\.'):
        (clip,) = clips_of(tmp_path, path, ground_truth='metric')
    # The same people up to the errors of the fit.
    near = {'rel': 1e-4 if form == 'mat' else 2e-3}
    assert clip.focal[0].tolist() == pytest.approx(OTHER[0], **near)
    assert clip.center[0].tolist() == pytest.approx(OTHER[1], **near)
    assert (pixels_of(clip, clip.y) - clip.x).norm(dim=0).median() < 1


def test_keypoints_are_compared_with_the_joints(tmp_path):
    pixels, *_ = scene('TS1', 40)
    path = tmp_path / 'TS1' / 'annot_data.mat'
    path.parent.mkdir()
    annot_data(path, 'TS1', 40, annot2=pixels[:, None] + [0, 30])
    reason = r'all keypoints are shifted.*, 30\.0\) px.*subject TS1'
    with pytest.warns(UserWarning, match=reason):
        clips_of(tmp_path / 'a', path)
    arms = [0, 1, 5, 6, 7, 2, 3, 4, *range(8, 17)]
    annot_data(path, 'TS1', 40, annot2=pixels[:, None, arms])
    reason = 'LElbow is at RElbow.*RWrist is at LWrist.*subject TS1'
    with pytest.warns(UserWarning, match=reason):
        clips_of(tmp_path / 'b', path)
    other = scene('TS1', 40)[0][:, ::-1]
    annot_data(path, 'TS1', 40, annot2=other[:, None])
    reason = r'pixels from its keypoints; .*HeadTop is at'
    with pytest.raises(ValueError, match=reason):
        clips_of(tmp_path / 'c', path)


def test_knees_of_universal_poses_of_ts6_may_differ(tmp_path):
    """As in its second release."""
    _, metric, universal, valid = scene('TS6', 40)
    universal[:, [9, 10, 12, 13]] += [300, 0, 0]
    path = tmp_path / 'TS6' / 'annot_data.mat'
    path.parent.mkdir()
    annot_data(path, 'TS6', 40, univ_annot3=universal[:, None])
    assert len(clips_of(tmp_path, path)) == 1


@pytest.mark.parametrize(
    'change, reason',
    [
        (lambda y: y - y[:, 14:15], 'pelvis is not in front'),
        (lambda y: y[:, ::-1], 'pixels from its keypoints|times its size'),
        (lambda y: y[:1].repeat(len(y), 0), 'points in one'),
    ],
)
def test_archives_that_are_not_as_of_pstmo(tmp_path, change, reason):
    data = pstmo_train({'S1 Seq1': 12}, [0, 4])
    views = data['S1 Seq1'][0]
    views['4']['data_3d'] = change(views['4']['data_3d'])
    if 'points in one' in reason:
        views['4']['data_2d'][:] = views['4']['data_2d'][:1]
    path = tmp_path / 'data_train_3dhp.npz'
    path.write_bytes(npz(data))
    with pytest.raises(ValueError, match=rf'S1 Seq1 4 in .*({reason})'):
        clips_of(tmp_path, path, 'train')


def test_damaged_raw_leaves_nothing_processed(tmp_path):
    raw = tmp_path / 'raw'
    write_mat(raw, {'S1 Seq1': 12, 'S1 Seq2': 12}, ())
    path = raw / 'mpi_inf_3dhp' / 'S1' / 'Seq2' / 'annot.mat'
    path.write_bytes(annot('S1 Seq2', 12)[:-3000] + bytes(3000))
    with pytest.raises((ValueError, RuntimeError), match='annot.mat'):
        clips_of(tmp_path, raw, 'train')
    assert not list(tmp_path.rglob('*.clips'))
    path = tmp_path / 'data_test_3dhp.npz'
    path.write_bytes(npz(pstmo_test([1]))[:-100])
    with pytest.raises(ValueError, match='data_test_3dhp.npz'):
        clips_of(tmp_path, path)
