"""Training with random bone lengths."""

import pytest
import torch

from experiments import run
from experiments.pose import data
from experiments.pose.bodies import BodyLoader
from experiments.pose.config import ClipsConfig
from pyg_hcsf.data.clip_loader import ClipLoader
from pyg_hcsf.data.clip_store import ClipStore
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry.virtual_cameras import lifting_clips
from pyg_hcsf.protocols import available_protocols, get_protocol
from pyg_hcsf.transforms import EncodePose

OPTIONS = {'batch_size': 32, 'shuffle': True, 'drop_last': True, 'seed': 3}


def encoded(name, keypoints='gt'):
    encode = EncodePose(name)
    motion = motion_clip('S1', 'Walking', 1, 60)
    return [encode(clip) for clip in lifting_clips(motion, keypoints)]


@pytest.mark.parametrize('frames', [1, 9])
@pytest.mark.parametrize('name', available_protocols())
def test_without_spread_windows_are_those_of_the_clips(name, frames):
    clips, protocol = encoded(name, 'noisy'), get_protocol(name)
    loader = BodyLoader(clips, protocol, 0.0, frames=frames, **OPTIONS)
    plain = ClipLoader(clips, frames=frames, **OPTIONS)
    assert len(loader) == len(plain) and loader.num_windows == 240
    for new, old in zip(loader, plain, strict=True):
        torch.testing.assert_close(new.x, old.x, atol=1e-5, rtol=0)
        torch.testing.assert_close(new.y, old.y, atol=1e-5, rtol=0)


@pytest.mark.parametrize('frames', [1, 9])
def test_targets_project_to_inputs(frames):
    protocol = get_protocol('openmocap')
    loader = BodyLoader(
        encoded('lcn'), protocol, 0.1, frames=frames, **OPTIONS
    )
    for batch in loader:
        x = batch.x if frames == 1 else batch.x[:, frames // 2]
        torch.testing.assert_close(x, batch.y[..., :2], atol=1e-4, rtol=0)


def test_bones_differ_from_window_to_window():
    clips, protocol = encoded('vp3d'), get_protocol('vp3d')
    thigh = [
        (batch.y[:, 2] - batch.y[:, 1]).norm(dim=-1)
        for batch in BodyLoader(clips, protocol, 0.1, **OPTIONS)
    ]
    thigh = torch.cat(thigh).log()
    assert abs(float(thigh.std()) - 0.1) < 0.02
    (batch,) = ClipLoader(clips, batch_size=240)
    plain = (batch.y[:, 2] - batch.y[:, 1]).norm(dim=-1).log()
    assert float(plain.std()) < 1e-3
    assert abs(float(thigh.mean() - plain.mean())) < 0.03


def test_epochs_differ_and_resume():
    loader = BodyLoader(encoded('lcn'), get_protocol('lcn'), 0.1, **OPTIONS)
    first, second = list(loader)[:2]
    loader.set_epoch(0, 1)
    assert torch.equal(next(iter(loader)).x, second.x)
    loader.set_epoch(1)
    assert not torch.equal(next(iter(loader)).x, first.x)


def test_a_store_streams_the_same(tmp_path):
    clips, protocol = encoded('lcn'), get_protocol('lcn')
    store = ClipStore.write(
        tmp_path / 'train.clips', clips, ('x', 'y', 'joints')
    )
    loaders = [BodyLoader(c, protocol, 0.1, **OPTIONS) for c in (clips, store)]
    for one, two in zip(*loaders, strict=True):
        assert torch.equal(one.x, two.x) and torch.equal(one.y, two.y)


def test_trains(tmp_path, capsys):
    args = ['--task', 'pose', '--data', 'synthetic', '--smoke']
    args += ['--preset', 'default/hcsf', '--out', str(tmp_path)]
    run.main(args)
    args += ['--clips.views', '2', '--clips.proportions']
    for proportions in ('0.1', 'anny+0.03'):
        run.main([*args, proportions, '--out', f'{tmp_path}/{proportions}'])
    losses = {
        (folder / 'pose/default-smoke/hcsf/0/log.jsonl').read_text()
        for folder in (tmp_path, tmp_path / '0.1', tmp_path / 'anny+0.03')
    }
    assert len(losses) == 3
    with pytest.raises(ValueError, match="did you mean 'anny'"):
        run.main([*args, 'any'])


class Projected(list):
    raw_fingerprint = 'raw'


def test_only_training_clips_have_several_views(tmp_path, monkeypatch):
    asked = []

    def load(**options):
        asked.append((options['split'], options['seed']))
        return Projected(encoded('openmocap'))

    monkeypatch.setattr(data, 'OpenMocap', load)
    monkeypatch.setattr(data.OpenMocap, 'found', lambda _: True, raising=False)
    data._load.cache_clear()
    where, protocol = ('openmocap', tmp_path), get_protocol('openmocap')
    config = ClipsConfig(views=3)
    clips = data.load_clips(*where, 'train', config, protocol)
    data.load_clips(*where, 'val', config, protocol)
    data._load.cache_clear()
    assert asked == [('train', 0), ('train', 1), ('train', 2), ('val', 0)]
    assert len(clips) == 12 and clips.raw_fingerprint == 'raw'
    loader = BodyLoader(clips, protocol, 0.1, **OPTIONS)
    assert loader.num_windows == 720 and len(loader.camera['focal']) == 12
    with pytest.raises(ValueError, match='views.*got 0 for openmocap'):
        data.load_clips(*where, 'train', ClipsConfig(views=0), protocol)


def test_views_need_virtual_cameras(tmp_path, monkeypatch):
    source = data.SOURCES['human36m']._replace(find=lambda _: tmp_path)
    monkeypatch.setitem(data.SOURCES, 'human36m', source)
    with pytest.raises(ValueError, match='views.*openmocap.*got 2 for human'):
        data.load_clips('human36m', tmp_path, 'train', ClipsConfig(views=2))
