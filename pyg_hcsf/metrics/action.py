r"""Classification metrics for action recognition.

Every function takes the scores :obj:`[K, C]` of :math:`K` clips and
:math:`C` classes and the true labels :obj:`[K]`. The class with the highest
score is predicted. Accuracies are in percent.
"""

import torch
from torch import Tensor

from pyg_hcsf.choices import check_finite, check_range


def top_k_accuracy(
    scores: Tensor, label: Tensor, k: int = 1, per_clip: bool = False
) -> Tensor:
    r"""The percentage of clips whose label is among the :math:`k` highest
    scores.

    .. math::
        \mathrm{acc}_k = \frac{100}{K} \sum_c
        [\, |\{ j : s_{c,j} > s_{c,y_c} \}| < k \,]

    Of classes with the same score as the true one, those with a lower number
    count as higher, so that constant scores have the accuracy of chance.

    Args:
        scores (torch.Tensor): The scores :obj:`[K, C]`.
        label (torch.Tensor): The labels :obj:`[K]`.
        k (int, optional): The number of predicted classes.
            (default: :obj:`1`)
        per_clip (bool, optional): If set to :obj:`True`, returns whether each
            clip is correct :obj:`[K]` instead. (default: :obj:`False`)

    Raises:
        ValueError: If shapes do not fit, a score is not finite, or a label is
            out of range.

    Example:
        >>> top_k_accuracy(logits, label, k=5)
    """
    _check(scores, label)
    check_range('k', k, 1)
    # The score of the true class, [K, 1]
    own = scores.gather(1, label.view(-1, 1))
    number = torch.arange(scores.size(1), device=scores.device)
    higher = scores > own
    higher |= (scores == own) & (number < label.view(-1, 1))
    correct = higher.sum(dim=1) < k
    return correct if per_clip else 100 * correct.double().mean()


def confusion_matrix(scores: Tensor, label: Tensor) -> Tensor:
    r"""The number of clips by true class (rows) and predicted class
    (columns), :obj:`[C, C]`.

    Args:
        scores (torch.Tensor): The scores :obj:`[K, C]`.
        label (torch.Tensor): The labels :obj:`[K]`.

    Example:
        >>> confusion_matrix(logits, label).diagonal().sum()  # correct clips
    """
    _check(scores, label)
    count = scores.size(1)
    # The cells of the matrix are numbered by rows.
    cell = label * count + scores.argmax(dim=1)
    return cell.bincount(minlength=count**2).view(count, count)


def per_class_accuracy(scores: Tensor, label: Tensor) -> Tensor:
    r"""The percentage of clips of each class that are classified correctly,
    with the confusion matrix :math:`\mathbf{C}`.

    .. math::
        \mathrm{acc}_c = 100 \, \frac{\mathbf{C}_{c,c}}{\sum_j
        \mathbf{C}_{c,j}}

    Args:
        scores (torch.Tensor): The scores :obj:`[K, C]`.
        label (torch.Tensor): The labels :obj:`[K]`.

    Returns:
        torch.Tensor: :obj:`[C]`, NaN for a class without clips.

    Example:
        >>> per_class_accuracy(logits, label).nanmean()  # mean class accuracy
    """
    confusion = confusion_matrix(scores, label).double()
    return 100 * confusion.diagonal() / confusion.sum(dim=1)


def _check(scores: Tensor, label: Tensor) -> None:
    if scores.dim() != 2 or label.shape != scores.shape[:1]:
        raise ValueError(
            "Expected 'scores' of shape [K, C] and 'label' of shape [K] (got "
            f'{list(scores.shape)} and {list(label.shape)})'
        )
    if scores.numel() == 0:
        raise ValueError(
            f"Expected 'scores' of at least one clip and class (got "
            f'{list(scores.shape)})'
        )
    check_finite("'scores'", scores)
    for end in (label.min(), label.max()):
        check_range('label', int(end), 0, scores.size(1) - 1)
