import tracemalloc

import numpy as np
import pytest

from pyg_hcsf.keypoints import read_keypoints
from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import CAMEL, COCO, SNAKE, check_people

POINTS = formats.some_people(frames=8)  # [T, P, N, 3]
ALL = [(t, p) for t in range(8) for p in range(2)]
ORDER = np.random.default_rng(1).permutation(17)
MEDIAPIPE = formats.some_people(33, people=1)


def read(tmp_path, text, *args, **options):
    path = tmp_path / 'file.csv'
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_keypoints(path, *args, **options)


def wide(
    names,
    frame='frame',
    person='track_id',
    order=None,
    end='{},{},{}',
    points=POINTS,
):
    """``names`` are the three columns of each joint."""
    order = range(17) if order is None else order
    header = ','.join(names[j] for j in order)
    rows = [f'{frame},{person},{header}']
    for t, p in ALL:
        cells = ','.join(end.format(*points[t, p, j].tolist()) for j in order)
        rows.append(f'{t},{p + 1},{cells}')
    return '\n'.join(rows) + '\n'


def columns(names, x='_x', y='_y', score='_score'):
    return [f'{n}{x},{n}{y},{n}{score}' for n in names]


WIDE = {
    **{
        f'score {word}': wide(columns(SNAKE, score=f'_{word}'))
        for word in ('prob', 'conf', 'confidence', 'likelihood', 'visibility')
        + ('c', 'p', 's', 'v', 'Score', 'probability')
    },
    'names in any order': wide(columns(SNAKE), order=ORDER),
    'camel case': wide(columns(CAMEL, '.x', '.y', '.score'), order=ORDER),
    'no separator': wide(columns(CAMEL, 'X', 'Y', 'Conf')),
    'layout names': wide(columns(COCO, ' X', ' Y', ' Conf'), order=ORDER),
    'upper case': wide(columns([n.upper() for n in SNAKE]), order=ORDER),
    'joined': wide(columns([n.replace('_', '') for n in SNAKE]), order=ORDER),
    'side last': wide(
        columns([
            '_'.join(n.split('_')[::-1]) for n in SNAKE
        ]),
        order=ORDER,
    ),
    'name last': wide([f'x_{n},y_{n},score_{n}' for n in SNAKE], order=ORDER),
    'sleap': wide(columns(SNAKE, '.x', '.y', '.score'), 'frame_idx', 'track'),
    'numbers': wide([f'x{j},y{j},c{j}' for j in range(17)]),
    'numbers from 1': wide([f'x_{j},y_{j},v_{j}' for j in range(1, 18)]),
    'numbers as text': wide(
        [f'x{j},y{j},c{j}' for j in range(17)],
        order=sorted(range(17), key=str),
    ),
    'semicolons': wide(columns(SNAKE)).replace(',', ';'),
    'semicolons and commas': wide(columns(SNAKE)).replace(',', ';')
    .replace('.', ','),
    'tabs': wide(columns(SNAKE)).replace(',', '\t'),
    'byte-order mark': b'\xef\xbb\xbf' + wide(columns(SNAKE)).encode(),
    'utf-16': wide(columns(SNAKE)).encode('utf-16'),
    'carriage returns': wide(columns(SNAKE)).replace('\n', '\r\n'),
    'third dimension': wide(
        [f'{n}_x,{n}_y,{n}_z,{n}_score' for n in SNAKE],
        end='{0},{1},-0.3,{2}',
    ),
}  # fmt: skip


@pytest.mark.parametrize('name', WIDE)
def test_wide(tmp_path, name):
    k = read(tmp_path, WIDE[name], 'coco17' if 'numbers' in name else None)
    assert (k.source, k.layout) == ('csv', 'coco17')
    assert [t.name for t in k.tracks] == ['1', '2']
    check_people(k, POINTS)


def long(joint, names, score='score', person=True):
    rows = [f'frame,{"id," * person}{joint},x,y,{score}']
    for t, p in ALL:
        for j in ORDER:
            cells = ','.join(map(repr, POINTS[t, p, j].tolist()))
            rows.append(f'{t},{f"{p}," * person}{names[j]},{cells}')
    return '\n'.join(rows) + '\n'


