import numpy as np
import pandas as pd
import pytest

from pyg_hcsf.keypoints import read_keypoints
from pyg_hcsf.skeleton import get_skeleton
from tests.keypoints import keypoint_files as formats
from tests.keypoints.keypoint_files import POINTS, SIZE, SNAKE, check_people

ORDER = np.random.default_rng(1).permutation(17)
PASCAL = [''.join(w.title() for w in name.split('_')) for name in SNAKE]
#: As the documentation of OpenPose calls joints.
SHORT = ('Eye', 'Ear', 'Sho', 'Elb', 'Wri', 'Hip', 'Kne', 'Ank')
OPENPOSE = ['Nose'] + [side + name for name in SHORT for side in 'LR']
LANDMARKS = formats.some_people(33, people=1)[:, 0]
MEDIAPIPE = get_skeleton('mediapipe33').joints


def read(tmp_path, content, *args, **options):
    path = tmp_path / 'file.csv'
    if isinstance(content, pd.DataFrame):
        content = content.to_csv(index=False)
    path.write_bytes(content.encode())
    return read_keypoints(path, *args, **options)


def wide(name, order=ORDER, head=None, points=POINTS):
    """A line for each person; ``name`` makes that of a column."""
    head = head or (lambda t, p: {'frame': t, 'person': p + 1})
    rows = []
    for t, p in np.ndindex(points.shape[:2]):
        row = head(t, p)
        for j in order:
            for c, part in enumerate(('x', 'y', 'score')):
                row[name(j, part)] = points[t, p, j, c]
        rows.append(row)
    return pd.DataFrame(rows)


NAMED = {
    'unit': lambda j, c: f'{SNAKE[j]}_{c}' + '_px' * (c != 'score'),
    'unit in brackets': lambda j, c: f'{PASCAL[j]} ({c})',
    'position': lambda j, c: (
        f'{SNAKE[j]}_score' if c == 'score' else f'{SNAKE[j]}_pos_{c}'
    ),
    'numbers of parts': lambda j, c: (
        f'{SNAKE[j]}_{("x", "y", "score").index(c)}'
    ),
    'prefix': lambda j, c: f'pose_{SNAKE[j]}_{c}',
    'image': lambda j, c: f'{SNAKE[j]}{"_image" * (c != "score")}_{c}',
    'short': lambda j, c: f'{OPENPOSE[j]}_{c}',
    'class': lambda j, c: f'PoseLandmark.{SNAKE[j].upper()}_{c}',
}
NUMBERED = {
    'after the part': lambda j, c: f'kpt_{c}_{j}',
    'no separator': lambda j, c: f'joint{j}{c[0] if c != "score" else "c"}',
    'brackets': lambda j, c: f'keypoints[{j}].{c}',
    'flat': lambda j, c: f'kp_{3 * j + ("x", "y", "score").index(c)}',
}


@pytest.mark.parametrize('name', NAMED)
def test_names(tmp_path, name):
    k = read(tmp_path, wide(NAMED[name]))
    assert (k.layout, k.tracks[1].name) == ('coco17', '2')
    check_people(k, POINTS)


@pytest.mark.parametrize('name', NUMBERED)
def test_numbers(tmp_path, name):
    check_people(read(tmp_path, wide(NUMBERED[name]), 'coco17'), POINTS)


def test_unknown_names(tmp_path):
    table = wide(lambda j, c: f'marker{chr(97 + j)}_{c}', range(17))
    with pytest.warns(UserWarning, match='names of its joints are of no lay'):
        check_people(read(tmp_path, table, 'coco17'), POINTS)


def test_people_in_columns(tmp_path):
    rows = [
        {
            f'{slot}_{SNAKE[j]}_{c}': POINTS[t, p, j, i]
            for p, slot in enumerate(('p0', 'p1'))
            for j in ORDER[:: 1 - 2 * p]
            for i, c in enumerate(('x', 'y', 'score'))
        }
        | {'frame': t}
        for t in range(8)
    ]
    k = read(tmp_path, pd.DataFrame(rows))
    assert [track.name for track in k.tracks] == ['p0', 'p1']
    check_people(k, POINTS)


