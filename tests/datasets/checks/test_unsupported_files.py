"""Files that people hold, and that no class reads."""

import json
import pickle
import re

import numpy as np
import pytest

from pyg_hcsf.datasets.checks.doctor import diagnose
from pyg_hcsf.datasets.checks.unsupported_files import KINDS, known_files
from tests.datasets.checks.small_files import (
    FORMATS,
    NAME,
    ZEROS,
    h5,
    h36m_3d,
    mat,
    npy,
    npz,
    obj,
    put,
)


def clip_2d(shape, protocol=4, **more):
    clip = {
        'frame_dir': NAME,
        'label': 0,
        'keypoint': np.zeros(shape, np.float16),
        'keypoint_score': np.ones(shape[:3], np.float16),
        'total_frames': shape[1],
        **more,
    }
    return pickle.dumps([clip], protocol)


def with_split(shape):
    names = [f'S001C001P001R001A{k:03}' for k in range(1, 100)]
    content = {
        'split': {'xsub_train': names, 'xsub_val': names},
        'annotations': pickle.loads(clip_2d(shape)),
    }
    return pickle.dumps(content)


def txt2npy():
    """As the loop of NTU RGB+D's own converter orders its dictionary."""
    body = {
        'file_name': NAME,
        'nbodys': [1] * 300,
        'njoints': 25,
        'skel_body0': np.zeros((300, 25, 3)),
        'rgb_body0': np.zeros((300, 25, 2)),
        'depth_body0': np.zeros((300, 25, 2)),
    }
    return npy(obj(body))


def kinetics():
    person = {'pose': [0.5] * 36, 'score': [0.9] * 18}
    frames = [{'frame_index': k, 'skeleton': [person]} for k in range(1, 9)]
    content = {'data': frames, 'label': 'zumba', 'label_index': 399}
    return json.dumps(content).encode()


BY_IMAGES = {
    'imgname': np.array(['a.jpg']),
    'center': np.zeros((1, 2)),
    'scale': np.ones(1),
    'part': ZEROS,
    'S': np.zeros((1, 17, 4)),
}


AMASS = {
    'trans': np.zeros((9, 3)),
    'gender': np.array('male'),
    'betas': np.zeros(16),
    'poses': np.zeros((9, 156)),
}


SEQ = {'S1_Seq1_0': {'Action': ZEROS}, 'TS1': {'Action': ZEROS}}


MSR = b'0.1 1.2 3.4 1.0\n' * 40


