r"""The mean and the disagreement of one or several lifting networks."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from pyg_hcsf.lifting.lifter_weights import LifterInfo, load_lifter
from pyg_hcsf.skeleton import H36M17

_MIRRORED = list(H36M17.mirrored)


class LifterEnsemble:
    r"""Networks that lift the same windows, folded for inference, each with
    the mirror image of the window as test-time augmentation.

    Args:
        weights (sequence of str or pathlib.Path): Names or files, as for
            :func:`load_lifter`.

    Raises:
        ValueError: If there are none, or their windows differ.

    Example:
        >>> y, spread = LifterEnsemble(['single'])(torch.rand(8, 1, 17, 3))
    """

    def __init__(self, weights: Sequence[str | Path]) -> None:
        if not weights:
            raise ValueError("Expected at least one of 'weights' (got none)")
        loaded = [load_lifter(path) for path in weights]
        self.info: LifterInfo = loaded[0][1]
        for path, (_, info) in zip(weights, loaded, strict=True):
            for key in ('layout', 'frames', 'target', 'fps'):
                ours, theirs = getattr(self.info, key), getattr(info, key)
                if ours != theirs:
                    raise ValueError(
                        f"Expected all 'weights' to have one '{key}' (got "
                        f"{ours} of '{weights[0]}', {theirs} of '{path}')"
                    )
        self.models = [model.folded() for model, _ in loaded]

    @torch.no_grad()
    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""Lifts windows.

        Args:
            x (torch.Tensor): Of :func:`~pyg_hcsf.geometry.window_input`:
                ``[B, T, 17, 3]``.

        Returns:
            tuple: The mean pose of unit size, ``[B, 17, 3]``, and the
            disagreement of the predictions, ``[B, 17]``: twice their mean
            distance from the mean (for two, the distance between them).
        """
        both = torch.cat([x, mirror(x)]).float()
        if self.info.frames == 1:
            both = both.squeeze(1)
        predictions = []
        for model in self.models:
            straight, mirrored = model(both).chunk(2)
            predictions += [straight, mirror(mirrored)]
        y = torch.stack(predictions)
        mean = y.mean(dim=0)
        return mean, 2 * (y - mean).norm(dim=-1).mean(dim=0)


def mirror(x: Tensor) -> Tensor:
    r"""Swaps left and right joints, and negates x."""
    x = x[..., _MIRRORED, :]
    return torch.cat([-x[..., :1], x[..., 1:]], dim=-1)
