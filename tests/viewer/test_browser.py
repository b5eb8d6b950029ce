"""The page in a headless Chromium, with real keys, mouse and touch."""

import io
import time

import numpy as np
import pytest

from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry import human36m_cameras
from pyg_hcsf.keypoints import Track
from pyg_hcsf.poses import PoseSequence
from pyg_hcsf.viewer import (
    EdgeGroup,
    HopAttribution,
    LearnedGraph,
    write_page,
)
from tests.viewer.chromium import BINARY, Chromium

pytestmark = pytest.mark.skipif(
    BINARY is None, reason='there is no chromium; apt-get install chromium'
)
FRAMES = 50
HOSTILE = '<img src=x onerror=alert(1)>'
PIXELS = """(() => {
  const canvas = document.querySelector('%s canvas');
  const { width, height } = canvas;
  return canvas.getContext('2d').getImageData(0, 0, width, height).data
    .reduce((sum, value, k) => (31 * sum + value * (k %% 251)) | 0, 7);
})()"""
"""A number that differs between two states of a canvas."""


def walk(name, action, noise, seed):
    camera = human36m_cameras('S9')[0]
    clip = motion_clip('S9', action, 1, FRAMES)
    seen = camera.world_to_camera(clip.pos.double()).transpose(0, 1)
    xy = camera.project(seen).numpy()
    joints = seen.numpy()
    pose = joints - joints[:, :1]
    rng = np.random.default_rng(seed)
    offset = noise * rng.normal(size=pose.shape)
    offset[:, 0] = 0
    frames = np.arange(10, 10 + FRAMES)
    return PoseSequence(
        name,
        'h36m17',
        frames,
        pose + offset,
        fps=25.0,
        uncertainty=np.full((FRAMES, 17), 2 * float(noise)),
        root=joints[:, 0],
        keypoints=Track(name, frames, xy, rng.uniform(0, 1, (FRAMES, 17))),
        layout='h36m17',
        image_size=(1000, 1002),
    )


@pytest.fixture(scope='module')
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp('pages')
    truth = walk('1', 'Walking', 0, 0)
    first, second = (walk('1', 'Walking', 10 * k, k) for k in (1, 2))
    edges = np.array([[i, (i + 1) % 17] for i in range(17)], np.int32)
    graph = LearnedGraph(
        'h36m17',
        (
            EdgeGroup('M', 1, edges, np.linspace(-1, 1, 17)),
            EdgeGroup(
                'O',
                2,
                edges,
                np.eye(3, 17),
                frames=np.array([10, 12, 14], np.int32),
            ),
        ),
        HopAttribution((0, 1, 2), np.array([0.9, 0.5, 0.2])),
    )
    write_page(folder / 'one.html', {'ours': [first]}, [truth], graph)
    write_page(folder / 'two.html', {'A': [first], 'B': [second]}, [truth])
    others = [first, walk(HOSTILE, 'Greeting', 5, 3)]
    write_page(folder / 'people.html', {HOSTILE: others}, title=HOSTILE)
    return folder


@pytest.fixture(scope='module')
def browser():
    chromium = Chromium()
    yield chromium
    chromium.close()


def frame(browser):
    browser.drawn()
    return int(browser.run('document.getElementById("frame").value'))


def pressed(browser):
    return browser.run(
        '[...document.querySelectorAll("[aria-pressed=true]")]'
        '.filter((b) => !b.hidden).map((b) => b.textContent)'
    )


def pixels(browser, panel='#scene'):
    browser.drawn()
    return browser.run(PIXELS % panel)


def test_keys(pages, browser):
    browser.open(pages / 'one.html')
    status = 'document.getElementById("status").textContent'
    assert browser.run(status) == 'frame 10 · 0.00 s'
    assert pressed(browser) == ['Front', 'Overlay', 'Errors']
    for key, shift, expected in [
        ('ArrowRight', False, 1),
        ('ArrowRight', True, 11),
        ('ArrowLeft', False, 10),
        ('End', False, FRAMES - 1),
        ('ArrowRight', False, FRAMES - 1),
        ('Home', False, 0),
    ]:
        browser.press(key, shift)
        assert frame(browser) == expected
    browser.press('End')
    assert browser.run(status) == 'frame 59 · 1.96 s'
    seen = {pixels(browser)}
    for key in ('2', '3', '[', '+', 'l', 'e', 'u', 'g', 'o', 'r'):
        browser.press(key)
        seen.add(pixels(browser))
    assert len(seen) == 11  # each changed the picture
    assert pressed(browser) == [
        'Side by side',
        'Uncertainty',
        'Graph',
        'Labels',
        'Roam',
    ]
    browser.press('?')
    assert browser.run('document.getElementById("help").open')
    browser.click('#help button')
    assert not browser.run('document.getElementById("help").open')
    assert browser.complaints() == []


