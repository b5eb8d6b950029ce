r"""Reads results and annotations in COCO's format.

Results, as Detectron2 and MMPose save them for evaluation, have ``image_id``,
a number, and ``keypoints``: x, y and confidence of each joint in one list;
and maybe ``track_id``. Annotations, as of COCO and PoseTrack, are a mapping
of ``images`` with ``id``, ``width``, ``height`` and ``file_name`` or
``frame_id``, and ``annotations`` with ``image_id``, ``keypoints`` and maybe
``track_id``. The third number of a joint is its visibility: joints of
visibility 0 are missing. ``categories`` names the joints. The names of images
number PoseTrack's frames.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.detections import (
    ParsedFile,
    only,
    parse_frame_number,
    parse_size,
)
from pyg_hcsf.keypoints.joint_names import order_by_names
from pyg_hcsf.keypoints.messages import file_error, unexpected, warn
from pyg_hcsf.keypoints.readers.frame_numbers import (
    number_frames,
    several_videos,
)
from pyg_hcsf.keypoints.readers.json_frames import (
    Entry,
    find_entries,
    first_mapping,
)
from pyg_hcsf.keypoints.readers.json_people import read_people
from pyg_hcsf.safe_io.shown import shown

_KEYS = ('keypoints',)
#: Each annotation has another ``id``; its scores are not those of joints.
_UNUSED_KEYS = {'id', 'scores', 'score', 'attributes'}
#: Scores of joints above this are Detectron2's densities. Those of other
#: detectors are smaller: MMPose's SimCC models reach about 1.2.
MIN_DENSITY = 1.5


def matches(data: Any) -> bool:
    r"""Whether parsed JSON is of results or annotations in COCO's format."""
    if isinstance(data, dict) and 'annotations' in data:
        return 'images' in data
    first = first_mapping(data)
    return 'image_id' in first and isinstance(first.get('keypoints'), list)


def read(data: Any) -> ParsedFile:
    r"""Reads the people of a video."""
    if isinstance(data, dict) and 'annotations' in data:
        return _read_annotations(data)
    entries = find_entries(data)
    parsed = read_people(
        'coco',
        entries,
        _KEYS,
        box_key='score',
        has_densities=_has_densities(e.person for e in entries),
        default_layout='coco17',
    )
    people = [e.person for e in entries if isinstance(e.person, dict)]
    sizes = [person.get('image_size') for person in people]
    pairs = [
        s if isinstance(s, list) and len(s) == 2 else (0, 0) for s in sizes
    ]
    return replace(parsed, image_size=only(parse_size(*p) for p in pairs))


def _has_densities(people: Iterable[Any]) -> bool:
    r"""Whether the scores of joints are Detectron2's: each person has a
    ``bbox``, and a score is too large for another detector.
    """
    lists = [
        person.get('keypoints')
        for person in people
        if isinstance(person, dict) and 'bbox' in person
    ]
    scores = [s for x in lists if isinstance(x, list) for s in x[2::3]]
    return any(isinstance(s, (int, float)) and s > MIN_DENSITY for s in scores)


def _read_annotations(data: dict[str, Any]) -> ParsedFile:
    images, annotations = data.get('images'), data.get('annotations')
    if not isinstance(images, list) or not isinstance(annotations, list):
        raise file_error("expected lists called 'images' and 'annotations'")
    if not images:
        raise file_error('expected the images of annotations', "list 'images'")
    frames, size = _parse_images(images)
    entries = []
    for number, value in enumerate(annotations):
        where = f'annotation {number}'
        if not isinstance(value, dict):
            raise file_error('expected a mapping', where)
        if not value.get('keypoints'):
            continue
        image = parse_frame_number(value.get('image_id'), where)
        if image not in frames:
            raise unexpected("'image_id' of an image", image, where)
        inner = value.get('attributes')  # of CVAT
        value = {k: v for k, v in value.items() if k not in _UNUSED_KEYS}
        if isinstance(inner, dict) and 'track_id' in inner:
            value.setdefault('track_id', inner['track_id'])
        entries.append(Entry(frames[image], where, value, {}))
    parsed = read_people(
        'coco annotations', entries, _KEYS, default_layout='coco17'
    )
    people = [
        d._replace(joints=np.c_[d.joints[:, :2], np.ceil(d.joints[:, 2])])
        for d in parsed.detections
    ]
    parsed = replace(parsed, detections=people, image_size=size)
    categories = data.get('categories')
    for category in categories if isinstance(categories, list) else []:
        if isinstance(category, dict) and category.get('keypoints'):
            return order_by_names(parsed, category['keypoints'])
    return parsed


def _parse_images(
    images: list[Any],
) -> tuple[dict[int, int], tuple[float, float] | None]:
    r"""The frame number of each image by its id, and the size of all."""
    ids, videos, sizes = [], {}, []
    for number, image in enumerate(images):
        where = f'image {number}'
        if not isinstance(image, dict):
            raise file_error('expected a mapping', where)
        key = image.get('id', image.get('frame_id'))
        ids.append(parse_frame_number(key, where))
        videos[shown(image.get('vid_id', image.get('video_id')), 40)] = number
        sizes.append(parse_size(image.get('width'), image.get('height')))
    if len(videos) > 1:
        raise several_videos(videos)
    values: list[Any] = ids
    for key in ('frame_id', 'file_name'):
        found = [image.get(key, '') for image in images]
        posetrack = key == 'frame_id' and 'vid_id' in images[0]
        if len(set(map(shown, found))) == len(found) and not posetrack:
            values = found
            break
    if len(set(ids)) < len(ids):
        warn('several of its images have one id: the last is taken')
    frames = dict(zip(ids, number_frames(values), strict=True))
    return frames, only(sizes)
