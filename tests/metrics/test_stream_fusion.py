import pytest
import torch

from pyg_hcsf.metrics import StreamScores, fuse_scores

NAMES = ['a', 'b', 'c']
SCORES = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, -1.0]]).double()
LABEL = torch.tensor([0, 1, 0])
FIRST = StreamScores(NAMES, SCORES, LABEL, 'first')


def shuffled(scores=SCORES, names=NAMES, label=LABEL) -> StreamScores:
    order = [2, 0, 1]
    names = [names[i] for i in order]
    return StreamScores(names, scores[order], label[order], 'second')


def test_clips_are_matched_by_name():
    fused = fuse_scores([FIRST, shuffled(10 * SCORES)], [1.0, 0.5], 'logits')
    assert fused.names == NAMES and fused.source == 'first + second'
    torch.testing.assert_close(fused.scores, 6 * SCORES)
    assert torch.equal(fused.label, LABEL)


def test_softmax_is_the_default_of_numbers():
    fused = fuse_scores([FIRST, shuffled()], [1.0, 2.0])
    torch.testing.assert_close(fused.scores, 3 * SCORES.softmax(dim=1))


def test_named_weights_have_their_own_scale():
    fused = fuse_scores([FIRST, shuffled()], 'ctrgcn')
    torch.testing.assert_close(fused.scores, 1.2 * SCORES)


@pytest.mark.parametrize(
    'changes, message',
    [
        ({'names': ['a', 'b', 'd']}, '2 in one of them only'),
        ({'names': ['a', 'b', 'b']}, "each clip once in 'second'"),
        ({'scores': torch.zeros(3, 4)}, 'Expected 2 classes'),
        ({'label': LABEL + 1}, "labels of 'first' in 'second'"),
    ],
)
def test_streams_of_other_clips(changes, message):
    with pytest.raises(ValueError, match=message):
        fuse_scores([FIRST, shuffled(**changes)])


@pytest.mark.parametrize(
    'streams, options, message',
    [
        ([], {}, 'at least one stream'),
        ([FIRST], {'scale': 'mean'}, "'scale'.*got 'mean'"),
        ([FIRST], {'weights': 'mean'}, "'weights'.*'mean'"),
        ([FIRST], {'weights': [1.0, 1.0]}, 'as streams, 1'),
        ([FIRST] * 3, {'weights': 'agcn'}, 'at most 2 streams'),
    ],
)
def test_wrong_options(streams, options, message):
    with pytest.raises(ValueError, match=message):
        fuse_scores(streams, **options)