def test_play(pages, browser):
    browser.open(pages / 'one.html')
    before = pixels(browser), pixels(browser, '#image')
    browser.press(' ')
    label = 'document.getElementById("play").getAttribute("aria-label")'
    assert browser.run(label) == 'Pause'
    browser.wait('Number(document.getElementById("frame").value) > 2')
    browser.click('#play')
    assert browser.run(label) == 'Play'
    stopped = frame(browser)
    browser.drawn()
    assert frame(browser) == stopped > 2
    after = pixels(browser), pixels(browser, '#image')
    assert before[0] != after[0] and before[1] != after[1]
    browser.press('End')
    browser.press('ArrowLeft')
    browser.press(' ')  # plays to the end and stops there
    browser.wait(f'{label} === "Play"')
    assert frame(browser) == FRAMES - 1
    assert browser.complaints() == []


def test_errors_are_those_of_the_poses(pages, browser):
    browser.open(pages / 'two.html')
    assert pressed(browser) == ['Front', 'Side by side', 'Errors']
    truth = walk('1', 'Walking', 0, 0).pose[0]
    totals = browser.run(
        '[...document.querySelectorAll(".total b")].map(b => b.textContent)'
    )
    poses = [walk('1', 'Walking', 10 * k, k).pose[0] for k in (1, 2)]
    error = [np.linalg.norm(pose - truth, axis=-1) for pose in poses]
    assert totals == [f'{e.mean():.1f}' for e in error]
    cells = browser.run(
        '[...document.querySelectorAll("#measure tr")].map(row => '
        '[row.cells[0].textContent, row.cells[2].textContent])'
    )
    assert cells[3] == ['RFoot', ' · '.join(f'{e[3]:.0f}' for e in error)]
    assert len(cells) == 17


def test_graph(pages, browser):
    browser.open(pages / 'one.html')
    browser.press('g')
    shown = 'document.getElementById("shown").textContent'
    assert browser.run(shown) == '16 of 17'  # the weight of one is zero
    browser.run(
        '(() => { const s = document.getElementById("group"); s.value = 1;'
        's.dispatchEvent(new Event("change")); })()'
    )
    browser.drawn()
    assert browser.run(shown) == '1 of 17'
    browser.press('ArrowRight')
    assert browser.run(shown) == '0 of 17'  # not known in this frame
    hops = '[...document.querySelectorAll("#hops tr")].map(r => r.textContent)'
    assert browser.run(hops) == ['hop 00.90', 'hop 10.50', 'hop 20.20']