@pytest.mark.parametrize('name', ['image_path', 'Frame#', 'fnum'])
def test_columns_of_frames(tmp_path, name):
    frame = {'image_path': lambda t: f'v_2/img_{3 * t:04d}.png'}.get(
        name, lambda t: 3 * t
    )
    table = wide(NAMED['unit'], head=lambda t, p: {name: frame(t), 'id': p})
    check_people(read(tmp_path, table), POINTS, 3 * np.arange(8))


@pytest.mark.parametrize(
    'stamp',
    [
        lambda t: f'00:00:{t * 0.04:06.3f}',
        lambda t: f'2024-05-01 23:59:{59.9 + t * 0.04 - 0.3:06.3f}',
    ],
    ids=['duration', 'date'],
)
def test_times_as_text(tmp_path, stamp):
    table = wide(
        NAMED['unit'],
        head=lambda t, p: {'time': stamp(t)},
        points=POINTS[:, :1],
    )
    with pytest.warns(UserWarning, match='numbered by time stamps'):
        k = read(tmp_path, table)
    assert k.fps == 25
    check_people(k, POINTS[:, :1])


def test_frame_rate_of_frames_with_times(tmp_path):
    table = wide(
        NAMED['unit'], head=lambda t, p: {'frame': 2 * t, 'time_ms': 80 * t}
    )
    k = read(tmp_path, table.iloc[::2])
    assert k.fps == 25
    check_people(k, POINTS[:, :1], 2 * np.arange(8))


@pytest.mark.parametrize(
    'names', [('image_width', 'image_height'), ('width', 'height')]
)
def test_size_in_columns(tmp_path, names):
    table = wide(lambda j, c: f'{SNAKE[j]}_{c}', points=POINTS / [*SIZE, 1])
    table[list(names)] = SIZE
    with pytest.warns(UserWarning, match='multiplied by 1280 and 720'):
        k = read(tmp_path, table)
    assert k.image_size == SIZE
    check_people(k, POINTS)


@pytest.mark.parametrize('sep', [' ', '|', '\t'])
def test_separators(tmp_path, sep):
    text = wide(NAMED['unit']).to_csv(index=False, sep=sep)
    if sep == '\t':
        text = text.replace('.', ',')
    check_people(read(tmp_path, text), POINTS)


@pytest.mark.parametrize(
    'above', ['# by me\n# fps: 25\n', '% by me\n', '// by me, today\n', '# ']
)
def test_comments(tmp_path, above):
    text = above + wide(NAMED['unit']).to_csv(index=False)
    check_people(read(tmp_path, text), POINTS)


def test_title(tmp_path):
    text = 'Take 3, of Anna\n\n' + wide(NAMED['unit']).to_csv(index=False)
    with pytest.warns(UserWarning, match='above its headers.*Take 3'):
        check_people(read(tmp_path, text), POINTS)


def test_lines_of_errors_count_lines_above(tmp_path):
    text = '# by me\n' + wide(NAMED['unit']).to_csv(index=False)
    with pytest.raises(ValueError, match="line 3: expected a number.*'12x'"):
        read(tmp_path, text.replace(str(POINTS[0, 0, 3, 0]), '12x', 1))


@pytest.mark.parametrize('text', ['None', 'NA', 'null', '-', '#N/A'])
def test_missing(tmp_path, text):
    table = wide(NAMED['unit'])
    parts = [f'nose_{c}' for c in ('x_px', 'y_px', 'score')]
    table.loc[table['frame'] == 3, parts] = np.nan
    points = POINTS.copy()
    points[3, :, 0] = np.nan, np.nan, 0
    content = table.to_csv(index=False, na_rep=text)
    check_people(read(tmp_path, content), points)


