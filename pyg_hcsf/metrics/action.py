r"""How well actions are told.

Every function takes scores as :obj:`[K, C]` tensors, one row a clip, the
highest winning, and the true labels :obj:`[K]`; shares are in percent.
"""

import torch
from torch import Tensor


def top_k_accuracy(
    scores: Tensor, label: Tensor, k: int = 1, per_clip: bool = False
) -> Tensor:
    r"""The percentage of clips whose label is among the :math:`k` highest
    scores.

    .. math::
        \mathrm{acc}_k = \frac{100}{K} \sum_c
        [\, |\{ j : s_{c,j} > s_{c,y_c} \}| < k \,]

    Classes that score the same as the true one and come before it count as
    higher, so that equal scores are no success.

    Args:
        scores (torch.Tensor): The scores :obj:`[K, C]`.
        label (torch.Tensor): The labels :obj:`[K]`.
        k (int, optional): How many guesses there are. (default: :obj:`1`)
        per_clip (bool, optional): If set, returns whether each clip is right
            :obj:`[K]` instead. (default: :obj:`False`)

    Raises:
        ValueError: If shapes do not fit, a score is not finite, or a label is
            out of range.

    .. code-block:: python

        top_k_accuracy(logits, label, k=5)
    """
    _check(scores, label)
    if k < 1:
        raise ValueError(f"Expected 'k' >= 1 (got {k})")
    own = scores.gather(1, label.view(-1, 1))
    place = torch.arange(scores.size(1), device=scores.device)
    higher = scores > own
    higher |= (scores == own) & (place < label.view(-1, 1))
    right = higher.sum(dim=1) < k
    return right if per_clip else 100 * right.double().mean()


def confusion_matrix(scores: Tensor, label: Tensor) -> Tensor:
    r"""How many clips of each class (rows) are taken for each class
    (columns).

    Args:
        scores (torch.Tensor): The scores :obj:`[K, C]`.
        label (torch.Tensor): The labels :obj:`[K]`.

    Returns:
        torch.Tensor: Counts :obj:`[C, C]`.

    .. code-block:: python

        confusion_matrix(logits, label).diagonal().sum()  # those right
    """
    _check(scores, label)
    count = scores.size(1)
    cell = label * count + scores.argmax(dim=1)
    return cell.bincount(minlength=count**2).view(count, count)


def per_class_accuracy(scores: Tensor, label: Tensor) -> Tensor:
    r"""The percentage of clips of each class that are told right.

    .. math::
        \mathrm{acc}_c = 100 \, \frac{\mathbf{C}_{c,c}}{\sum_j
        \mathbf{C}_{c,j}}

    Args:
        scores (torch.Tensor): The scores :obj:`[K, C]`.
        label (torch.Tensor): The labels :obj:`[K]`.

    Returns:
        torch.Tensor: :obj:`[C]`, NaN for a class without clips.

    .. code-block:: python

        per_class_accuracy(logits, label).nanmean()  # mean class accuracy
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
    if not bool(scores.isfinite().all()):
        raise ValueError(
            "Expected finite 'scores' (got "
            f'{int((~scores.isfinite()).sum())} that are not)'
        )
    low, high = int(label.min()), int(label.max())
    if low < 0 or high >= scores.size(1):
        raise ValueError(
            f"Expected 'label' from 0 to {scores.size(1) - 1} (got {low} to "
            f'{high})'
        )
