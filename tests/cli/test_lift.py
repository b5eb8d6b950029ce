import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from pyg_hcsf.cli import lift
from pyg_hcsf.lifting import LifterInfo, save_lifter
from pyg_hcsf.metrics import acceleration
from pyg_hcsf.poses import read_poses
from tests.paths import REPO

EXAMPLE = REPO / 'examples' / 'walk_coco17.json'
main = lift.main


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp('weights') / 'small.safetensors'
    torch.manual_seed(0)
    options = {'in_channels': 3, 'hidden_channels': 8, 'frames': 9}
    options |= {'causal': True, 'output_scale': 0.3}
    info = LifterInfo('coco17', options)
    save_lifter(path, info.build(), info)
    return str(path)


def test_example(weights, tmp_path, capsys):
    out = tmp_path / 'walk.json'
    main([str(EXAMPLE), '--out', str(out), '--weights', weights])
    (person,) = read_poses(out)
    assert person.pose.shape == (200, 17, 3)
    assert person.uncertainty.shape == (200, 17)
    said = capsys.readouterr().out
    assert 'Read coco: joints of coco17, people: 1, frames: 200' in said
    assert 'Height taken as 1700 mm.' in said and str(out) in said


def test_videos_are_smoothed(weights, tmp_path, capsys):
    args = [str(EXAMPLE), '--out', str(tmp_path / 'poses.npz')]
    args += ['--weights', weights]
    (smooth,) = main(args)
    said = capsys.readouterr()
    assert 'Motion is smoothed' in said.out and 'pass --fps' in said.err
    assert 'bones vary by 0.0 mm' in said.out
    (raw,) = main([*args, '--smooth', 'off', '--fps', '25'])
    said = capsys.readouterr()
    assert 'is smoothed' not in said.out and not said.err
    assert acceleration(torch.from_numpy(smooth.pose)) < 0.5 * acceleration(
        torch.from_numpy(raw.pose)
    )


def test_animations_have_z_up(weights, tmp_path):
    args = [str(EXAMPLE), '--weights', weights, '--fps', '25', '--out']
    for name, axes in (('a.bvh', 'world'), ('a.glb', 'world'), ('a.csv', '')):
        (person,) = main([*args, str(tmp_path / name)])
        assert person.axes == (axes or 'camera')
    (person,) = main([*args, str(tmp_path / 'b.bvh'), '--axes', 'camera'])
    assert person.axes == 'camera'


def test_plain_pandas_reads_the_table(weights, tmp_path):
    out = tmp_path / 'poses.csv'
    args = [str(EXAMPLE), '--weights', weights, '--fps', '25', '--out']
    (person,) = main([*args, str(out)])
    table = pd.read_csv(out)
    assert len(table) == len(person.frames)
    assert len(table.select_dtypes('number').columns) > 51


def test_options(weights, tmp_path, capsys):
    out = tmp_path / 'poses.bin'
    args = '--height 1800 --focal 1750 --image_size 1920 1080 --fps 50'
    (person,) = main(
        [str(EXAMPLE), '--out', str(out), '--format', 'npz', '--axes', 'world']
        + ['--weights', weights, *args.split()]
    )
    (read,) = read_poses(out.rename(tmp_path / 'poses.npz'))
    assert np.array_equal(read.pose, person.pose)
    assert read.axes == 'world' and read.fps == 50
    assert 'Height taken as 1800 mm. 9 frames' in read.note


def test_lens(weights, tmp_path, capsys):
    args = [str(EXAMPLE), '--out', str(tmp_path / 'poses.npz')]
    args += ['--weights', weights, '--image_size', '1920', '1080']
    known = ['--focal', '1750', '--center', '950', '530']
    (pinhole,) = main([*args, *known])
    (lens,) = main([*args, *known, '--distortion', '-0.2 0.1 7e-4 -5e-4'])
    assert 1 < np.abs(pinhole.pose - lens.pose).max() < 500
    (none,) = main([*args, *known, '--distortion=0,0,0,0,0'])
    np.testing.assert_allclose(none.pose, pinhole.pose, atol=1e-2)
    with pytest.raises(SystemExit):
        main([*args, '--distortion', 'a b'])
    assert 'argument --distortion: numbers' in capsys.readouterr().err
    with pytest.raises(ValueError, match="'focal' with 'distortion'"):
        main([*args, '--distortion', '0 0 0 0'])


def test_animated_skeletons_need_a_frame_rate(weights, tmp_path, capsys):
    out = tmp_path / 'walk.bvh'
    args = [str(EXAMPLE), '--out', str(out), '--weights', weights]
    with pytest.raises(ValueError, match='pass --fps'):
        main(args)
    main([*args, '--fps', '25', '--rigid'])
    assert out.read_text().startswith('HIERARCHY')
    assert 'joints moved by up to' in capsys.readouterr().out


def test_page(weights, tmp_path):
    out = tmp_path / 'walk.html'
    main([str(EXAMPLE), '--out', str(out), '--weights', weights])
    page = out.read_text()
    assert page.lstrip().lower().startswith('<!doctype html>')
    assert 'walk_coco17.json in 3D' in page


