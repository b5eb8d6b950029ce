"""Every command that doctor prints for BVH files works."""

import json
import shlex

import pytest

from tests.cli.prepare_files import run
from tests.datasets.mocap.bvh_files import RIGS, UNKNOWN, write_person


def commands(path, capsys):
    """What the doctor prints, and the words of the commands in it."""
    code = run('doctor', path)
    out = capsys.readouterr().out
    found = [
        shlex.split(line)[2:]
        for line in out.splitlines()
        if line.strip().startswith('pyg-hcsf prepare')
    ]
    return code, out, found


def run_all(path, home, capsys):
    """Runs all of them, which must not raise; returns what they print."""
    code, out, found = commands(path, capsys)
    assert found, out
    codes, texts = [], []
    for words in found:
        codes.append(run(*words, '--root', home))
        texts.append(capsys.readouterr().out)
    return code, codes, texts


# Names with colons, spaces, points and other scripts; the others are below.
@pytest.mark.parametrize('name', ['mixamo', 'biped', 'rigify', 'mmd', 'daz'])
def test_rigs(tmp_path, capsys, name):
    path = write_person(tmp_path / "a man's walk" / 'a.bvh', RIGS[name])
    for place in (path, path.parent):
        code, codes, texts = run_all(place, tmp_path / 'home', capsys)
        assert (code, codes) == (0, [0])
        assert 'ok    left and right' in texts[0]
        assert 'All checks passed.' in texts[0]


def test_a_rig_without_names(tmp_path, capsys):
    path = write_person(tmp_path / 'a.bvh', UNKNOWN)
    code, out, [words] = commands(path, capsys)
    assert code == 0 and 'were guessed, check them' in out
    joint_map = json.loads(words[words.index('--joint_map') + 1])
    assert joint_map['LKnee'] == UNKNOWN['left shin']
    assert run_all(path, tmp_path / 'home', capsys)[1] == [0]


@pytest.mark.parametrize(
    'options',
    [
        {'unit': 25.4},
        {'unit': 1000.0},
        {'unit': 1.0},
        {'up': 'z'},
        {'fps': 24.0},
        {'fps': 15.0},
        {'encoding': 'utf-16'},
        {'encoding': 'cp932'},
    ],
)
def test_units_axes_rates_and_encodings(tmp_path, capsys, options):
    path = write_person(tmp_path / 'a.bvh', RIGS['mmd'], **options)
    code, codes, _ = run_all(path, tmp_path / 'home', capsys)
    assert (code, codes) == (0, [0])


def test_a_folder_of_many_rigs(tmp_path, capsys):
    raw = tmp_path / 'raw'
    for i, names in enumerate((*RIGS.values(), UNKNOWN, UNKNOWN)):
        write_person(raw / f'{i}.bvh', names)
    write_person(raw / 'slow.bvh', RIGS['daz'], fps=20)
    (raw / 'cut.bvh').write_text('HIERARCHY')
    write_person(raw / 'giant.bvh', RIGS['daz'], unit=4.0)
    with pytest.warns(UserWarning) as said:
        code, codes, texts = run_all(raw, tmp_path / 'home', capsys)
    skipped = [text for w in said if 'skipped' in (text := str(w.message))]
    assert 'cut.bvh' in skipped[0] and 'giant.bvh' in skipped[0]
    assert (code, codes) == (1, [0, 0])
    assert f'clips                   {len(RIGS) + 3}\n' in texts[0]
    assert 'clips                   2\n' in texts[1]
    _, out, _ = commands(raw, capsys)
    assert 'skipped: ' in out and 'giant.bvh: the unit of length' in out


def test_no_command_where_nothing_can_be_read(tmp_path, capsys):
    (tmp_path / 'a.bvh').write_text('HIERARCHY')
    code, out, found = commands(tmp_path, capsys)
    assert (code, found) == (1, [])
    assert 'skipped: ' in out and 'a.bvh, line 1: expected a HIER' in out
