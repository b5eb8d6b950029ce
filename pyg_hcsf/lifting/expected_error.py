r"""The expected error of a joint, as a network predicts it."""

import torch
from torch import Tensor

#: The expected error where the fourth output is zero, and the factor of that
#: output: outputs of PoseLifter have a spread of a hundredth.
UNIT, FACTOR = 0.03, 100.0


def expected_error(out: Tensor) -> Tensor:
    r"""The expected distance of each joint from the truth, relative to the
    size of the person,

    .. math::
        m_i = 0.03 \left(x_i / 2 + \sqrt{1 + x_i^2 / 4} \right),
        \qquad x_i = 100\, o_{i, 3}

    which is positive, and whose logarithm has a gradient everywhere.

    Args:
        out (torch.Tensor): The output of a network with four channels,
            ``[*, N, 4]``: the joints and :math:`o_{i, 3}`.

    Returns:
        torch.Tensor: ``[*, N]``.

    Example:
        >>> expected_error(torch.zeros(17, 4))
    """
    half = FACTOR / 2 * out[..., 3]
    root = (1 + half.square()).sqrt()
    # The same number, without cancellation
    return UNIT * torch.where(half < 0, 1 / (root - half), root + half)


def lifting_loss(out: Tensor, y: Tensor) -> Tensor:
    r"""The mean distance of joints :math:`e_i` and, of a network with four
    output channels, the negative log-likelihood of that distance if it has an
    exponential distribution with the mean :math:`m_i` of
    :func:`expected_error`,

    .. math::
        e_i + 0.003 \left( \tfrac{e_i}{m_i} + \log \tfrac{m_i}{0.03} \right)

    In the second term, :math:`e_i` is a constant, so that joints of large
    errors count no less. Its minimum is at the mean error, whatever the
    distribution.

    Args:
        out (torch.Tensor): The output, ``[*, N, 3]`` or ``[*, N, 4]``.
        y (torch.Tensor): The target, ``[*, N, 3]``.

    Returns:
        torch.Tensor: A scalar.

    Example:
        >>> loss = lifting_loss(model(x), y)
    """
    error = (out[..., :3] - y).norm(dim=-1)
    if out.size(-1) == 3:
        return error.mean()
    mean = expected_error(out)
    surprise = error.detach() / mean + torch.log(mean / UNIT)
    return (error + 0.003 * surprise).mean()
