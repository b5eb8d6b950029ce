"""When a training has diverged: an error, not a table of huge numbers."""

from __future__ import annotations

FACTOR = 100.0  # times what a network that always says zero would have


def check_converged(value: float, zero: float, what: str) -> None:
    """Refuses a loss or error that is not finite, or far larger than that of
    a network whose output is zero.

    Args:
        value: The loss or error.
        zero: That of zeros, in the same unit.
        what: Its name, unit and place, for the message.

    Raises:
        RuntimeError: If the training has diverged; says what to change.
    """
    if not value <= FACTOR * zero:  # NaN, too
        raise RuntimeError(
            f'The training diverged: {what} is {value:.3g}, where zeros '
            f'have {zero:.3g}. Lower --train.lr, to a tenth at first (with '
            '--train.amp true also try false). Results of it were not kept'
        )
