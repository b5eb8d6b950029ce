r"""Makes one track of each person in a file."""

from collections.abc import Sequence

import numpy as np

from pyg_hcsf.keypoints.detections import MAX_PEOPLE, Detection
from pyg_hcsf.keypoints.messages import file_error, unexpected
from pyg_hcsf.keypoints.track import Track
from pyg_hcsf.keypoints.tracking.detection_array import DetectionArray
from pyg_hcsf.keypoints.tracking.ghosts import LONG, drop_doubles, drop_ghosts
from pyg_hcsf.keypoints.tracking.ids import add_unnamed, group_by_id
from pyg_hcsf.keypoints.tracking.joining import join
from pyg_hcsf.keypoints.tracking.steps import follow


def make_tracks(
    detections: Sequence[Detection], fps: float | None = None
) -> tuple[Track, ...]:
    r"""Makes one track of each person.

    People with ids are followed by id, also if a person has several. Ids are
    ignored, with a warning, if several people in one frame have the same, if
    there are new ones every few frames, or if they jump between people.
    Detections without an id are added to the id that they lead to or
    continue.

    People without ids are followed from frame to frame: their joints are
    predicted with their mean velocity, and the pairs of people and detections
    with the smallest sum of distances are taken, forwards and backwards in
    time. Where both agree, it is one person. These fragments are joined over
    gaps of up to a second if place, pose and size fit. Somebody who is away
    for longer comes back as another person.

    In files of 30 frames and more, detections of a person who is there
    already are left out, and people without ids in short tracks if they are
    in fewer than three frames, have low confidences, or are close to somebody
    else; with a warning.

    Args:
        detections (sequence of Detection): The detections of a file.
        fps (float, optional): Frames per second. :obj:`None` takes the frames
            that are in the file as 25 per second. (default: :obj:`None`)

    Raises:
        ValueError: If there is nobody, people have different numbers of
            joints, or a frame has more than 300 people.
    """
    seen = [d for d in detections if d.joints[:, 2].any()]
    if not seen:
        raise file_error(
            'there is nobody in it: check the detector and its input'
        )
    sizes = sorted({len(d.joints) for d in seen})
    if len(sizes) > 1:
        raise file_error(
            f'expected as many joints of each person (got {sizes}): read the '
            'results of one model at a time'
        )
    seen.sort(key=lambda d: d.frame)
    found = DetectionArray(seen, fps)
    frames, counts = np.unique(found.frames, return_counts=True)
    if counts.max() > MAX_PEOPLE:
        expected = f'up to {MAX_PEOPLE} people in a frame'
        where = f'frame {frames[counts.argmax()]}'
        raise unexpected(expected, counts.max(), where)
    named, unnamed = group_by_id(found)
    paths = []
    if unnamed:
        long = len(frames) >= LONG
        kept = np.array(unnamed)
        if long and not named:
            kept = drop_doubles(found, kept)
        paths = join(found, follow(found, kept))
        if named:
            paths = add_unnamed(found, named, paths)
        paths = drop_ghosts(found, paths) if long and paths else paths
    tracks = [found.track(name, rows) for name, rows in named.items()]
    for number, rows in enumerate(paths, start=1):
        name = f'unnamed {number}' if named else str(number)
        tracks.append(found.track(name, rows))
    return tuple(tracks)
