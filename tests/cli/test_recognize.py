import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from pyg_hcsf.cli.recognize import main
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.poses import PoseSequence, write_poses
from tests.paths import REPO
from tests.recognition.small_recognizer import make_joints, make_recognizer
from tests.recognition.test_pose_windows import stepping

TOOL = REPO / 'tools' / 'recognize.py'
JOINTS = make_joints(60)


@pytest.fixture
def run(tmp_path):
    """The folder of a run."""
    folder = tmp_path / 'run'
    folder.mkdir()
    make_recognizer(folder / 'recognizer.safetensors')
    return folder


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / 'clip.npz'
    np.savez(path, joints=JOINTS)
    return path


def test_a_whole_clip(run, clip, capsys):
    (label,) = main([str(clip), '--run', str(run)])
    line = json.loads(capsys.readouterr().out)
    assert line['label'] == label.name and len(line['top5']) == 5
    assert (line['first'], line['last'], line['filled']) == (0, 59, 0)


def test_windows(run, clip, capsys):
    args = [str(clip), '--run', str(run / 'recognizer.safetensors')]
    labels = main([*args, '--window', '30', '--stride', '10'])
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line['last'] for line in lines] == [29, 39, 49, 59]
    assert [line['label'] for line in lines] == [x.name for x in labels]
    assert json.loads(err)['stats']['labels'] == 4
    with pytest.raises(ValueError, match='one window of 100 .*got 60 in'):
        main([*args, '--window', '100'])


@pytest.mark.parametrize('window', [[], ['--window', '9']])
def test_other_joints(run, tmp_path, window):
    path = tmp_path / 'clip.npz'
    np.savez(path, joints=make_joints(joints=25))
    with pytest.raises(ValueError, match='20 joints'):
        main([str(path), '--run', str(run), *window])


@pytest.mark.parametrize(
    'args',
    [
        [],
        ['a.npz', '--live', 'stdin', '--run', 'x'],
        ['--live', 'stdin', '--out', 'a.csv'],
    ],
)
def test_wrong_command_lines(args, capsys):
    with pytest.raises(SystemExit) as e:
        main(args)
    assert e.value.code == 2
    assert 'error: ' in capsys.readouterr().err


def test_a_table_is_for_poses(run, clip, tmp_path, capsys):
    out = ['--out', str(tmp_path / 'a.csv')]
    with pytest.raises(SystemExit):
        main([str(clip), '--run', str(run), *out])
    assert '--out and --fps are for poses' in capsys.readouterr().err


def somebody(name='1', fps=25.0):
    joints = motion_clip('S9', 'Walking', 1, 75).pos.transpose(0, 1).numpy()
    joints = joints.astype(np.float64)
    root = joints[:, 0]
    return PoseSequence(
        *(name, 'h36m17', np.arange(75), joints - root[:, None]),
        *('world', fps, None, root),
    )


@pytest.mark.parametrize('kind', ['json', 'csv', 'npz', 'bvh'])
def test_poses(tmp_path, kind, capsys):
    """The network of the package, on every format of pyg-hcsf lift."""
    path, table = tmp_path / f'poses.{kind}', tmp_path / 'actions.csv'
    people = [somebody(), somebody('2')][: 1 if kind == 'bvh' else 2]
    write_poses(path, people)
    intervals = main([str(path), '--out', str(table), '--min_score', '0'])
    out, err = capsys.readouterr()
    assert 'walk, run, jump' in err
    first, *lines, last = out.splitlines()
    assert first.startswith('person') and last == f"Wrote '{table}'"
    assert len(lines) == len(intervals) == len(pd.read_csv(table))
    assert {i.person for i in intervals} == {p.name for p in people}
    starts = [i.start for i in intervals if i.person == '1']
    assert starts[0] == 0 and intervals[-1].end == pytest.approx(3, abs=0.05)


def test_poses_of_unknown_frame_rate(tmp_path, capsys):
    write_poses(tmp_path / 'poses.json', [somebody(fps=None)])
    main([str(tmp_path / 'poses.json')])
    assert '25 Hz are assumed' in capsys.readouterr().err
    main([str(tmp_path / 'poses.json'), '--fps', '50'])
    out, err = capsys.readouterr()
    assert 'assumed' not in err and '1.5 s' in out


def test_poses_of_half_a_second(tmp_path):
    joints = stepping(9).numpy()
    np.savez(tmp_path / 'a.npz', joints=joints)
    with pytest.raises(ValueError, match='Nobody.*half a second'):
        main([str(tmp_path / 'a.npz'), '--fps', '25'])


def test_stdin(run):
    lines = [
        json.dumps({'frame': i, 'joints': x.tolist()})
        for i, x in enumerate(JOINTS)
    ]
    command = [sys.executable, str(TOOL), '--live', 'stdin']
    done = subprocess.run(
        [*command, '--run', str(run), '--window', '30', '--stride', '15'],
        input='\n'.join(lines).encode(),
        env=os.environ | {'PYTHONPATH': str(REPO), 'OMP_NUM_THREADS': '1'},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert b'7 actions of up to 1 bodies of kinect20, in m at' in done.stderr
    *labels, last = map(json.loads, done.stdout.splitlines())
    assert [label['last'] for label in labels] == [29, 44, 59]
    assert last['stats']['accepted'] == 60


def test_socket(run, monkeypatch, capsys):
    served = []

    async def serve(make, port, ready):
        ready(4321)
        served.append((make().live.window, make() is make(), port))

    monkeypatch.setattr('pyg_hcsf.streaming.json_lines.serve_lines', serve)
    main(['--live', 'tcp:4000', '--run', str(run)])
    assert served == [(20, False, 4000)]
    assert 'Listening on 127.0.0.1:4321' in capsys.readouterr().err
    with pytest.raises(ValueError, match="'stdin' or 'tcp:PORT'.*'udp:1'"):
        main(['--live', 'udp:1', '--run', str(run)])
