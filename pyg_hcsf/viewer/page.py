r"""Writes the viewer page: HTML, script, style and poses in one file."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, Optional

import numpy as np

from pyg_hcsf.poses import PoseSequence
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.skeleton import Skeleton
from pyg_hcsf.viewer.graph_file import LearnedGraph
from pyg_hcsf.viewer.timelines import Person, Results, align_timelines, rows_of

# Concatenated to one module, in this order.
SCRIPTS = ('data.js', 'scene.js', 'panels.js', 'app.js', 'controls.js')


def write_page(
    path: str | Path,
    results: Results,
    truth: Optional[Sequence[PoseSequence]] = None,
    graph: Optional[LearnedGraph] = None,
    title: str = 'Poses',
) -> None:
    r"""Writes a page for a browser that plays 2D keypoints next to 3D poses.

    The page is one file without network access: its content security policy
    allows only its own script and style, by their hashes. Names of people
    and files are escaped.

    Args:
        path (str or pathlib.Path): The HTML file.
        results (mapping from str to sequence of PoseSequence): One or two
            results by name, each a list of people.
        truth (sequence of PoseSequence, optional): The ground truth, drawn
            behind the results and compared with them joint by joint, relative
            to the root. (default: :obj:`None`)
        graph (LearnedGraph, optional): A learned graph to draw.
            (default: :obj:`None`)
        title (str, optional): The heading. (default: :obj:`'Poses'`)

    Raises:
        ValueError: If poses do not match (see :func:`align_timelines`), or
            the graph is not on the skeleton of a result.
        RuntimeError: If the file cannot be written.

    Example:
        >>> poses = read_poses('poses.npz')
        >>> write_page('view.html', {'ours': poses}, title='A walk')
    """
    content = page_content(results, truth, graph)
    folder = resources.files('pyg_hcsf') / 'viewer' / 'assets'
    style = (folder / 'viewer.css').read_text(encoding='utf-8')
    script = ''.join(
        (folder / name).read_text(encoding='utf-8') for name in SCRIPTS
    )
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src "
        f"{_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    parts = {
        'policy': policy,
        'title': html.escape(title),
        'style': style,
        'script': script,
        'data': _json(content),
    }
    template = (folder / 'viewer.html').read_text(encoding='utf-8')
    text = re.sub(r'\{\{(\w+)\}\}', lambda m: parts[m[1]], template)
    with atomic_write(path) as part:
        part.write_text(text, encoding='utf-8')


def page_content(
    results: Results,
    truth: Optional[Sequence[PoseSequence]] = None,
    graph: Optional[LearnedGraph] = None,
) -> dict[str, Any]:
    r"""The data of the page as for JSON, with arrays in base64 of their
    little-endian bytes. Arguments are those of :func:`write_page`.
    """
    scene = align_timelines(results, truth)
    sequences = [person.sequence for s in scene.sources for person in s.people]
    bodies: list[Skeleton] = []
    for sequence in sequences:
        bodies.append(_bare(sequence.skeleton))
        bodies += [] if sequence.layout is None else [_bare(sequence.layout)]
    bodies = list(dict.fromkeys(bodies))
    return {
        'fps': scene.fps,
        'axes': scene.axes,
        'frames': _pack(scene.frames, '<i4'),
        'names': scene.names,
        'unit': scene.unit,
        'skeletons': [_skeleton(body) for body in bodies],
        'sources': [
            {
                'name': source.name,
                'truth': source.truth,
                'people': [_person(p, bodies) for p in source.people],
            }
            for source in scene.sources
        ],
        'notes': list(dict.fromkeys(s.note for s in sequences if s.note)),
        'graph': graph and _graph(graph, bodies, scene.frames),
    }


def _person(person: Person, bodies: list[Skeleton]) -> dict[str, Any]:
    sequence, points = person.sequence, None
    if sequence.keypoints is not None:
        points = {
            'skeleton': bodies.index(_bare(sequence.layout)),
            'xy': _pack(sequence.keypoints.xy, '<f4'),
            'score': _pack(sequence.keypoints.score, '<f4'),
            'size': sequence.image_size
            and list(map(float, sequence.image_size)),
        }
    return {
        'number': person.number,
        'skeleton': bodies.index(_bare(sequence.skeleton)),
        'row': _pack(person.row, '<i4'),
        'pose': _pack(person.pose, '<f4'),
        'root': _pack(person.root, '<f4'),
        'uncertainty': _pack(sequence.uncertainty, '<f4'),
        'keypoints': points,
    }


def _bare(skeleton: Skeleton) -> Skeleton:
    """The skeleton without graphs, which pages and files do not have."""
    return replace(skeleton, graphs={}, graph='tree')


def _skeleton(skeleton: Skeleton) -> dict[str, Any]:
    return {
        'joints': skeleton.joints,
        'bones': skeleton.bones,
        'left': skeleton.left,
        'right': skeleton.right,
    }


def _graph(
    graph: LearnedGraph, bodies: list[Skeleton], timeline: np.ndarray
) -> dict[str, Any]:
    if (body := _bare(graph.skeleton)) not in bodies:
        raise ValueError(
            "Expected a 'graph' of one of the skeletons "
            f'{[known.name for known in bodies]} of the results (got '
            f"'{body.name}')"
        )

    def row(frames: Optional[np.ndarray]) -> Optional[str]:
        rows = None if frames is None else rows_of(frames, timeline)
        return _pack(rows, '<i4')

    hops = graph.attribution
    return {
        'skeleton': bodies.index(body),
        'groups': [
            {
                'name': group.name,
                'edges': group.edges.tolist(),
                'weights': _pack(group.weights, '<f4'),
                'row': row(group.frames),
            }
            for group in graph.groups
        ],
        'hops': hops
        and {
            'names': hops.hops,
            'total': hops.total.tolist(),
            'values': _pack(hops.values, '<f4'),
            'row': row(hops.frames),
        },
    }


def _pack(values: Optional[np.ndarray], kind: str) -> Optional[str]:
    if values is None:
        return None
    return base64.b64encode(values.astype(kind).tobytes()).decode()


def _json(content: Any) -> str:
    """JSON that cannot end its HTML element: markup is escaped."""
    text = json.dumps(content, allow_nan=False, separators=(',', ':'))
    for mark in '<>&':
        text = text.replace(mark, f'\\u{ord(mark):04x}')
    return text


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
