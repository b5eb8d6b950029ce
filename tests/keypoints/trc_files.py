"""Track row column files, as Pose2Sim, Sports2D and OpenSim write them."""

import numpy as np


def trc(names, position, unit='m', rate=25, first=0, end='\n', count=None):
    """The file of markers ``[T, N, 3]``, NaN where one is missing."""
    count = len(position) if count is None else count
    axes = [f'{a}{i}' for i in range(1, len(names) + 1) for a in 'XYZ']
    lines = [
        ['PathFileType', '4', '(X/Y/Z)', 'walk_person00.trc'],
        ['DataRate', 'CameraRate', 'NumFrames', 'NumMarkers', 'Units']
        + ['OrigDataRate', 'OrigDataStartFrame', 'OrigNumFrames'],
        [rate, rate, count, len(names), unit, rate, 0, count],
        ['Frame#', 'Time', *(c for n in names for c in (n, '', ''))],
        ['', '', *axes],
    ]
    for number, row in enumerate(position, start=first):
        cells = ['' if np.isnan(v) else repr(v) for v in row.ravel().tolist()]
        lines.append([number, number / rate, *cells])
    return end.join('\t'.join(map(str, line)) for line in lines) + end
