import pytest
import roma
import torch
from torch_geometric.data import Data

from pyg_hcsf import get_skeleton
from pyg_hcsf.axes import frames_first
from pyg_hcsf.data import ClipStore
from pyg_hcsf.data.action_loader import ActionLoader
from pyg_hcsf.data.clip_subset import ClipSubset
from pyg_hcsf.transforms import FitFrames, Modality

NTU = get_skeleton('ntu25')
LENGTHS = (3, 9, 5, 16, 12, 7, 20)


def make_clips(bodies=(2,), n=25):
    torch.manual_seed(0)
    return [
        Data(
            x=torch.randn(n, length, *bodies, 3),
            y=torch.tensor([number % 4]),
            clip=f'clip {number}',
            num_nodes=n,
        )
        for number, length in enumerate(LENGTHS)
    ]


@pytest.fixture
def clips():
    return make_clips()


@pytest.mark.parametrize('fit', ['repeat', 'zero', 'resize', 'sample'])
@pytest.mark.parametrize('stream', ['joint', 'bone', 'bone-motion'])
def test_equals_the_transforms(clips, fit, stream):
    loader = ActionLoader(clips, NTU, 3, 10, fit, stream=stream)
    seen = []
    for batch in loader:
        for x, y, number in zip(batch.x, batch.y, batch.clip, strict=True):
            clip = clips[number]
            data = FitFrames(10, fit)(Data(x=clip.x))
            data = Modality(stream, NTU)(data)
            torch.testing.assert_close(x, frames_first(data.x))
            assert y == clip.y and x.shape == (10, 2, 25, 3)
            seen.append(int(number))
    assert seen == list(range(7)) and len(loader) == 3
    assert loader.names == [clip.clip for clip in clips]
    assert (loader.num_classes, loader.num_windows) == (4, 7)


def test_motion_before_frames_are_chosen(clips, tmp_path):
    store = ClipStore.write(tmp_path / 'a.clips', clips, keys=('x',))
    options = {'stream': 'joint-motion', 'motion': 'before', 'fit': 'sample'}
    for source in (clips, store):
        loader = ActionLoader(source, NTU, 7, 6, **options)
        for x, clip in zip(next(iter(loader)).x, clips, strict=True):
            data = Modality('joint-motion', NTU)(Data(x=clip.x))
            expected = FitFrames(6, 'sample')(data).x
            torch.testing.assert_close(x, frames_first(expected))


@pytest.mark.parametrize('bodies', [(), (1,), (2,)])
def test_a_store_gives_the_same(tmp_path, bodies):
    clips = make_clips(bodies)
    store = ClipStore.write(tmp_path / 'a.clips', clips, keys=('x',))
    options = {'fit': 'resize', 'shuffle': True, 'random': True, 'seed': 3}
    options |= {'rotate': 0.5, 'stream': 'bone-motion'}
    one = ActionLoader(clips, NTU, 3, 10, **options)
    two = ActionLoader(store, NTU, 3, 10, **options)
    assert one.num_bodies == two.num_bodies == (bodies or (1,))[0]
    for a, b in zip(one, two, strict=True):
        assert torch.equal(a.x, b.x) and torch.equal(a.y, b.y)
    part = ClipSubset(store, [1, 4, 6])
    loader = ActionLoader(part, NTU, 3, 10)
    assert loader.names == ['clip 1', 'clip 4', 'clip 6']
    assert next(iter(loader)).y.tolist() == [1, 0, 2]


def test_epochs(clips):
    options = {'shuffle': True, 'random': True, 'fit': 'resize'}

    def batches(loader, epoch, start=0):
        loader.set_epoch(epoch, start)
        return list(loader)

    loader = ActionLoader(clips, NTU, 2, 8, **options)
    first, second = batches(loader, 0), batches(loader, 1)
    assert not torch.equal(first[0].x, second[0].x)
    for a, b in zip(batches(loader, 0, 2), first[2:], strict=True):
        assert torch.equal(a.x, b.x) and torch.equal(a.clip, b.clip)
    loader = ActionLoader(clips, NTU, 2, 8, drop_last=True, **options)
    assert len(loader) == len(batches(loader, 0)) == 3
    other = ActionLoader(clips, NTU, 2, 8, seed=1, **options)
    assert not torch.equal(batches(other, 0)[0].x, first[0].x)


