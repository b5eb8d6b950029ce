import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from pyg_hcsf.keypoints import Track
from pyg_hcsf.poses import PoseSequence
from pyg_hcsf.viewer import EdgeGroup, LearnedGraph, write_page
from pyg_hcsf.viewer.timelines import align_timelines, joint_errors, rows_of

HOSTILE = '</script><script>alert(1)</script><!-- & \u2028'


def person(name='1', frames=6, seed=0, axes='camera', **kwargs):
    rng = np.random.default_rng(seed)
    frames = np.arange(frames) if isinstance(frames, int) else frames
    count = len(frames)
    pose = 300 * rng.normal(size=(count, 17, 3))
    pose[:, 0] = 0
    xy = 500 + 100 * rng.normal(size=(count, 17, 2))
    xy[0, 3] = np.nan
    track = Track(name, frames, xy, np.full((count, 17), 0.5))
    return PoseSequence(
        name,
        'h36m17',
        frames,
        pose,
        axes,
        keypoints=track,
        layout='h36m17',
        **kwargs,
    )


class Page(HTMLParser):
    """The text of every element, by tag and id."""

    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.texts, self.tags, self.policy = {}, [], ''
        self.key = 'between'
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.key = dict(attrs).get('id', tag)
        self.texts.setdefault(self.key, '')
        if dict(attrs).get('http-equiv') == 'Content-Security-Policy':
            self.policy = dict(attrs)['content']

    def handle_endtag(self, tag):
        self.key = 'between'

    def handle_data(self, data):
        if self.key != 'between':
            self.texts[self.key] += data

    def array(self, text, kind):
        return np.frombuffer(base64.b64decode(text), kind)

    @property
    def data(self):
        return json.loads(self.texts['data'])


def test_content(tmp_path):
    ours = person(uncertainty=np.full((6, 17), 20.0), fps=25.0)
    truth = replace(person(seed=1), keypoints=None, layout=None)
    path = tmp_path / 'view.html'
    write_page(path, {'ours': [ours]}, [truth], title='A walk')
    page = Page(path)
    assert page.texts['title'] == 'A walk'
    data = page.data
    assert data['fps'] == 25
    assert [s['name'] for s in data['sources']] == ['ours', 'ground truth']
    given = data['sources'][0]['people'][0]
    pose = page.array(given['pose'], '<f4').reshape(6, 17, 3)
    right, down, away = np.moveaxis(ours.pose, -1, 0)
    z_up = np.stack([right, away, -down], axis=-1)
    np.testing.assert_array_equal(pose, z_up.astype(np.float32))
    xy = page.array(given['keypoints']['xy'], '<f4').reshape(6, 17, 2)
    np.testing.assert_array_equal(xy, ours.keypoints.xy.astype(np.float32))
    assert data['sources'][1]['people'][0]['keypoints'] is None


def test_page_needs_no_network(tmp_path):
    path = tmp_path / 'view.html'
    write_page(path, {'ours': [person()]})
    text, page = path.read_text(encoding='utf-8'), Page(path)
    assert not re.search(r'https?:|\bimport\b|fetch\(|eval\(|innerHTML', text)
    for tag, attrs in page.tags:
        assert not {'src', 'href', 'style'} & set(attrs), tag
        assert not any(name.startswith('on') for name in attrs), tag
    assert page.policy.startswith("default-src 'none'; ")
    for tag in ('script', 'style'):
        digest = hashlib.sha256(page.texts[tag].encode()).digest()
        assert base64.b64encode(digest).decode() in page.policy
    assert text.count('{{') == 0


def test_names_are_text(tmp_path):
    path = tmp_path / 'view.html'
    plain = person()
    people = [
        person(HOSTILE.replace('\u2028', '')),
        person('{{script}}', seed=1, note=HOSTILE),
    ]
    write_page(path, {'ours': [plain]}, title='ours')
    expected = [tag for tag, _ in Page(path).tags]
    write_page(path, {HOSTILE: people}, title=HOSTILE)
    page = Page(path)
    assert [tag for tag, _ in page.tags] == expected
    assert page.texts['h1'] == HOSTILE
    assert page.data['sources'][0]['name'] == HOSTILE
    assert page.data['names'] == [people[0].name, '{{script}}']
    assert page.data['notes'] == [HOSTILE]
    assert '\u2028' not in page.texts['data']