def test_mouse(pages, browser):
    browser.open(pages / 'one.html')
    before = pixels(browser)
    x, y = browser.middle('#scene canvas')
    browser.mouse('mousePressed', x, y)
    browser.mouse('mouseMoved', x + 80, y + 10)
    browser.mouse('mouseReleased', x + 80, y + 10)
    turned = pixels(browser)
    browser.mouse('mouseWheel', x, y, deltaX=0, deltaY=-300)
    zoomed = pixels(browser)
    assert len({before, turned, zoomed}) == 3
    x, y = browser.middle('#curve')
    browser.mouse('mousePressed', x, y)
    assert frame(browser) in (FRAMES // 2 - 1, FRAMES // 2)
    browser.mouse('mouseMoved', x - 5000, y)
    browser.mouse('mouseReleased', x - 5000, y)
    assert frame(browser) == 0
    browser.click('[data-view="top"]')
    assert pressed(browser)[0] == 'Top'
    browser.press(' ')  # plays, and does not press the button again
    assert browser.run('document.body.classList.contains("playing")')
    assert browser.complaints() == []


def test_touch_on_a_phone(pages, browser):
    browser.open(pages / 'one.html', 390, 844, mobile=True)
    root = 'document.documentElement'
    assert browser.run(f'{root}.scrollWidth <= {root}.clientWidth')
    x, y = browser.middle('#scene canvas')
    seen = {pixels(browser)}
    browser.touch('touchStart', (x, y))
    browser.touch('touchMove', (x + 60, y))
    browser.touch('touchEnd')
    seen.add(pixels(browser))
    browser.touch('touchStart', (x - 20, y), (x + 20, y))
    browser.touch('touchMove', (x - 80, y), (x + 80, y))
    browser.touch('touchEnd')
    seen.add(pixels(browser))
    assert len(seen) == 3
    x, y = browser.middle('#curve')
    browser.touch('touchStart', (x, y))
    browser.touch('touchEnd')
    assert frame(browser) in (FRAMES // 2 - 1, FRAMES // 2)
    assert browser.complaints() == []


def test_people_with_hostile_names(pages, browser):
    browser.open(pages / 'people.html', dark=True)
    options = browser.run(
        '[...document.getElementById("person").options].map(o => o.text)'
    )
    assert options == ['Everyone', '1', HOSTILE]
    assert browser.run('document.title') == HOSTILE
    assert browser.run('document.images.length') == 0
    everyone = pixels(browser)
    browser.run(
        '(() => { const s = document.getElementById("person"); s.value = 1;'
        's.dispatchEvent(new Event("change")); })()'
    )
    assert pixels(browser) != everyone
    heading = 'document.querySelector("#measure h2").textContent'
    assert browser.run(heading) == 'Expected error by joint'
    assert browser.complaints() == []


@pytest.mark.parametrize('frames', [1, 3])
def test_poses_and_nothing_else(tmp_path, browser, frames):
    clip = motion_clip('S9', 'Walking', 1, FRAMES)
    pose = clip.pos.double().transpose(0, 1).numpy()[:frames]
    numbers = np.arange(frames)
    pose = PoseSequence('1', 'h36m17', numbers, pose - pose[:, :1], 'world')
    write_page(tmp_path / 'bare.html', {'ours': [pose]})
    browser.open(tmp_path / 'bare.html')
    shown = browser.run(
        '[...document.querySelectorAll('
        '"figure, aside, .tools button, #curve")]'
        '.filter((e) => e.checkVisibility()).map((e) => e.id || e.textContent)'
    )
    assert shown == ['Front', 'Side', 'Top', 'Labels', 'save', 'ask', 'scene']
    first = pixels(browser)
    for key in ('e', 'u', 'g', 'r', 'o'):  # have nothing to show
        browser.press(key)
    assert pixels(browser) == first
    browser.press(' ')
    browser.wait('!document.body.classList.contains("playing")')
    assert frame(browser) == frames - 1
    browser.press('Home')
    browser.run('document.getElementById("frame").focus()')
    browser.press('ArrowRight')  # the slider does not move on its own too
    assert frame(browser) == min(1, frames - 1)
    assert browser.complaints() == []


def test_policy_forbids_the_network(pages, browser):
    browser.open(pages / 'one.html')
    sent = browser.run(
        'fetch("http://127.0.0.1:9/").then(() => "sent", () => "refused")'
    )
    assert sent == 'refused'
    assert 'Content Security Policy' in str(browser.complaints())


def test_every_control_has_a_name(pages, browser):
    browser.open(pages / 'one.html')
    nodes = browser.send('Accessibility.getFullAXTree')['nodes']
    roles = ('button', 'combobox', 'slider', 'toolbar', 'group')
    found = [n for n in nodes if n['role']['value'] in roles]
    names = [n.get('name', {}).get('value') for n in found]
    assert len(names) > 20 and all(names)


@pytest.mark.pictures
def test_save(pages, browser, tmp_path):
    import matplotlib.image

    browser.open(pages / 'one.html')
    browser.send(
        'Page.setDownloadBehavior',
        behavior='allow',
        downloadPath=str(tmp_path),
    )
    browser.press('ArrowRight')
    browser.press('s')
    end = time.monotonic() + 30
    path = tmp_path / 'frame-11.png'
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.05)
    sizes = browser.run(
        '[...document.querySelectorAll("figure canvas")]'
        '.map(c => [c.width, c.height])'
    )
    image = matplotlib.image.imread(path)
    assert image.shape[:2] == (sizes[0][1], sizes[0][0] + sizes[1][0])
    assert browser.complaints() == []


@pytest.mark.pictures
def test_screenshot(pages, browser):
    import matplotlib.image

    browser.open(pages / 'one.html')
    browser.drawn()
    image = matplotlib.image.imread(io.BytesIO(browser.screenshot()))
    panels = image[100:690, 20:985, :3]
    colours = np.unique((panels * 255).astype(int).reshape(-1, 3), axis=0)
    for blue_or_red in ([0, 114, 178], [213, 94, 0]):
        assert (colours == blue_or_red).all(1).any()