def test_input_with_issues_needs_force(weights, tmp_path, capsys):
    data = json.loads(EXAMPLE.read_text())[:20]
    for person in data:
        points = np.reshape(person['keypoints'], (17, 3))
        points[:, :2] /= 96  # too small for pixels
        person['keypoints'] = points.ravel().tolist()
    path, out = tmp_path / 'small.json', tmp_path / 'out.npz'
    path.write_text(json.dumps(data))
    usual = ['--out', str(out), '--weights', weights, '--smooth', 'off']
    args = [str(path), *usual, '--layout', 'coco17']
    args += ['--image_size', '20', '11.25']
    with pytest.raises(ValueError, match='--force'):
        main(args)
    assert 'warning: ' in capsys.readouterr().out
    assert not out.exists()
    (person,) = main([*args, '--force'])
    (other,) = main([str(EXAMPLE), *usual, '--image_size', '1920', '1080'])
    np.testing.assert_allclose(person.pose, other.pose[:20], atol=1e-3)


def test_no_person_can_be_lifted(weights, tmp_path):
    data = json.loads(EXAMPLE.read_text())[:5]
    for person in data:
        points = np.reshape(person['keypoints'], (17, 3))
        points[11:13] = 0  # no hips
        person['keypoints'] = points.ravel().tolist()
    path = tmp_path / 'legs.json'
    path.write_text(json.dumps(data))
    args = ['--out', str(tmp_path / 'out.npz'), '--weights', weights]
    with pytest.raises(ValueError, match='has hips'):
        main([str(path), *args, '--layout', 'coco17', '--force'])


@pytest.mark.parametrize(
    'args',
    [
        [],
        [str(EXAMPLE)],
        [str(EXAMPLE), '--live', 'stdin'],
        ['--live', 'stdin', '--out', 'x.json', '--image_size', '9', '9'],
        [str(EXAMPLE), '--out', 'x.json', '--layout', 'mouse'],
    ],
)
def test_wrong_command_lines(weights, args, capsys):
    with pytest.raises(SystemExit) as e:
        main([*args, '--weights', weights])
    assert e.value.code == 2
    assert 'error: ' in capsys.readouterr().err


def run(args, **kwargs):
    return subprocess.Popen(
        [sys.executable, 'tools/lift.py', *args],
        cwd=REPO,
        env=os.environ | {'PYTHONPATH': str(REPO), 'OMP_NUM_THREADS': '1'},
        stderr=subprocess.PIPE,
        **kwargs,
    )


def lift_stdin(weights, *options):
    """The poses, the statistics and the log of 30 lines of input."""
    lines = [
        json.dumps({'frame': person['image_id'], **person})
        for person in json.loads(EXAMPLE.read_text())[:30]
    ]
    args = ['--live', 'stdin', '--image_size', '1920', '1080']
    process = run(
        [*args, '--weights', weights, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    out, err = process.communicate('\n'.join(lines).encode(), timeout=60)
    assert process.returncode == 0
    *poses, last = map(json.loads, out.splitlines())
    assert [pose['frame'] for pose in poses] == list(range(30))
    return np.array([pose['pose'] for pose in poses]), last, err.decode()


def test_stdin(weights):
    (smooth, last, log), (raw, _, other) = (
        lift_stdin(weights, '--smooth', choice) for choice in ('on', 'off')
    )
    assert last['stats']['lifted'] == 30
    assert 'a delay of 0 frames; motion is smoothed' in log
    assert 'about 0.04 s' in log
    assert 'a delay of 0 frames; motion is not smoothed' in other
    shaking = [np.abs(np.diff(x, 2, axis=0)).mean() for x in (smooth, raw)]
    assert shaking[0] < shaking[1]


def test_live_errors_name_what_is_missing(weights):
    with pytest.raises(ValueError, match="'image_size'"):
        main(['--live', 'stdin', '--weights', weights])
    args = ['--image_size', '9', '9', '--weights', weights]
    for where in ('tcp:', 'tcp:99999', 'udp:1', 'tcp:-1'):
        with pytest.raises(ValueError, match="'stdin' or 'tcp:PORT'"):
            main(['--live', where, *args])


def test_socket(weights, monkeypatch, capsys):
    served = []

    async def serve(make, port, ready):
        ready(4321)
        live = make().live
        served.append(
            (live.layout, live.fix_side_swaps, make() is make(), port)
        )

    monkeypatch.setattr('pyg_hcsf.streaming.json_lines.serve_lines', serve)
    args = ['--image_size', '1280', '720', '--weights', weights]
    main(['--live', 'tcp:4000', '--layout', 'body25', *args])
    main(['--live', 'tcp:4000', '--fix_side_swaps', *args])
    assert served == [
        ('body25', False, False, 4000),
        ('coco17', True, False, 4000),
    ]
    assert 'Listening on 127.0.0.1:4321' in capsys.readouterr().err
