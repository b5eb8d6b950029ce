import pickle

import h5py
import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from tests.keypoints.keypoint_files import POINTS, SNAKE, check_people, read

ORDER = np.random.default_rng(1).permutation(17)


def deeplabcut(people, frames=range(8)):
    """The points of people ``{name: number}``, as DeepLabCut writes them."""
    cells = [(n, p, j) for n, p in people.items() for j in ORDER]
    each = ('x', 'y', 'likelihood')
    rows = [
        ['scorer'] + ['DLC_resnet50'] * 3 * len(cells),
        ['individuals'] + [n for n, _, _ in cells for _ in each],
        ['bodyparts'] + [SNAKE[j] for _, _, j in cells for _ in each],
        ['coords', *each * len(cells)],
    ]
    if len(people) == 1:
        del rows[1]
    for t, frame in enumerate(frames):
        values = [
            repr(v) for _, p, j in cells for v in POINTS[t, p, j].tolist()
        ]
        rows.append([f'{frame}', *values])
    return ('\n'.join(','.join(row) for row in rows) + '\n').encode()


def test_one_person(tmp_path):
    keypoints = read(tmp_path, deeplabcut({'only': 0}))
    assert (keypoints.source, keypoints.layout) == ('deeplabcut', 'coco17')
    check_people(keypoints, POINTS[:, :1])


def test_individuals(tmp_path):
    keypoints = read(tmp_path, deeplabcut({'ann': 0, 'bob': 1}))
    assert [track.name for track in keypoints.tracks] == ['ann', 'bob']
    check_people(keypoints, POINTS)


def test_names_of_images(tmp_path):
    names = [f'labeled-data/walk/img{3 * t:04d}.png' for t in range(8)]
    keypoints = read(tmp_path, deeplabcut({'only': 0}, names))
    check_people(keypoints, POINTS[:, :1], 3 * np.arange(8))


def test_missing_header(tmp_path):
    content = deeplabcut({'only': 0}).replace(b'bodyparts', b'bodypart', 1)
    with pytest.raises(ValueError, match=r"file'"):
        read(tmp_path, content)


def test_a_spreadsheet_with_decimal_commas(tmp_path):
    text = deeplabcut({'ann': 0, 'bob': 1}).decode()
    text = text.replace(',', ';').replace('.', ',')
    check_people(read(tmp_path, text.encode()), POINTS)


def test_other_tables(tmp_path):
    text = deeplabcut({'only': 0})
    for old, new, error in (
        (b'likelihood', b'z', 'it has 3D positions'),
        (b',x,', b',length,', 'lengths of bones.*without _skeleton'),
    ):
        with pytest.raises(ValueError, match=error):
            read(tmp_path, text.replace(old, new))


def columns(people):
    return [
        ('DLC', name, SNAKE[j], coord)
        for name in people
        for j in ORDER
        for coord in ('x', 'y', 'likelihood')
    ]


def values():
    return POINTS[:, :, ORDER].reshape(8, -1)


def fixed(path, index):
    """As pandas writes the format ``fixed``, by PyTables."""
    with h5py.File(path, 'w') as file:
        group = file.create_group('df_with_missing')
        group['block0_values'] = values()
        levels = {
            'axis0': list(zip(*columns(['ann', 'bob']), strict=True)),
            'block0_items': list(zip(*columns(['ann', 'bob']), strict=True)),
            'axis1': index,
        }
        for axis, parts in levels.items():
            if len(parts) == 1:
                group[axis] = parts[0]
                continue
            for number, part in enumerate(parts):
                level, codes = np.unique(part, return_inverse=True)
                group[f'{axis}_level{number}'] = level.astype('S')
                group[f'{axis}_label{number}'] = codes.astype('i1')


def table(path):
    """As pandas writes the format ``table``."""
    rows = np.empty(8, [('index', 'i8'), ('values_block_0', 'f8', (102,))])
    rows['index'], rows['values_block_0'] = 5 * np.arange(8), values()
    with h5py.File(path, 'w') as file:
        file['tracks/table'] = rows
        file['tracks/_i_table/index/sorted'] = np.zeros((0, 131072))
        names = pickle.dumps(columns(['ann', 'bob']), 0)
        file['tracks/table'].attrs['values_block_0_kind'] = np.bytes_(names)


def test_fixed_hdf5(tmp_path):
    fixed(tmp_path / 'a.h5', [3 * np.arange(8)])
    k = read_keypoints(tmp_path / 'a.h5')
    assert (k.source, k.layout) == ('deeplabcut', 'coco17')
    assert [track.name for track in k.tracks] == ['ann', 'bob']
    check_people(k, POINTS, 3 * np.arange(8))


def test_labelled_frames_in_hdf5(tmp_path):
    names = [f'img{2 * t:03d}.png' for t in range(8)]
    fixed(tmp_path / 'a.h5', [['labeled-data'] * 8, ['walk'] * 8, names])
    check_people(read_keypoints(tmp_path / 'a.h5'), POINTS, 2 * np.arange(8))


def test_table_in_hdf5(tmp_path):
    table(tmp_path / 'a.h5')
    k = read_keypoints(tmp_path / 'a.h5')
    check_people(k, POINTS, 5 * np.arange(8))


def test_no_code_of_an_attribute_is_run(tmp_path):
    table(tmp_path / 'a.h5')
    bad = np.bytes_(b'cos\nsystem\n(Vtouch /tmp/run\ntR.')
    with h5py.File(tmp_path / 'a.h5', 'a') as file:
        file['tracks/table'].attrs['values_block_0_kind'] = bad
    with pytest.raises(ValueError, match='Refused the pickle.*system'):
        read_keypoints(tmp_path / 'a.h5')


def test_damaged_axes(tmp_path):
    fixed(tmp_path / 'a.h5', [np.arange(8)])
    with h5py.File(tmp_path / 'a.h5', 'a') as file:
        file['df_with_missing/block0_items_label2'][0] = 90
    with pytest.raises(ValueError, match=r"a\.h5'.*table is damaged"):
        read_keypoints(tmp_path / 'a.h5')


def test_several_tables(tmp_path):
    fixed(tmp_path / 'a.h5', [np.arange(8)])
    with h5py.File(tmp_path / 'a.h5', 'a') as file:
        file['other/block0_values'] = np.zeros((3, 4))
    with pytest.raises(ValueError, match='expected one table'):
        read_keypoints(tmp_path / 'a.h5')


def test_plain_columns_in_hdf5(tmp_path):
    names = [f'{n}_{c}' for n in SNAKE for c in ('x', 'y', 'score')]
    with h5py.File(tmp_path / 'a.h5', 'w') as file:
        file['poses/axis1'] = 4 * np.arange(8)
        file['poses/block0_items'] = np.array(names, 'S')
        file['poses/block0_values'] = POINTS[:, 0].reshape(8, -1)
    with pytest.warns(UserWarning, match="numbered by column 'index'"):
        k = read_keypoints(tmp_path / 'a.h5')
    check_people(k, POINTS[:, :1], 4 * np.arange(8))
