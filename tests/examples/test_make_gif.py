import pytest


def test_picture_of_the_readme(tmp_path):
    pytest.importorskip('matplotlib')
    from PIL import Image

    from examples import make_gif

    path = tmp_path / 'walk.gif'
    make_gif.main(path, first=30, last=36)
    with Image.open(path) as picture:
        assert picture.n_frames == 6
        assert picture.info['duration'] == 40  # ms
