r"""A check that keypoints are normalised by the image size."""

import torch
from torch import Tensor

from pyg_hcsf.nn.tracing import has_values, unwrapped


def check_normalized(x: Tensor) -> bool:
    r"""Raises an error if keypoints are not finite or look like pixels; in a
    traced graph, when it runs. Returns whether it has looked at any values.
    """
    x = unwrapped(x)
    inside = (x.abs() <= 10).all()
    wanted = (
        "Expected keypoints in 'x' normalised by the image width to about "
        '[-1, 1]'
    )
    if not has_values(x):
        torch._assert_async(inside, f'{wanted}, and finite')
        return False
    if not bool(inside):
        missing = int((~x.isfinite()).sum())
        if missing:
            raise ValueError(
                f"Expected finite keypoints in 'x' (got {missing} that are "
                'not); fill missing joints first'
            )
        raise ValueError(
            f'{wanted} (got {float(x.abs().amax()):.0f}, which looks like '
            'pixels); apply normalize_screen first'
        )
    return x.numel() > 0
