r"""Live lifting as a JSON Lines service."""

from __future__ import annotations

from typing import Any

import numpy as np

from pyg_hcsf.lifting.live_lifter import LiveLifter, LivePose
from pyg_hcsf.streaming import JsonLines


class LineLifter(JsonLines):
    r"""A :class:`LiveLifter` that reads and writes JSON Lines.

    An input line is one person in one frame: :obj:`frame`, its number;
    :obj:`keypoints`, ``[[x, y, score], ...]`` or the same flat, with
    :obj:`null` for missing joints; and optionally :obj:`track`, the id of
    the person. An output line has :obj:`frame`, :obj:`track`, :obj:`pose`,
    ``[[x, y, z], ...]``, :obj:`root` and :obj:`uncertainty` in millimetres.

    Args:
        live (LiveLifter): The lifter.

    Example:
        >>> lines = LineLifter(live)
        >>> lines.feed(b'{"frame": 1, "keypoints": [[512, 80, 0.9], ...]}\n')
        b'{"frame": 1, "track": "0", "pose": [[0.0, 0.0, 0.0], ...'
    """

    live: LiveLifter

    def parse(self, data: dict[str, Any]) -> tuple[Any, ...]:
        points = np.array(data['keypoints'], np.float64)
        points = points.reshape(self.live.num_joints, 3)
        track = data.get('track', '0')
        return data['frame'], points[:, :2], points[:, 2], track

    def answer(self, *arguments: Any) -> list[dict[str, Any]]:
        return [_record(pose) for pose in self.live.push(*arguments)]

    def rest(self) -> list[dict[str, Any]]:
        return [_record(pose) for pose in self.live.flush()]


def _record(pose: LivePose) -> dict[str, Any]:
    data: dict[str, Any] = {'frame': pose.frame, 'track': pose.track}
    for key in ('pose', 'root', 'uncertainty'):
        data[key] = getattr(pose, key).round(1).tolist()
    return data
