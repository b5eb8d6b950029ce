"""The raw files of the open benchmark: each person's skeleton and poses."""

import csv

import numpy as np
import pytest

from pyg_hcsf.datasets.mocap.cmu import cmu_action, read_cmu, read_cmu_index
from pyg_hcsf.datasets.mocap.openmocap_clips import (
    AMC_PLACES,
    listed_clips,
    missing_clips,
    openmocap_files,
    read_cmu_bvh,
)
from pyg_hcsf.datasets.mocap.openmocap_people import split_of
from pyg_hcsf.skeleton import H36M17
from tests.paths import DATA

PEOPLE = DATA / 'cmu_people'
NEW = (
    *('05', '06', '07', '08', '09', '10', '14', '16', '17', '29', '35'),
    *('38', '39', '43', '49', '55', '127', '135'),
)
# Of others the first one: these are shorter, or upright for most of the time.
TRIALS = {'14': '14_04', '17': '17_10', '49': '49_01'}
BVH = ('06', '07', '08', '10', '12', '32', '35')
RIGID = [1, 2, 3, 4, 5, 6, 12, 13, 15, 16]  # hips, legs and arms

needs_files = pytest.mark.skipif(
    not PEOPLE.is_dir(), reason=f'{PEOPLE} is absent'
)


def test_table():
    clips = listed_clips()
    assert len(clips) == 665
    cut = {n: c.first_frame for n, c in clips.items() if c.first_frame > 1}
    assert cut == {'38_02': 50, '39_08': 30, '39_12': 30, '55_04': 150}
    # Every trial of CMU is of somebody in a split.
    trials = [name for name in clips if name[0].isdigit()]
    assert len(trials) == 34 + 261 + 48
    people = {f'CMU{name.partition("_")[0]}' for name in trials}
    assert len(people) == 25 and None not in map(split_of, people)


@needs_files
def test_table_has_what_is_there():
    assert missing_clips(openmocap_files(DATA)) == []
    with (PEOPLE / 'manifest.csv').open(newline='') as file:
        rows = [row for row in csv.DictReader(file) if row['trial']]
    clips = listed_clips()
    names = {f'{row["subject"]}_{row["trial"]}': row for row in rows}
    assert {int(r['frames']) - clips[n].frames for n, r in names.items()} == {
        0
    }
    index = read_cmu_index(DATA / 'cmu' / 'cmu-mocap-index.csv')
    for name, clip in clips.items():
        if name[0].isdigit():
            assert clip.action == cmu_action(*index[name])


def check_body(pose):
    """Checks joints ``[T, 17, 3]`` in mm, z up."""
    bones = np.linalg.norm(pose - pose[:, H36M17.parents], axis=-1)
    assert np.ptp(bones[:, RIGID], axis=0).max() < 0.01
    at = {name: pose[:, i] for i, name in enumerate(H36M17.joints)}
    feet = np.minimum(at['LFoot'][:, 2], at['RFoot'][:, 2])
    assert 1350 < np.median(at['Head'][:, 2] - feet) < 1630
    # Knees bend forward, where they bend by 40 degrees and more.
    for side in 'LR':
        thigh = at[f'{side}Knee'] - at[f'{side}Hip']
        shin = at[f'{side}Foot'] - at[f'{side}Knee']
        up = at['Thorax'] - at['Hip']
        ahead = np.cross(up, at['RHip'] - at['LHip'])
        bend = ((thigh - shin) * ahead).sum(-1)
        cos = (thigh * shin).sum(-1) / np.linalg.norm(thigh, axis=-1)
        bent = cos / np.linalg.norm(shin, axis=-1) < np.cos(np.deg2rad(40))
        assert not bent.any() or (bend[bent] > 0).mean() > 0.9


@needs_files
@pytest.mark.parametrize('subject', NEW)
def test_people(subject):
    first = next(n for n in listed_clips() if n.startswith(f'{subject}_'))
    name = TRIALS.get(subject, first)
    place = next(p for p in AMC_PLACES if p.endswith('.zip'))
    (clip,) = read_cmu(DATA / place, clips=[name])
    assert clip.subject == f'CMU{subject}'
    assert len(clip.joints) == listed_clips()[name].frames
    check_body(clip.joints)


@needs_files
@pytest.mark.parametrize('subject', BVH)
def test_people_in_bvh_files(subject):
    path = min((PEOPLE / 'bvh' / subject).glob('*.bvh'))
    frames = listed_clips()[path.stem].frames
    clip = read_cmu_bvh(path, frames)
    assert (clip.subject, len(clip.joints)) == (f'CMU{subject}', frames)
    check_body(clip.joints)
    # There is no jump, as there would be after the T pose.
    assert np.abs(np.diff(clip.joints[:3], axis=0)).max() < 60