# Name, content, what is found.
UNREAD = [
    ('H36M-SH/train/00000000.pkl',
     pickle.dumps({'data_input': ZEROS, 'data_label': ZEROS}),
     'MotionBERT.*h36m_sh_conf_cam_source_final'),
    *(('ntu60_xsub_val.pkl', clip_2d((2, 9, 17, 2), protocol),
       '2D keypoints of mmaction2.*ntu60_3danno') for protocol in range(6)),
    ('k.pkl', clip_2d((1, 9, 17, 2), 5, frame_dir='v_Archery_g01'),
     '2D keypoints of mmaction2'),
    ('hrnet.pkl', with_split((2, 9, 17, 2)), '2D keypoints of mmaction2'),
    ('data_train_3dhp (1).npz', npz(data=obj({})), 'another name: call it'),
    (f'{NAME}.skeleton.npy', txt2npy(), r'txt2npy.*get the \.skeleton'),
    ('train_data.npy', npy(np.zeros((2, 3, 300, 18, 2), np.float32)),
     'Kinetics-Skeleton.*2D'),
    ('---QUuC4vJs.json', kinetics(), 'clip of Kinetics-Skeleton'),
    ('kinetics_train_label.json',
     b'{"--": {"has_skeleton": true, "label": "a", "label_index": 1}}',
     'labels of Kinetics'),
    ('a01_s01_e00_v01.json', json.dumps({
        'file_name': 'a01_s01_e00_v01',
        'skeletons': np.zeros((9, 20, 3)).tolist(), 'label': 1}).encode(),
     'NW-UCLA'),
    ('a01_s01_e01_skeleton.txt', MSR, 'MSRAction3D'),
    ('a01_s01_e01_skeleton3D.txt', MSR, 'MSRAction3D'),
    ('walk_poses.npz', npz(mocap_framerate=120.0, **AMASS), 'AMASS, as rot'),
    ('walk_stageii.npz', npz(mocap_frame_rate=120.0, **AMASS), 'AMASS, as r'),
    ('shape.npz', npz(gender=np.array('male'), betas=np.zeros(16)),
     'body shape.*AMASS'),
    ('h36m_train.npz', npz(**BY_IMAGES), 'Human3.6M by images.*D3_Positions'),
    ('mpi_inf_3dhp_train.npz', npz(**BY_IMAGES), '3DHP by images.*annot.mat'),
    ('coco.npz', npz(**BY_IMAGES), 'poses by images'),
    ('data_3d_3dhp.npz', npz(positions_3d=obj(SEQ)),
     '3DHP in the format'),
    ('x.npz', npz(positions_2d=obj(SEQ), metadata=obj({})),
     '3DHP in the format'),
    ('data_3d_humaneva15.npz', npz(positions_3d=obj({'Train/S1': SEQ})),
     'HumanEva'),
    ('data_3d.npz', h36m_3d('Directions 1', 'Walking'),
     'another name: call it data_3d_h36m'),
    ('own.npz', npz(joints=ZEROS, fps=25.0), "of one's own.*--data arrays"),
    ('own2.npz', npz(**{'a/joints': ZEROS, 'a/subject': np.array('1')}),
     "of one's own.*--data arrays"),
    ('test_3dhp.npz', npz(pose3d=ZEROS, pose2d=ZEROS[..., :2]), 'PoseAug'),
    ('Walking.h5', h5(**{'3D_positions': np.zeros((96, 5))}),
     r'baseline.*put it to S\*/MyPoses'),
    ('S1/StackedHourglass/Walking.54138969.h5', h5(poses=ZEROS),
     '2D detections.*sh_ft_h36m'),
    ('D3_Positions/Walking.cdf', b'\xcd\xf3\x00\x01\x00\x00\xff\xff' * 9,
     'no folder of a subject'),
    ('Walking.cdf.mat', mat(data=ZEROS[0]), 'no folder of a subject'),
    ('S1/D3_Positions_mono/Walking.cdf.mat', mat(data=ZEROS[0]),
     'coordinates of each camera'),
    ('x/annot.mat', mat(annot3=ZEROS[0]), r'read from S\*/Seq'),
    ('x/annot_data.mat', h5(annot2=ZEROS), r'read from TS\*'),
    ('._walk_poses.npz', b'\0\5\x16\7', 'macOS or Windows'),
    ('.DS_Store', b'\0\0\0\1Bud1', 'macOS or Windows'),
    ('Thumbs.db', b'', 'macOS or Windows'),
]  # fmt: skip


# What looks like them, and is not.
OTHERS = [
    ('00000000.pkl', pickle.dumps({'data_input': ZEROS})),
    ('b.pkl', pickle.dumps([{'keypoint': 'text', 'frame_dir': NAME}])),
    (f'{NAME}.skeleton.npy', npy(np.zeros((3, 25, 3)))),
    ('train_data.npy', npy(np.zeros((2, 3, 300, 17, 2), np.float32))),
    ('video.json', b'{"data": [{"frame_index": 1, "people": []}]}'),
    ('a01_s01_e00_v01.json', b'{"skeletons": "none"}'),
    ('walk.json', b'{"skeletons": [[[0, 0, 0]]]}'),
    ('a01_s01_e01_skeleton3D.txt', b'see readme\n'),
    ('notes.txt', MSR),
    ('poses.npz', npz(poses=ZEROS, trans=ZEROS)),
    ('frames.npz', npz(imgname=np.array(['a']), center=ZEROS)),
    ('positions.npz', npz(positions_3d=ZEROS)),
    ('poses.h5', h5(poses=ZEROS)),
    ('mat.mat', mat(data=ZEROS[0])),
]