def test_processes_share_a_batch(clips):
    options = {'shuffle': True, 'random': True, 'fit': 'resize'}
    options |= {'rotate': 0.4}
    whole = list(ActionLoader(clips, NTU, 4, 8, **options))
    parts = [
        list(ActionLoader(clips, NTU, 4, 8, rank=r, world_size=2, **options))
        for r in range(2)
    ]
    for step, batch in enumerate(whole):
        for rank in range(2):
            torch.testing.assert_close(parts[rank][step].x, batch.x[rank::2])


def test_rotations(clips):
    """Each clip is rotated as a whole, by up to 0.4 about x, y and z."""
    options = {'random': True, 'seed': 1}
    plain, turned = (
        next(iter(ActionLoader(clips, NTU, 7, 8, rotate=size, **options))).x
        for size in (0.0, 0.4)
    )
    angles = []
    for x, y in zip(plain, turned, strict=True):
        x, y = x.reshape(-1, 3), y.reshape(-1, 3)
        turn = torch.linalg.lstsq(x, y).solution.T  # y = x @ turn.T
        torch.testing.assert_close(
            turn @ turn.T, torch.eye(3), atol=1e-5, rtol=0
        )
        angles.append(roma.rotmat_to_euler('xyz', turn))
    largest = torch.stack(angles).abs().amax(dim=0)
    assert (largest > 0.1).all() and (largest < 0.4001).all()


def test_turned_clips_keep_their_bones(clips):
    loader = ActionLoader(clips, NTU, 7, 9, 'sample', stream='bone')
    turned = ActionLoader(
        clips,
        NTU,
        batch_size=7,
        length=9,
        fit='sample',
        stream='bone',
        rotate=0.3,
        random=True,
    )
    plain = ActionLoader(clips, NTU, 7, 9, 'sample', stream='bone')
    generator = turned._generator(0)
    x = turned.load(torch.arange(7), generator).x
    again = plain.load(torch.arange(7), turned._generator(0)).x
    torch.testing.assert_close(x.norm(dim=-1), again.norm(dim=-1))
    assert not torch.allclose(x, again)
    assert len(list(loader)) == 1


def test_wrong_clips(clips):
    with pytest.raises(ValueError, match="0 to 2 .got 3 in 'clip 3'"):
        ActionLoader(clips, NTU, num_classes=3)
    with pytest.raises(ValueError, match='at least one clip'):
        ActionLoader([], NTU)
    with pytest.raises(ValueError, match=r"\[20, T, M, C\].*'kinect20'"):
        ActionLoader(clips, get_skeleton('kinect20'))
    other = [*clips, Data(x=torch.rand(25, 4, 1, 3), y=0, clip='odd')]
    with pytest.raises(ValueError, match=r"\[1, 25, 3\] in 'odd'"):
        ActionLoader(other, NTU)
    empty = [*clips, Data(x=torch.rand(25, 0, 2, 3), y=0, clip='none')]
    with pytest.raises(ValueError, match="one frame .got none in 'none'"):
        ActionLoader(empty, NTU)
    for options, message in (
        (dict(motion='never'), "'motion'.*got 'never'"),
        (dict(stream='x'), "'stream'.*got 'x'"),
        (dict(fit='x'), "'fit'.*got 'x'"),
        (dict(rank=2, world_size=2), "'rank'.*got 2 and 2"),
    ):
        with pytest.raises(ValueError, match=message):
            ActionLoader(clips, NTU, **options)
    assert str(ActionLoader(clips, NTU)) == (
        "ActionLoader(num_clips=7, batch_size=64, length=300, 'joint')"
    )
