r"""The expected error of a joint, as a network predicts it."""

import torch
from torch import Tensor

#: The expected error where the fourth output is zero, and the factor of that
#: output in the exponent: outputs of PoseLifter have a spread of a hundredth.
UNIT, FACTOR = 0.03, 100.0
_LIMIT = 4.0  # of the exponent, some 0.5 mm to 2.5 m of an adult


def expected_error(out: Tensor) -> Tensor:
    r"""The expected distance of each joint from the truth, relative to the
    size of the person,

    .. math::
        m_i = 0.03 \exp(100\, o_{i, 3})

    Args:
        out (torch.Tensor): The output of a network with four channels,
            ``[*, N, 4]``: the joints and :math:`o_{i, 3}`.

    Returns:
        torch.Tensor: ``[*, N]``.

    Example:
        >>> expected_error(torch.zeros(17, 4))
    """
    return UNIT * (FACTOR * out[..., 3]).clamp(-_LIMIT, _LIMIT).exp()


def lifting_loss(out: Tensor, y: Tensor) -> Tensor:
    r"""The mean distance of joints :math:`e_i` and, of a network with four
    output channels, the negative log-likelihood of that distance if it has an
    exponential distribution with the mean :math:`m_i` of
    :func:`expected_error`,

    .. math::
        e_i + 0.003 \left( \tfrac{e_i}{m_i} + \log m_i \right)

    In the second term, :math:`e_i` is a constant, so that joints of large
    errors count no less. Its minimum is at the mean error, whatever the
    distribution. :math:`\log` 0.0003 is subtracted, which keeps the loss
    positive.

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
    surprise = error.detach() / mean + torch.log(mean / 3e-4)
    return (error + 0.003 * surprise).mean()
