r"""The mean and the uncertainty of one or several lifting networks."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from pyg_hcsf.lifting.expected_error import expected_error
from pyg_hcsf.lifting.lifter_weights import LifterInfo, load_lifter
from pyg_hcsf.skeleton import H36M17, get_skeleton

# What the networks have in common.
_SHARED = ('layout', 'skeleton', 'frames', 'target', 'fps', 'outputs')


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
            for key in _SHARED:
                ours, theirs = getattr(self.info, key), getattr(info, key)
                if ours != theirs:
                    raise ValueError(
                        f"Expected all 'weights' to have one '{key}' (got "
                        f"{ours} of '{weights[0]}', {theirs} of '{path}')"
                    )
        self.mirrored = list(get_skeleton(self.info.skeleton).mirrored)
        self.models = [model.folded() for model, _ in loaded]

    @torch.no_grad()
    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""Lifts windows.

        Args:
            x (torch.Tensor): Of :func:`~pyg_hcsf.geometry.window_input`:
                ``[B, T, N, 3]``.

        Returns:
            tuple: The mean pose of unit size, ``[B, 17, 3]``, and how
            uncertain each joint is, ``[B, 17]``, see :func:`uncertainty`.
        """
        both = torch.cat([x, self.mirror(x)]).float()
        if self.info.frames == 1:
            both = both.squeeze(1)
        predictions = []
        for model in self.models:
            straight, mirrored = model(both).chunk(2)
            predictions += [straight, self.mirror(mirrored)]
        y = torch.stack(predictions)[..., : H36M17.num_joints, :]
        return y[..., :3].mean(dim=0), uncertainty(y)

    def mirror(self, x: Tensor) -> Tensor:
        r"""Swaps left and right joints, and negates x."""
        x = x[..., self.mirrored, :]
        return torch.cat([-x[..., :1], x[..., 1:]], dim=-1)


def uncertainty(y: Tensor) -> Tensor:
    r"""How uncertain the mean of predictions is: the mean of the errors that
    the networks expect
    (:func:`~pyg_hcsf.lifting.expected_error.expected_error`), or, of networks
    that predict none, the disagreement, which is twice the mean distance of
    the predictions from their mean (for two, the distance between them).

    Args:
        y (torch.Tensor): Predictions, ``[P, B, 17, 3]`` or
            ``[P, B, 17, 4]``.

    Returns:
        torch.Tensor: ``[B, 17]``, relative to the size of the person.
    """
    if y.size(-1) == 4:
        return expected_error(y).mean(dim=0)
    return 2 * (y - y.mean(dim=0)).norm(dim=-1).mean(dim=0)
