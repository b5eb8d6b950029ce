r"""Classifies the actions in 3D poses of people over time."""

import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional

import numpy as np
import torch
from torch import Tensor

from pyg_hcsf.choices import check_range
from pyg_hcsf.lifting.ground import find_ground
from pyg_hcsf.poses import PoseSequence
from pyg_hcsf.recognition.pose_windows import loop_short
from pyg_hcsf.recognition.recognizer import Recognizer
from pyg_hcsf.recognition.recognizer_weights import MAX_FRAMES
from pyg_hcsf.skeleton import H36M17

#: The name of an interval in which no action is probable enough.
UNSURE = 'unsure'

MAX_GAP = 0.4  # s without a frame, which is interpolated
MIN_SECONDS = 0.5  # of consecutive frames
MAX_RESAMPLED = 10**6  # frames of a person at the rate of the network
BATCH = 256  # windows


class ActionInterval(NamedTuple):
    r"""An action of a person from one time to another.

    Args:
        person (str): The name of the person.
        start (float): When it begins, in seconds of the video.
        end (float): When it ends.
        first (int): The number of its first frame in the file.
        last (int): The number of its last frame.
        action (str): The most probable action, or :obj:`"unsure"`.
        guesses (tuple): All actions and their mean probabilities in the
            interval, the most probable first: ``((name, score), ...)``.
    """

    person: str
    start: float
    end: float
    first: int
    last: int
    action: str
    guesses: tuple[tuple[str, float], ...]


