r"""Reads HDF5 files of SLEAP: the analysis (``.analysis.h5``), and projects
(``.slp``).

An analysis has ``tracks``, ``[P, 2, N, T]`` or as its attribute ``dims`` says,
``node_names``, and maybe ``track_names`` and ``point_scores``. A project has
tables of frames, instances and points, and the names of the joints as JSON.
"""

import json
from typing import Any

import numpy as np

from pyg_hcsf.keypoints.detections import ParsedFile
from pyg_hcsf.keypoints.messages import file_error, unexpected
from pyg_hcsf.keypoints.readers.frame_numbers import several_videos
from pyg_hcsf.keypoints.readers.hdf5 import text_of
from pyg_hcsf.keypoints.readers.point_rows import to_parsed_file
from pyg_hcsf.safe_io.json_file import load_json
from pyg_hcsf.safe_io.shown import PARSE_ERRORS, cause

DIMS = ('frame', 'track', 'node', 'xy')
#: The orders of files without ``dims``: of SLEAP, without its transposition,
#: and of sleap-io.
ORDERS = (
    ('track', 'xy', 'node', 'frame'),
    ('frame', 'node', 'xy', 'track'),
    DIMS,
)
_TABLES = {
    'frames': ('frame_id', 'video', 'frame_idx'),
    'instances': (
        'instance_id', 'instance_type', 'frame_id', 'skeleton', 'track',
        'from_predicted', 'point_id_start', 'point_id_end',
    ),
    'points': ('x', 'y', 'visible'),
    'pred_points': ('x', 'y', 'visible', 'score'),
}  # fmt: skip
PIXEL_CENTERS = 1.1  # before this format, (0.5, 0.5) is the first pixel


def matches(arrays: dict[str, np.ndarray]) -> bool:
    r"""Whether arrays are those of an analysis or a project."""
    return {'tracks', 'node_names'} <= arrays.keys() or (
        'metadata@json' in arrays and 'instances:frame_id' in arrays
    )


def read(arrays: dict[str, np.ndarray]) -> ParsedFile:
    r"""Reads the people of a video."""
    if 'metadata@json' in arrays:
        return _read_project(arrays)
    return _read_analysis(arrays)


def _read_analysis(arrays: dict[str, np.ndarray]) -> ParsedFile:
    tracks, nodes = arrays['tracks'], arrays['node_names'].tolist()
    dims = _find_dims(tracks, len(nodes), text_of(arrays, 'tracks@dims'))
    xy = tracks.transpose([dims.index(name) for name in DIMS])
    frames, people = xy.shape[:2]
    seen = np.isfinite(xy).all(axis=-1)
    points = np.concatenate([xy, seen[..., None]], axis=-1)
    scores = arrays.get('point_scores')
    if scores is not None and np.isfinite(scores).any():
        parts = [name for name in dims if name != 'xy']
        score = scores.transpose([parts.index(name) for name in DIMS[:3]])
        if score.shape != seen.shape:
            raise unexpected('a score of each point', scores, 'point_scores')
        points[..., 2] = np.where(seen, score, 0)
    names: Any = arrays.get('track_names', np.empty(0)).tolist()
    if len(names) != people:
        names = [None] * people
    at = np.argwhere(seen.any(axis=2))
    return to_parsed_file(
        points[at[:, 0], at[:, 1]],
        at[:, 0].tolist(),
        [names[p] for p in at[:, 1].tolist()],
        nodes,
        'sleap',
    )


def _find_dims(tracks: np.ndarray, joints: int, dims: bytes) -> Any:
    try:
        orders = [tuple(json.loads(dims))] if dims else list(ORDERS)
    except (*PARSE_ERRORS, RecursionError):
        orders = list(ORDERS)
    for order in orders:
        if sorted(order) == sorted(DIMS) and tracks.ndim == 4:
            sizes = dict(zip(order, tracks.shape, strict=True))
            if (sizes['node'], sizes['xy']) == (joints, 2):
                return order
    expected = f'numbers of shape [P, 2, {joints}, T]'
    raise unexpected(expected, tracks, "array 'tracks'")


def _read_project(arrays: dict[str, np.ndarray]) -> ParsedFile:
    r"""Reads the people of a project, predicted ones unless they were
    corrected by hand.
    """
    names = [
        f'{table}:{f}' for table, fields in _TABLES.items() for f in fields
    ]
    if missing := sorted({*names} - arrays.keys()):
        raise file_error(
            f"expected a project of SLEAP with '{missing[0]}': export its "
            'analysis (File, Export Analysis HDF5)'
        )
    frames, instances, by_hand, predicted = (
        {field: arrays[f'{table}:{field}'] for field in fields}
        for table, fields in _TABLES.items()
    )
    if len(np.unique(frames['video'])) > 1:
        videos = np.unique(frames['video'])
        raise several_videos([f'video {number}' for number in videos])
    if len(np.unique(instances['skeleton'])) > 1:
        raise file_error('expected people of one skeleton')
    nodes, tracks = _parse_project(arrays)
    user = instances['instance_type'] == 0
    corrected = instances['from_predicted'][user]
    kept = user | ~np.isin(instances['instance_id'], corrected)
    start = instances['point_id_start'].astype(np.int64)
    stop = instances['point_id_end'].astype(np.int64)
    points = np.full((len(user), len(nodes), 3), np.nan)
    for table, rows in ((by_hand, user), (predicted, ~user)):
        at = start[rows, None] + np.arange(len(nodes))
        if (stop[rows] - start[rows] != len(nodes)).any() or (
            at.size and not 0 <= at.min() <= at.max() < len(table['x'])
        ):
            raise file_error(f'expected {len(nodes)} points of each person')
        score = table.get('score', np.ones(len(table['x'])))
        score = np.where(table['visible'], score, 0)
        xyc = np.stack([table['x'], table['y'], score], axis=-1)
        points[rows] = xyc[at]
    if float(arrays['metadata@format_id']) < PIXEL_CENTERS:
        points[..., :2] -= 0.5
    order = np.argsort(frames['frame_id'], kind='stable')
    place = np.searchsorted(
        frames['frame_id'], instances['frame_id'][kept], sorter=order
    ).clip(max=len(order) - 1)
    numbers = frames['frame_idx'][order][place]
    ids = [
        tracks[t] if 0 <= t < len(tracks) else None
        for t in instances['track'][kept].tolist()
    ]
    return to_parsed_file(points[kept], numbers.tolist(), ids, nodes, 'sleap')


def _parse_project(
    arrays: dict[str, np.ndarray],
) -> tuple[list[str], list[str]]:
    r"""The names of the joints, and those of the tracks."""
    try:
        project = load_json(text_of(arrays, 'metadata@json'))
        graph = project['skeletons'][0]
        graph = graph.get('nx_graph', graph)
        names = [str(node['name']) for node in project['nodes']]
        nodes = [names[node['id']] for node in graph['nodes']]
        found = arrays.get('tracks_json', np.empty(0, 'U1')).tolist()
        tracks = [str(json.loads(track)[1]) for track in found]
    except (*PARSE_ERRORS, RecursionError) as e:
        raise file_error(f'its metadata is damaged ({cause(e)})') from e
    return nodes, tracks