@pytest.mark.parametrize('score', ['confidence', 'prob', 'visibility'])
@pytest.mark.parametrize(
    'joint, names',
    [
        ('keypoint', range(17)),
        ('landmark', SNAKE),
        ('bodypart', CAMEL),
        ('joint_id', [str(j) for j in range(17)]),
    ],
)
def test_long(tmp_path, joint, names, score):
    named = not str(names[0]).isdigit()
    k = read(tmp_path, long(joint, names, score), None if named else 'coco17')
    assert k.layout == 'coco17'
    check_people(k, POINTS)


def test_joints_from_one(tmp_path):
    text = long('joint', range(1, 18))
    with pytest.warns(UserWarning, match='joints 1 to 17 are read as 0 to 16'):
        check_people(read(tmp_path, text, 'coco17'), POINTS)


def test_a_digit_that_is_none(tmp_path):
    text = 'frame,joint,x,y\n0,0,1,2\n0,\u00b2,1,2\n'
    with pytest.raises(ValueError, match=r"file.csv'.*2 joints"):
        read(tmp_path, text)


@pytest.mark.parametrize('named', [True, False])
def test_landmarks_of_mediapipe(tmp_path, named):
    size = np.array([1280.0, 720.0])
    header = ','.join(
        f'L{j}_x,L{j}_y,L{j}_z,L{j}_visibility' if named
        else f'x{j + 1},y{j + 1},z{j + 1},v{j + 1}'
        for j in range(33)
    )  # fmt: skip
    rows = [f'frame,{header}']
    for t, (person,) in enumerate(MEDIAPIPE):
        cells = [[*(p[:2] / size), -0.5, p[2]] for p in person]
        rows.append(
            f'{t + 1},' + ','.join(map(repr, map(float, sum(cells, []))))
        )
    text = '\n'.join(rows)
    k = read(tmp_path, text, image_size=size)
    assert k.layout == 'mediapipe33'
    check_people(k, MEDIAPIPE, np.arange(1, 7))
    with pytest.raises(ValueError, match="pass 'image_size'"):
        read(tmp_path, text)


def test_normalised_coordinates(tmp_path):
    text = wide(columns(SNAKE), points=POINTS / [1000, 1000, 1])
    with pytest.warns(UserWarning, match='multiplied by 1000 and 1000'):
        check_people(read(tmp_path, text, image_size=(1000, 1000)), POINTS)
    with pytest.raises(ValueError, match="are fractions.*'image_size'"):
        read(tmp_path, text)


def test_unknown_columns_are_named(tmp_path):
    text = wide([*columns(SNAKE)[:-1], columns(SNAKE)[-1] + ',gait'])
    text = '\n'.join(
        line + (',5' if n else '') for n, line in enumerate(text.splitlines())
    )
    with pytest.warns(UserWarning, match="columns are not read: 'gait'"):
        check_people(read(tmp_path, text + '\n'), POINTS)


def test_joints_that_no_layout_has(tmp_path):
    text = wide(columns([*SNAKE[:16], 'ball']))
    with pytest.warns(UserWarning) as caught:
        k = read(tmp_path, text)
    assert k.layout == 'coco17'
    assert any('lacks RAnkle' in str(w.message) for w in caught)
    assert any("joints are not read: 'ball'" in str(w.message) for w in caught)
    assert np.isnan(k.tracks[0].xy[:, 16]).all()


def test_without_frames(tmp_path):
    rows = [line.split(',', 2) for line in WIDE['sleap'].splitlines()]
    lines = [rows[0][2], *(row[2] for row in rows[1:] if row[1] == '1')]
    with pytest.warns(UserWarning, match='each line is taken as a frame'):
        check_people(read(tmp_path, '\n'.join(lines)), POINTS[:, :1])
    times = [f'{0.04 * t:.2f},{line}' for t, line in enumerate(lines[1:])]
    text = '\n'.join(['timestamp,' + lines[0], *times])
    with pytest.warns(UserWarning, match="time stamps, column 'timestamp'"):
        k = read(tmp_path, text)
    check_people(k, POINTS[:, :1])
    assert k.fps == 25


ROWS = [
    line.split(',', 2)[2]
    for line in WIDE['names in any order'].splitlines()
    if line.split(',')[1] in ('track_id', '1')
]
GAP = np.array([0, 1, 2, 3, 4, 12, 13, 14])


