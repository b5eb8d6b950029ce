from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.confidence import has_densities
from pyg_hcsf.keypoints.joint_names import in_order
from pyg_hcsf.keypoints.people import People, refuse, to_number, warn
from pyg_hcsf.keypoints.readers.frame_numbers import (
    number_frames,
    refuse_several,
)
from pyg_hcsf.keypoints.readers.json_entries import (
    Entry,
    find_entries,
    first_of,
)
from pyg_hcsf.keypoints.readers.json_joints import PersonReader
from pyg_hcsf.safe_io.shown import shown

Size = tuple[float, float]


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of results or annotations in COCO's format."""
    if isinstance(data, dict) and 'annotations' in data:
        return 'images' in data
    first = first_of(data)
    if not isinstance(first, dict) or 'image_id' not in first:
        return False
    return isinstance(first.get('keypoints'), list)


def read(data: Any, path: Path) -> People:
    r"""Reads results in COCO's format, as Detectron2 and MMPose save them for
    evaluation, or annotations, as of COCO and PoseTrack.

    Each result has ``image_id``, a number, and ``keypoints``: x, y and
    confidence of each joint in one list; and maybe ``track_id``. Annotations
    are in a mapping of ``images`` with ``id``, ``width``, ``height`` and
    ``file_name`` or ``frame_id``, and ``annotations`` with ``image_id``,
    ``keypoints`` and maybe ``track_id``; the third number of a joint is its
    visibility, of which 0 means missing and others that it is there.
    ``categories`` names the joints. PoseTrack's frames are those that its
    names of files say.

    Args:
        data (dict or list): The parsed JSON.
        path (pathlib.Path): What errors call the file.

    Raises:
        ValueError: If an entry is damaged or frames are of several videos;
            names it.

    Example:
        >>> read(json.loads(path.read_text()), path).layout
        'coco17'
    """
    if isinstance(data, dict) and 'annotations' in data:
        return _annotations(data, path)
    entries = find_entries(data, path)
    values = [entry.value for entry in entries]
    dense = has_densities(v for v in values if isinstance(v, dict))
    reader = PersonReader(
        'coco', path, ('keypoints',), box='score', dense=dense
    )
    sizes = {_size(e.value.get('image_size')) for e in entries}
    known = sizes.pop() if len(sizes) == 1 else None
    return replace(reader.finish(entries), usual='coco17', image_size=known)


def _annotations(data: dict[str, Any], path: Path) -> People:
    images, annotations = data.get('images'), data.get('annotations')
    if not isinstance(images, list) or not isinstance(annotations, list):
        refuse(path, '', "expected lists called 'images' and 'annotations'")
    if not images:
        refuse(path, "list 'images'", 'expected the images of annotations')
    frames, size = _images(images, path)
    reader = PersonReader('coco annotations', path, ('keypoints',))
    for number, value in enumerate(annotations):
        where = f'annotation {number}'
        if not isinstance(value, dict):
            refuse(path, where, 'expected a mapping')
        if not value.get('keypoints'):
            continue
        image = to_number(value.get('image_id'), path, where)
        if image not in frames:
            refuse(path, where, f"'image_id' names no image (got {image})")
        value = {key: v for key, v in value.items() if key not in _NOT_NAMES}
        reader.add(Entry(frames[image], where, value, {}))
    found = reader.finish()
    people = [
        person._replace(
            points=np.ceil(person.points * [0, 0, 1])
            + person.points * [1, 1, 0]
        )
        for person in found.people
    ]
    found = replace(found, people=people, image_size=size, usual='coco17')
    categories = data.get('categories')
    for category in categories if isinstance(categories, list) else []:
        if isinstance(category, dict) and category.get('keypoints'):
            return in_order(found, category['keypoints'], path)
    return found


#: Each annotation has another of these; scores are not those of joints.
_NOT_NAMES = {'id', 'scores', 'score'}


def _images(
    images: list[Any], path: Path
) -> tuple[dict[int, int], Size | None]:
    r"""The number of the frame of each image, by its id, and their size."""
    ids, videos, sizes = [], {}, set()
    for number, image in enumerate(images):
        where = f'image {number}'
        if not isinstance(image, dict):
            refuse(path, where, 'expected a mapping')
        key = image.get('id', image.get('frame_id'))
        ids.append(to_number(key, path, where))
        videos[shown(image.get('vid_id', image.get('video_id')), 40)] = number
        sizes.add(_size([image.get('width'), image.get('height')]))
    if len(videos) > 1:
        refuse_several(videos, path)
    for key in ('frame_id', 'file_name'):
        values = [image.get(key, '') for image in images]
        told = len(set(map(shown, values))) == len(values)
        if told and not ('vid_id' in images[0] and key == 'frame_id'):
            break
    else:
        values = ids
    if len(set(ids)) < len(ids):
        warn(path, 'several of its images have one id: the last is taken')
    frames = dict(zip(ids, number_frames(values, path), strict=True))
    return frames, sizes.pop() if len(sizes) == 1 else None


def _size(value: Any) -> Size | None:
    known = isinstance(value, list) and len(value) == 2
    if known and all(
        isinstance(side, (int, float)) and 0 < side <= 1e6 for side in value
    ):
        return float(value[0]), float(value[1])
    return None