CELLS = {
    'Ultralytics': lambda person: {
        'keypoints': str(dict(zip('xyv', person.T.tolist(), strict=True)))
        .replace("'v'", "'visible'")
    },
    'flattened': lambda person: {
        f'keypoints.{part}': str(column.tolist())
        for part, column in zip(('x', 'y', 'visible'), person.T, strict=True)
    },
    'rows': lambda person: {'keypoints': str(person.tolist())},
    'flat': lambda person: {'keypoints': str(person.ravel().tolist())},
    'NumPy': lambda person: {'keypoints': str(person)},
    'confidences': lambda person: {
        'keypoints': str(person[:, :2].tolist()),
        'scores': str(person[:, 2].tolist()),
    },
}  # fmt: skip


@pytest.mark.parametrize('kind', CELLS)
def test_joints_in_a_cell(tmp_path, kind):
    rows = [
        {'name': 'person', 'class': 0, 'confidence': 0.9, 'frame': 2 * t}
        | {'box': "{'x1': 0, 'y1': 0}", 'track_id': p + 5}
        | CELLS[kind](POINTS[t, p])
        for t, p in np.ndindex(8, 2)
    ]
    k = read(tmp_path, pd.DataFrame(rows), 'coco17')
    assert [track.name for track in k.tracks] == ['5', '6']
    points = POINTS.round(8) if kind == 'NumPy' else POINTS
    check_people(k, points, 2 * np.arange(8))


@pytest.mark.parametrize('z', [0.0, 1.0])
def test_landmarks_of_mediapipe(tmp_path, z):
    depth = z * np.random.default_rng(0).normal(size=(6, 33))
    table = {'timestamp': 40 * np.arange(6)}
    for j in np.random.default_rng(2).permutation(33):
        x, y, v = (LANDMARKS[:, j] / [*SIZE, 1]).T
        for part, value in zip(
            ('x', 'y', 'z', 'visibility'), (x, y, depth[:, j], v), strict=True
        ):
            table[f'{MEDIAPIPE[j]}_{part}'] = value
    with pytest.warns(UserWarning, match='numbered by time stamps'):
        k = read(tmp_path, pd.DataFrame(table), image_size=SIZE)
    assert (k.layout, k.fps) == ('mediapipe33', 25)
    check_people(k, LANDMARKS[:, None])


@pytest.mark.parametrize('joints', [17, 33])
def test_3d(tmp_path, joints):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(9, 3 * joints)) * (1 if joints == 33 else 400)
    if joints == 17:
        values += 5000
    names = [f'k{j}_{c}' for j in range(joints) for c in 'xyz']
    with (
        pytest.warns(UserWarning, match='each line is taken as a frame'),
        pytest.raises(ValueError, match='it has 3D positions'),
    ):
        read(tmp_path, pd.DataFrame(values, columns=names))


def test_several_videos(tmp_path):
    table = wide(NAMED['unit'])
    table['video'] = ['a.mp4', 'b.mp4'] * 8
    with pytest.raises(ValueError, match="one video .*'a.mp4', 'b.mp4'"):
        read(tmp_path, table)
    table['video'] = 'a.mp4'
    check_people(read(tmp_path, table), POINTS)


def test_landmarks_of_other_parts(tmp_path):
    rows = [
        (t, kind, j, *LANDMARKS[t, j])
        for t in range(6)
        for kind, count in (('face', 40), ('pose', 33))
        for j in range(min(count, 33))
    ]
    names = ['frame', 'type', 'landmark_index', 'x', 'y', 'visibility']
    with pytest.warns(UserWarning, match="of the type 'pose'"):
        k = read(tmp_path, pd.DataFrame(rows, columns=names))
    check_people(k, LANDMARKS[:, None])


@pytest.mark.parametrize(
    'text',
    [
        'a b c d e f g' + ' ' * 60_000 + '\n1 2 3 4 5 6 7\n',
        'a_' * 60_000 + 'x,b\n1,2',
        'title\n' * 20_000 + 'a,b\n1,2',
    ],
    ids=['spaces', 'long name', 'titles'],
)
def test_time_is_linear(tmp_path, text):
    with pytest.raises(ValueError, match=r"file\.csv'"):
        read(tmp_path, text)