@pytest.mark.parametrize(
    'name, stamp, rate',
    [
        ('time', lambda t: f'{t / 25:.3f}', 25),
        ('Timestamp (ms)', lambda t: f'{round(1e3 * t / 30)}', 30),
        ('time_us', lambda t: str(1_700_000_000_000_000 + 20_000 * t), 50),
        ('t', str, None),
    ],
)
def test_time_stamps_keep_gaps(tmp_path, name, stamp, rate):
    lines = [f'{stamp(t)},{r}' for t, r in zip(GAP, ROWS[1:], strict=True)]
    with pytest.warns(UserWarning, match='numbered by time stamps'):
        k = read(tmp_path, '\n'.join([f'{name},{ROWS[0]}', *lines]))
    check_people(k, POINTS[:, :1], GAP)
    assert k.fps == (None if rate is None else pytest.approx(rate, rel=2e-3))


@pytest.mark.parametrize(
    'name', ['Frame #', 'frame number', 'FRAMEID', 'img_id', 'F']
)
def test_names_of_frames(tmp_path, name):
    lines = [f'{t},{r}' for t, r in zip(GAP, ROWS[1:], strict=True)]
    k = read(tmp_path, '\n'.join([f'{name},{ROWS[0]}', *lines]))
    check_people(k, POINTS[:, :1], GAP)


@pytest.mark.parametrize('frame', ['-1', '1.5', '9' * 20, '1e300'])
def test_numbers_that_are_no_frames(tmp_path, frame):
    lines = ['0', *map(str, range(1, len(ROWS) - 2)), frame]
    lines = [f'{t},{r}' for t, r in zip(lines, ROWS[1:], strict=True)]
    with pytest.raises(ValueError, match=f'line {len(ROWS)}.*a frame number'):
        read(tmp_path, '\n'.join([f'frame,{ROWS[0]}', *lines]))


@pytest.mark.parametrize('name', ['', 'Unnamed: 0', 'index'])
def test_rows_of_pandas_are_frames(tmp_path, name):
    lines = [f'{t},{r}' for t, r in zip(GAP, ROWS[1:], strict=True)]
    with pytest.warns(UserWarning, match='frames are numbered by column'):
        k = read(tmp_path, '\n'.join([f'{name},{ROWS[0]}', *lines]))
    check_people(k, POINTS[:, :1], GAP)


def test_excel_and_long_names_of_axes(tmp_path):
    text = 'sep=;\n' + WIDE['camel case'].replace(',', ';')
    check_people(read(tmp_path, text), POINTS)
    rows = [
        f'{t},{p},{j},' + ','.join(map(str, POINTS[t, p, i].tolist()))
        for t, p in ALL
        for i, j in enumerate(SNAKE)
    ]
    text = '\n'.join(['frame,person,joint,x_px,y_px,score', *rows])
    check_people(read(tmp_path, text), POINTS)


def test_a_cut_table(tmp_path):
    text = WIDE['sleap'].rstrip()[:-300]
    with pytest.warns(UserWarning, match='line 17 is incomplete'):
        k = read(tmp_path, text)
    assert [len(t.frames) for t in k.tracks] == [8, 7]
    with pytest.raises(ValueError, match='line 17: expected'):
        read(tmp_path, text + '\n')


def test_no_headers(tmp_path):
    with pytest.raises(ValueError, match='numbers for each of 16.*name the'):
        read(tmp_path, '1.5,2,0\n2,3e-2,0\n')


def test_hdf5(tmp_path):
    with pytest.raises(ValueError, match='HDF5 is not read.*get it again'):
        read(tmp_path, b'\x89HDF\r\n\x1a\n')


@pytest.mark.parametrize(
    ('text', 'error'),
    [
        ('a' + ',a' * 5000 + '\n1' + ',1' * 5000 + '\n', 'line 1.*5,?001'),
        ('frame,x0,y0\n' + '1,,\n' * 250_001, '250,002 lines'),
    ],
)
def test_empty_fields_by_the_million(tmp_path, text, error):
    path = tmp_path / 'a.csv'
    path.write_text(text)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=rf'a\.csv.*{error}'):
            read_keypoints(path)
        assert tracemalloc.get_traced_memory()[1] < 8 * len(text)
    finally:
        tracemalloc.stop()


def test_joints_from_one_with_gaps_are_numbered_from_zero(tmp_path):
    numbers = [n for n in range(1, 17) if n != 5]  # COCO without the nose
    lines = [
        f'{t},{n},{300 + n},{200 + 9 * n}' for t in (0, 1) for n in numbers
    ]
    k = read(tmp_path, '\n'.join(['frame,joint,x,y', *lines]), 'coco17')
    assert k.tracks[0].xy[0, 16].tolist() == [316, 344]
    assert (k.tracks[0].score[0] == 0).nonzero()[0].tolist() == [0, 5]
