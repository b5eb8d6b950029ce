import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from pyg_hcsf.data.action_loader import ActionLoader
from pyg_hcsf.transforms import AlignBody, PreNormalize
from tests.recognition.small_recognizer import ACTIONS, make_joints


def evaluate(recognizer, clips, align):
    """What an evaluation makes of recorded clips."""
    items = [
        align(
            Data(
                x=torch.from_numpy(clip.transpose(2, 0, 1, 3).copy()),
                y=torch.tensor([0]),
                clip=str(i),
            )
        )
        for i, clip in enumerate(clips)
    ]
    info = recognizer.info
    loader = ActionLoader(
        items,
        recognizer.skeleton,
        batch_size=64,
        length=info.length,
        fit=info.fit,
        stream=info.stream,
        motion=info.motion,
        num_classes=len(info.actions),
    )
    with torch.no_grad():
        return recognizer.model(next(iter(loader)).x)


@pytest.mark.parametrize('stream', ['joint', 'bone', 'joint-motion'])
@pytest.mark.parametrize('motion', ['after', 'before'])
def test_equals_an_evaluation(make, stream, motion):
    recognizer = make(stream=stream, motion=motion)
    clips = [make_joints(frames, seed=frames) for frames in (7, 16, 40)]
    expected = evaluate(recognizer, clips, AlignBody(recognizer.skeleton))
    scores = recognizer.scores(clips)
    torch.testing.assert_close(scores, expected, atol=1e-5, rtol=0)
    for clip, row in zip(clips, expected, strict=True):
        label = recognizer.recognize(clip[:, 0])  # of one body
        share = row.softmax(0)
        assert label.name == ACTIONS[int(share.argmax())]
        assert label.score == pytest.approx(float(share.max()), abs=1e-5)
        assert (label.first, label.last) == (0, len(clip) - 1)
        assert len(label.top5) == 5 and label.latency > 0
        assert label.top5[0] == (label.name, label.score)
        values = [score for _, score in label.top5]
        assert values == sorted(values, reverse=True)


def test_bodies_of_ntu(make):
    recognizer = make(
        skeleton='ntu25', bodies=2, normalize={'scheme': 'agcn'}, fit='repeat'
    )
    clips = [make_joints(30, 2, 25), make_joints(12, 1, 25, seed=1)]
    full = [clips[0], np.pad(clips[1], ((0, 0), (0, 1), (0, 0), (0, 0)))]
    expected = evaluate(recognizer, full, PreNormalize('agcn'))
    scores = recognizer.scores(clips)
    torch.testing.assert_close(scores, expected, atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match=r'at most 2 bodies.*\[9, 3, 25, 3\]'):
        recognizer.recognize(make_joints(9, 3, 25))


def test_few_actions(make):
    names = ('yes', 'no')
    recognizer = make(actions=names, model={'out_channels': 2})
    label = recognizer.recognize(make_joints())
    assert {name for name, _ in label.top5} == set(names)
    assert 'Recognizer(2 actions' in repr(recognizer)


@pytest.mark.parametrize(
    'joints, words',
    [
        (make_joints(joints=25), r"20 joints of 'kinect20'.*25, 3\]"),
        (make_joints()[0, 0], r'\[T, M, 20, 3\].*got .*\[20, 3\]'),
        (make_joints()[:0], 'at least one frame'),
        (make_joints() * np.nan, 'finite'),
        (make_joints() * 0, 'first body'),
        (make_joints(bodies=2), 'at most 1 bodies'),
    ],
)
def test_wrong_clips(recognizer, joints, words):
    with pytest.raises(ValueError, match=words):
        recognizer.recognize(joints)