@pytest.mark.parametrize('name, content, text', UNREAD)
def test_description_and_advice(tmp_path, name, content, text):
    path = put(tmp_path / 'x', name, content)
    for given in (path, tmp_path):
        result = diagnose(given, FORMATS)
        assert result.found == [] and result.broken == []
        (found,) = result.others
        assert re.search(text, found)


@pytest.mark.parametrize('name, content', OTHERS)
def test_similar_files_are_not_described(tmp_path, name, content):
    put(tmp_path, name, content)
    (found,) = diagnose(tmp_path, FORMATS).others
    assert re.match(
        'an? (Python pickle|NumPy array|MATLAB 5 file|HDF5 file)|NumPy arrays'
        '|text$',
        found,
    )


def test_3d_pickles_are_found_among_2d_ones(tmp_path):
    put(tmp_path, 'a.pkl', clip_2d((2, 9, 25, 3)))
    put(tmp_path, 'b.pkl', clip_2d((2, 9, 17, 2)))
    put(tmp_path, 'c.pkl', with_split((1, 9, 25, 3)))
    put(tmp_path, 'd.pkl', with_split((1, 9, 17, 2)))
    (item,) = diagnose(tmp_path, FORMATS).found
    assert [file.name for file in item.files] == ['a.pkl', 'c.pkl']


def test_files_of_one_kind_are_counted(tmp_path):
    content = pickle.dumps({'data_input': ZEROS, 'data_label': ZEROS})
    for number in range(30):
        put(tmp_path, f'{number:08}.pkl', content)
    result = diagnose(tmp_path, FORMATS)
    assert list(result.others.values()) == [30] and result.advice == []


def test_truncated_skeleton_file(tmp_path):
    put(tmp_path, f'{NAME}.skeleton', b'3\n1\n72057594037944738 0 1 1 1')
    result = diagnose(tmp_path, FORMATS)
    ((path, kind),) = result.broken
    assert path.name == f'{NAME}.skeleton'
    assert 'download it again' in kind.remedy
    assert 'Line 3 of' in kind.text and 'cut off here' in kind.text
    put(tmp_path, f'{NAME}.skeleton', b'2\n0\n0\n')
    assert diagnose(tmp_path, FORMATS).broken == []


@pytest.mark.parametrize('name', ['DATA_3D_H36M.NPZ', 'data_3d_h36m (1).npz'])
def test_other_spellings(tmp_path, name):
    put(tmp_path, name, h36m_3d('Directions 1'))
    (item,) = diagnose(tmp_path, FORMATS).found
    assert (item.name, item.format.name) == ('human36m', 'vp3d')


@pytest.mark.parametrize(
    'name',
    [
        'data_train_3dhp.npz',
        'S1/Seq1/annot.mat',
        'S1/MyPoses/3D_positions/Walking.h5',
        'S1/MyPoseFeatures/D3_Positions/Walking.cdf',
    ],
)
def test_found_by_name_only(tmp_path, name):
    path = put(tmp_path, name, b'notes')
    result = diagnose(tmp_path, FORMATS)
    assert [(file, kind.kind) for file, kind in result.broken] == [
        (path, 'text')
    ]
    kind = result.broken[0][1]
    assert kind.text == 'text, in contradiction to the name of the file'


def test_table_of_known_files():
    unsupported, parts = known_files()
    assert len(unsupported) > 20 and len(parts) > 10
    for entry in unsupported:
        assert '{' not in entry.text  # each remedy is filled in
        assert re.compile(entry.path) and re.compile(entry.head.encode())
        assert entry.kind in ('', *KINDS)
        assert any(entry[1:]), entry.text  # not a description of all files