def recognize_poses(
    people: Sequence[PoseSequence],
    recognizer: Optional[Recognizer] = None,
    fps: Optional[float] = None,
    window: Optional[int] = None,
    stride: Optional[int] = None,
    min_score: float = 0.5,
) -> list[ActionInterval]:
    r"""Classifies the actions of each person, such as those that
    :class:`~pyg_hcsf.lifting.Lifter` lifts.

    Poses are resampled to the frame rate of the network. Those in the axes of
    a camera are turned upright by
    :func:`~pyg_hcsf.lifting.ground.find_ground`. Windows overlap; the
    probabilities of a frame are the mean over the windows that it is in, and
    consecutive frames of one action are an interval. Windows do not reach
    across gaps of more than 0.4 s. Pieces that are shorter than a window are
    continued periodically, and those of less than 0.5 s are left out.

    Args:
        people (sequence of PoseSequence): The people of one camera.
        recognizer (Recognizer, optional): A network of the joints of
            Human3.6M in millimetres, z up. :obj:`None` loads that of the
            package. (default: :obj:`None`)
        fps (float, optional): Frames per second, if not in the poses.
            :obj:`None` assumes those of the network, with a warning.
            (default: :obj:`None`)
        window (int, optional): The frames of a window, at the frame rate of
            the network. :obj:`None` uses the length of a typical clip of the
            training. (default: :obj:`None`)
        stride (int, optional): The frames from one window to the next.
            :obj:`None` uses a quarter of the window. (default: :obj:`None`)
        min_score (float, optional): Where no action is as probable, the
            interval is :obj:`"unsure"`. (default: :obj:`0.5`)

    Raises:
        ValueError: If the network has other joints or axes than the poses,
            or an argument is out of range.

    Example:
        >>> people = read_poses('walk.json')
        >>> [(i.start, i.end, i.action) for i in recognize_poses(people)]
        [(0.0, 8.0, 'walk')]
    """
    recognizer = Recognizer() if recognizer is None else recognizer
    info = recognizer.info
    window = info.window if window is None else window
    stride = max(1, window // 4) if stride is None else stride
    check_range('window', window, 1, MAX_FRAMES)
    check_range('stride', stride, 1, window)
    check_range('min_score', min_score, 0, 1)
    out = []
    every = zip(people, _upright(people, recognizer), strict=True)
    for person, joints in every:
        time = person.frames / _rate(person, fps, info.fps)
        for part in _pieces(time):
            x = _resample(joints[part], time[part], info.fps, person.name)
            share = _probabilities(recognizer, x, window, stride)
            for first, last, name in _runs(share, info.actions, min_score):
                at = time[part[0]] + np.array([first, last]) / info.fps
                # The nearest frames of the file
                ends = np.abs(time[part][:, None] - at).argmin(axis=0)
                start, end = person.frames[part[ends]].tolist()
                interval = ActionInterval(
                    person.name,
                    float(at[0]),
                    float(at[1] + 1 / info.fps),
                    start,
                    end,
                    name,
                    _guesses(share[first : last + 1], info.actions),
                )
                out.append(interval)
    return out


def _guesses(
    share: Tensor, actions: Sequence[str]
) -> tuple[tuple[str, float], ...]:
    r"""The actions by their mean probability."""
    mean = dict(zip(actions, share.mean(dim=0).tolist(), strict=True))
    return tuple(sorted(mean.items(), key=lambda pair: -pair[1]))


def _upright(
    people: Sequence[PoseSequence], recognizer: Recognizer
) -> Iterator[np.ndarray]:
    r"""The joints of people in world axes, in mm: ``[T, 17, 3]``."""
    info = recognizer.info
    if not info.of_poses:
        raise ValueError(
            "Expected a network of 'h36m17' in mm, z up, such as 'cmu' (got "
            f"one of '{info.skeleton}' in {info.unit})"
        )
    for person in people:
        if person.skeleton.joints != H36M17.joints:
            raise ValueError(
                "Expected poses with the joints of 'h36m17', as those of "
                f"pyg-hcsf lift (got '{person.skeleton.name}' of person "
                f"'{person.name}')"
            )
    seen = [p.pose for p in people if p.axes == 'camera']
    turn = np.eye(3)
    if seen:
        poses = torch.from_numpy(np.concatenate(seen))
        turn = find_ground(poses).rotation.numpy()
    for person in people:
        x = person.position
        yield x @ turn.T if person.axes == 'camera' else x


def _rate(person: PoseSequence, fps: Optional[float], usual: float) -> float:
    if person.fps is None and fps is None:
        warnings.warn(
            f'the frame rate of the poses is not known: {usual:g} Hz are '
            'assumed, and at another one actions are wrong',
            stacklevel=3,
        )
    return float(person.fps or fps or usual)


def _pieces(time: np.ndarray) -> list[np.ndarray]:
    r"""The indices of consecutive frames that are long enough."""
    cuts = np.flatnonzero(np.diff(time) > MAX_GAP) + 1
    return [
        part
        for part in np.split(np.arange(len(time)), cuts)
        if time[part[-1]] - time[part[0]] >= MIN_SECONDS
    ]


def _resample(
    x: np.ndarray, time: np.ndarray, fps: float, name: str
) -> Tensor:
    r"""Interpolates frames linearly: ``[T, N, 3]``."""
    count = int((time[-1] - time[0]) * fps + 1e-6) + 1
    if count > MAX_RESAMPLED:
        raise ValueError(
            f"Expected at most {MAX_RESAMPLED} frames of person '{name}' (got "
            f'{count} at {fps:g} Hz): check the frame rate'
        )
    now = time[0] + np.arange(count) / fps
    high = np.searchsorted(time, now, side='right').clip(1, len(time) - 1)
    low = high - 1
    blend = ((now - time[low]) / (time[high] - time[low])).clip(0, 1)
    blend = blend[:, None, None]
    return torch.from_numpy((1 - blend) * x[low] + blend * x[high]).float()


def _probabilities(
    recognizer: Recognizer, x: Tensor, window: int, stride: int
) -> Tensor:
    r"""The mean probabilities of each frame over its windows: ``[T, C]``."""
    count, longer = len(x), loop_short(x, window)
    last = len(longer) - window
    starts = sorted({*range(0, last + 1, stride), last})
    total = torch.zeros(len(longer), len(recognizer.info.actions))
    number = torch.zeros(len(longer), 1)
    for i in range(0, len(starts), BATCH):
        some = starts[i : i + BATCH]
        clips = [longer[start : start + window].numpy() for start in some]
        shares = recognizer.scores(clips).softmax(dim=-1)
        for start, share in zip(some, shares, strict=True):
            total[start : start + window] += share
            number[start : start + window] += 1
    return (total / number)[:count]


def _runs(
    share: Tensor, actions: Sequence[str], min_score: float
) -> Iterator[tuple[int, int, str]]:
    r"""Runs of frames with one name: the first and the last of each."""
    best, place = share.max(dim=1)
    place = torch.where(best < min_score, -1, place)
    cuts = (place.diff() != 0).nonzero().flatten().tolist()
    first = 0
    for last in [*cuts, len(share) - 1]:
        number = int(place[last])
        yield first, last, UNSURE if number < 0 else actions[number]
        first = last + 1
