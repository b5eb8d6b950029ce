r"""How natural a motion looks: accelerations, sliding feet, and bones."""

from collections.abc import Sequence

from torch import Tensor

from pyg_hcsf.choices import wrong
from pyg_hcsf.metrics.pose import check_poses


def acceleration(pos: Tensor) -> Tensor:
    r"""The mean length of the second difference of each joint over time:

    .. math::
        \frac{1}{(T - 2) N} \sum_{t, i} \lVert \mathbf{x}_{t+1, i} -
        2 \mathbf{x}_{t, i} + \mathbf{x}_{t-1, i} \rVert_2

    A motion that shakes has a larger one than the truth, one that is smoothed
    too much a smaller one.

    Args:
        pos (torch.Tensor): Joints in millimetres, ``[T, N, 3]``, or a path
            ``[T, 3]``.

    Returns:
        torch.Tensor: A scalar in millimetres per squared frame, NaN for fewer
        than three frames.

    Example:
        >>> acceleration(pred) / acceleration(gt)  # 1 is right
    """
    return pos.diff(n=2, dim=0).norm(dim=-1).mean()


def bone_spread(pose: Tensor, parents: Sequence[int]) -> Tensor:
    r"""The standard deviation of the length of each bone over time, averaged
    over the bones.

    Args:
        pose (torch.Tensor): Joints in millimetres, ``[T, N, 3]``.
        parents (sequence of int): The parent of each joint, -1 for the root.

    Returns:
        torch.Tensor: A scalar in millimetres.

    Example:
        >>> bone_spread(pred, get_skeleton('h36m17').parents)
    """
    if len(parents) != pose.size(-2):
        raise wrong('parents', f'{pose.size(-2)} joints', len(parents))
    bones = [(joint, p) for joint, p in enumerate(parents) if p >= 0]
    ends, starts = map(list, zip(*bones, strict=True))
    length = (pose[:, ends] - pose[:, starts]).norm(dim=-1)
    return length.std(dim=0, correction=0).mean()


def foot_sliding(
    pred: Tensor, gt: Tensor, fps: float, still: float = 50.0
) -> Tensor:
    r"""The mean predicted speed of feet that stand: of those steps from a
    frame to the next in which the true foot moves slower than :obj:`still`.

    Args:
        pred (torch.Tensor): Predicted places of the feet in the scene (not
            relative to the root) in millimetres, ``[T, F, 3]``.
        gt (torch.Tensor): True places, likewise.
        fps (float): Frames per second.
        still (float, optional): The speed of a foot that stands, in
            millimetres per second; it moves a little in recorded motion, too.
            (default: :obj:`50.0`)

    Returns:
        torch.Tensor: A scalar in millimetres per second, NaN if no foot ever
        stands.

    Example:
        >>> foot_sliding(pred[:, [3, 6]], gt[:, [3, 6]], fps=25.0)
    """
    check_poses(pred, gt)
    speed, truth = (x.diff(dim=0).norm(dim=-1) * fps for x in (pred, gt))
    return speed[truth < still].mean()
