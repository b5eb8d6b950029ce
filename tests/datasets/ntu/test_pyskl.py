import pickle
import pickletools

import numpy as np
import pytest

from pyg_hcsf.datasets.ntu.pyskl import read_pyskl, write_pyskl

NAMES = [
    'S001C001P001R001A001',
    'S001C002P003R001A050',
    'S002C003P003R002A060',
]


def joints(i, frames=4):
    shape = (frames, 1 + (i > 0), 25, 3)
    values = np.random.default_rng(i).normal(size=shape)
    return (values + (0, 0, 3)).astype(np.float32)


def item(i, **changes):
    """An annotation as pyskl's ntu_preproc.py makes it."""
    keypoint = joints(i).swapaxes(0, 1).astype(np.float16)
    content = {
        'keypoint': keypoint,
        'frame_dir': NAMES[i],
        'label': int(NAMES[i][-3:]) - 1,
        'total_frames': 4,
    }
    return content | changes


def write(path, content, protocol=4):
    path.write_bytes(pickle.dumps(content, protocol))
    return path


SPLITS = {'xsub_train': NAMES[:1], 'xsub_val': NAMES[1:]}


@pytest.mark.parametrize('protocol', [2, 3, 4])
@pytest.mark.parametrize('form', ['split', 'annos', 'bare'])
def test_read(tmp_path, form, protocol):
    items = [item(0), item(1), item(2)]
    content = {
        'split': {'split': SPLITS, 'annotations': items},
        'annos': {'annos': items},
        'bare': [
            {'filename': i.pop('frame_dir'), **i} for i in map(item, range(3))
        ],
    }[form]
    clips = read_pyskl(write(tmp_path / 'ntu.pkl', content, protocol))
    labels = [(clip.name, clip.label) for clip in clips]
    assert labels == list(zip(NAMES, (0, 49, 59), strict=True))
    for i, clip in enumerate(clips):
        assert clip.joints.dtype == np.float16
        np.testing.assert_array_equal(clip.joints, joints(i).astype('f2'))


def test_empty_annotations_are_skipped(tmp_path):
    content = {'split': SPLITS, 'annotations': [item(2), None, item(0)]}
    clips = read_pyskl(write(tmp_path / 'ntu.pkl', content))
    assert [clip.name for clip in clips] == [NAMES[2], NAMES[0]]


@pytest.mark.parametrize(
    'content, reason',
    [
        (3, "list of 'annotations'.*got int"),
        ([3], 'Annotation 0.*a dict .got int'),
        ([item(0, frame_dir=3)], "Annotation 0.*'frame_dir' .got 3"),
        ([item(0, frame_dir='v_1')], 'Annotation 0.*such as'),
        ([item(0), item(1, label=3)], 'Annotation 1.*class 49.*got 3'),
        ([item(0, keypoint=np.ones((1, 4, 17, 2)))], '2D.*hrnet'),
        ([item(0, keypoint=np.ones((1, 4, 20, 3)))], r'\[1, 4, 20, 3\]'),
        ([item(0, keypoint=np.ones((3, 4, 25, 3)))], r'\[3, 4, 25, 3\]'),
        ([item(0, keypoint=np.ones((1, 4, 25, 3), int))], 'floats'),
        ([item(0, keypoint=[1.0])], 'floats'),
        ([item(0, total_frames=5)], '5 frames'),
        ([item(0, keypoint=np.full((1, 4, 25, 3), np.nan))], 'not finite'),
        ([item(0), item(0)], 'repeat'),
        (print, "Refused the pickle.*'builtins.print'"),
    ],
)
def test_wrong_contents(tmp_path, content, reason):
    with pytest.raises(ValueError, match=reason) as e:
        read_pyskl(write(tmp_path / 'ntu.pkl', content))
    assert str(tmp_path / 'ntu.pkl') in str(e.value)


def test_round_trip(tmp_path):
    path = tmp_path / 'ntu60_3danno.pkl'
    write_pyskl(path, NAMES[::-1], lambda i: joints(2 - i), 'ntu60')
    clips = read_pyskl(path)
    assert [clip.name for clip in clips] == NAMES
    for i, clip in enumerate(clips):
        np.testing.assert_array_equal(clip.joints, joints(i).astype('f2'))
    assert pickle.loads(path.read_bytes())['split'] == {
        'xsub_train': NAMES[:1],
        'xsub_val': NAMES[1:],
        'xview_train': NAMES[1:],
        'xview_val': NAMES[:1],
    }
    again = tmp_path / 'again.pkl'
    write_pyskl(again, NAMES, lambda i: clips[i].joints, 'ntu60')
    assert again.read_bytes() == path.read_bytes()


def test_written_file_loads_in_any_numpy_version(tmp_path):
    path = tmp_path / 'ntu.pkl'
    write_pyskl(path, NAMES, joints, 'ntu60')
    names = {
        value
        for code, value, _ in pickletools.genops(path.read_bytes())
        if code.name == 'GLOBAL'
    }
    assert names == {
        'numpy.core.multiarray _reconstruct',
        'numpy ndarray',
        'numpy dtype',
        '_codecs encode',
    } - ({'_codecs encode'} - names)
    with path.open('rb') as file:
        content = pickle.load(file)
    assert list(content) == ['split', 'annotations']
    for i, found in enumerate(content['annotations']):
        want = item(i)
        np.testing.assert_array_equal(
            found.pop('keypoint'), want.pop('keypoint')
        )
        assert found == want


def test_empty_frames_and_bodies_are_kept(tmp_path):
    # As pyskl's script: between two tracks of one person nobody is there.
    x = joints(1)
    x[2] = x[:, 1] = 0
    path = tmp_path / 'ntu.pkl'
    write_pyskl(path, NAMES[1:2], lambda i: x, 'ntu60')
    (clip,) = read_pyskl(path)
    np.testing.assert_array_equal(clip.joints, x.astype('f2'))


def test_clips_of_other_classes_are_left_out(tmp_path):
    path = tmp_path / 'ntu.pkl'
    names = ['S018C001P045R001A061', *NAMES]
    write_pyskl(path, names, lambda i: joints(1), 'ntu60')
    assert [clip.name for clip in read_pyskl(path)] == NAMES
    write_pyskl(path, names, lambda i: joints(1), 'ntu120')
    splits = {'xsub_train', 'xsub_val', 'xset_train', 'xset_val'}
    assert set(pickle.loads(path.read_bytes())['split']) == splits


def test_nothing_is_written_of_wrong_clips(tmp_path):
    with pytest.raises(ValueError, match=f"'{NAMES[0]}' has no body"):
        write_pyskl(
            tmp_path / 'ntu.pkl', NAMES, lambda i: 0 * joints(i), 'ntu60'
        )
    with pytest.raises(ValueError, match="'data'.*'ntu25'"):
        write_pyskl(tmp_path / 'ntu.pkl', NAMES, joints, 'ntu25')
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('protocol', [2, 4])
def test_damaged_pyskl(fuzz, tmp_path, protocol):
    path = tmp_path / 'ntu.pkl'

    def read(content):
        path.write_bytes(content)
        return read_pyskl(path)

    def check(clips):
        for clip in clips:
            assert clip.joints.shape[2:] == (25, 3)
            assert np.isfinite(clip.joints).all()
            assert clip.name.endswith(f'A{clip.label + 1:03}')

    content = {'split': SPLITS, 'annotations': [item(0), item(1)]}
    fuzz(read, pickle.dumps(content, protocol), check, str(path))
