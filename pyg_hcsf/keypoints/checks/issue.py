r"""An issue that a check of keypoints reports."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Issue:
    r"""A likely mistake in a file of keypoints.

    Args:
        kind (str): The mistake in a word or two, such as ``'stretched'``.
        text (str): What the check found.
        remedy (str): What to do.
        value (float): The measured number that exceeds its limit.
        level (str, optional): ``'error'`` if the file should be rejected,
            ``'warning'`` if somebody should look at it.
            (default: :obj:`'error'`)

    Example:
        >>> [issue.kind for issue in check_keypoints(keypoints)]
        ['lying']
    """

    kind: str
    text: str
    remedy: str
    value: float
    level: Literal['error', 'warning'] = 'error'

    def __str__(self) -> str:
        return f'{self.kind}: {self.text}; {self.remedy}'
