"""Raises an error when a training has diverged."""

from __future__ import annotations

FACTOR = 100.0  # times the loss or error of a network that outputs zeros


def check_converged(value: float, zero: float, what: str) -> None:
    """Checks that a loss or error is finite and not far larger than that of a
    network that outputs zeros.

    Args:
        value: The loss or error.
        zero: The loss or error of zeros, in the same unit.
        what: What the value is, with its unit, for the message.

    Raises:
        RuntimeError: If the training has diverged; says what to change.
    """
    if not value <= FACTOR * zero:  # also true for NaN
        raise RuntimeError(
            f'The training diverged: {what} is {value:.3g}, where zeros '
            f'have {zero:.3g}. Lower --train.lr, to a tenth at first (with '
            '--train.amp true also try false). Its results were not kept'
        )