def test_data_cannot_end_its_element(tmp_path):
    """A browser ends a script at '</script' and a space, '/' or '>'."""
    path = tmp_path / 'view.html'
    name = '</script x> & </SCRIPT/ <!-- <script '
    write_page(path, {name: [person()]})
    text = path.read_text(encoding='utf-8')
    after = text.split('<script id="data" type="application/json">')[1]
    data = re.split(r'(?i)</script[\s/>]', after)[0]
    assert json.loads(data)['sources'][0]['name'] == name
    assert '<' not in data


def test_graph_rows(tmp_path):
    group = EdgeGroup(
        'first: M',
        hop=1,
        edges=np.array([[0, 1], [1, 0]], np.int32),
        weights=np.array([[1, 2], [3, 4]], np.float32),
        frames=np.array([2, 4], np.int32),
    )
    graph = LearnedGraph('h36m17', (group,))
    path = tmp_path / 'view.html'
    frames = np.array([1, 2, 4])
    write_page(path, {'ours': [person(frames=frames)]}, graph=graph)
    page = Page(path)
    (written,) = page.data['graph']['groups']
    assert page.array(written['row'], '<i4').tolist() == [-1, 0, 1]
    assert page.array(written['weights'], '<f4').tolist() == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="'graph' of one of the skeletons"):
        other = LearnedGraph('ntu25', (group,))
        write_page(path, {'ours': [person()]}, graph=other)
    assert Page(path).data == page.data  # what was there is unchanged


def test_people_and_frames():
    first = person('a', np.array([3, 5, 9]))
    second = person('b', np.array([4, 5]))
    scene = align_timelines(
        {'ours': [first, second]}, [person('b', 8), person('c')]
    )
    assert scene.frames.tolist() == [3, 4, 5, 9]
    assert scene.names == ('a', 'b')
    ours, truth = scene.sources
    assert [p.row.tolist() for p in ours.people] == [
        [0, -1, 1, 2],
        [-1, 0, 1, -1],
    ]
    assert [(p.number, p.row.tolist()) for p in truth.people] == [
        (1, [3, 4, 5, -1])
    ]


def test_single_people_are_the_same():
    scene = align_timelines(
        {'ours': [person('track 7')]}, [person('S9', seed=1)]
    )
    ours, truth = (source.people[0] for source in scene.sources)
    assert (ours.number, truth.number, scene.names) == (0, 0, ('track 7',))
    gap = ours.sequence.pose - truth.sequence.pose
    expected = np.sqrt((gap**2).sum(-1))
    np.testing.assert_allclose(joint_errors(ours, truth), expected, rtol=1e-5)


def test_errors_where_both_are():
    scene = align_timelines(
        {'ours': [person(frames=np.array([0, 1, 3]))]},
        [person(frames=np.array([1, 2, 3, 4]), axes='camera')],
    )
    ours, truth = (source.people[0] for source in scene.sources)
    error = joint_errors(ours, truth)
    assert np.isnan(error).all(1).tolist() == [True, False, False]


@pytest.mark.parametrize(
    'results,truth,match',
    [
        ({}, None, "one or two 'results'"),
        (person(), None, 'by name.*got a PoseSequence'),
        ([person()], None, 'by name.*got a list'),
        ({'ours': []}, None, "people in 'ours'"),
        ({'ours': [person(), person()]}, None, 'different names'),
        ({'ours': [person()]}, [person(axes='world')], 'same axes'),
        ({'ours': [person(frames=np.array([2**40]))]}, None, "'frames' of"),
    ],
)
def test_refused(results, truth, match):
    with pytest.raises(ValueError, match=match):
        align_timelines(results, truth)


def test_rows_of():
    rows = rows_of(np.array([2, 5]), np.array([1, 2, 3, 5, 8]))
    assert rows.tolist() == [-1, 0, -1, 1, -1]


def test_scenes_are_bounded():
    """Each of many people has a frame of its own."""
    pose = np.zeros((1, 17, 3))
    people = [
        PoseSequence(str(i), 'h36m17', np.array([i]), pose)
        for i in range(5000)
    ]
    with pytest.raises(ValueError, match='5000 people and 5000 frames'):
        align_timelines({'a': people})
    assert len(align_timelines({'a': people[:100]}).frames) == 100
