import numpy as np
import pytest
import torch

from pyg_hcsf.metrics.action import (
    confusion_matrix,
    per_class_accuracy,
    top_k_accuracy,
)

SCORES = torch.tensor(
    [[0.9, 0.1, 0.0], [0.2, 0.3, 0.5], [0.1, 0.6, 0.3], [0.5, 0.4, 0.1]]
)
LABEL = torch.tensor([0, 1, 1, 1])


def test_top_k_accuracy_by_hand():
    assert top_k_accuracy(SCORES, LABEL) == 50
    assert top_k_accuracy(SCORES, LABEL, 2) == 100
    correct = top_k_accuracy(SCORES, LABEL, per_clip=True)
    assert correct.tolist() == [True, False, True, False]


def test_confusion_by_hand():
    matrix = confusion_matrix(SCORES, LABEL)
    assert matrix.tolist() == [[1, 0, 0], [1, 1, 1], [0, 0, 0]]
    each = per_class_accuracy(SCORES, LABEL)
    assert each[:2].tolist() == pytest.approx([100, 100 / 3])
    assert each[2].isnan()  # no clip of it


def test_accuracy_equals_sorting_in_numpy():
    torch.manual_seed(0)
    scores, label = torch.randn(200, 9), torch.randint(9, (200,))
    order = np.argsort(-scores.numpy(), axis=1)
    for k in (1, 3, 5, 9):
        found = (order[:, :k] == label.numpy()[:, None]).any(1)
        assert top_k_accuracy(scores, label, k) == 100 * found.mean()
    matrix = confusion_matrix(scores, label)
    assert matrix.sum() == 200
    share = 100 * matrix.diagonal().sum() / 200
    assert top_k_accuracy(scores, label) == pytest.approx(float(share))


def test_constant_scores_have_the_accuracy_of_chance():
    scores, label = torch.zeros(4, 4), torch.arange(4)
    assert top_k_accuracy(scores, label) == 25
    assert top_k_accuracy(scores, label, 2) == 50
    assert confusion_matrix(scores, label)[:, 0].tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    'scores, label, message',
    [
        (torch.rand(3), torch.zeros(3).long(), r'\[K, C\].*got \[3\]'),
        (torch.rand(3, 2), torch.zeros(2).long(), r'got \[3, 2\] and \[2\]'),
        (torch.rand(0, 2), torch.zeros(0).long(), 'at least one clip'),
        (torch.rand(2, 2), torch.tensor([0, 2]), 'to be from 0 to 1 .got 2'),
        (torch.rand(2, 2), torch.tensor([-1, 1]), 'to be from 0 to 1 .got -1'),
        (
            torch.tensor([[0.0, float('nan')]]),
            torch.tensor([0]),
            'finite.*got 1',
        ),
    ],
)
def test_wrong_arguments(scores, label, message):
    for metric in (top_k_accuracy, confusion_matrix, per_class_accuracy):
        with pytest.raises(ValueError, match=message):
            metric(scores, label)
    with pytest.raises(ValueError, match="'k' to be >= 1"):
        top_k_accuracy(SCORES, LABEL, 0)
