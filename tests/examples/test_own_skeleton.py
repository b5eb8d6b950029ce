from examples import own_skeleton


def test_learns_and_writes_a_page(tmp_path):
    first, last = own_skeleton.main(tmp_path / 'dog.html', steps=60)
    assert last < 0.2 * first  # the error of a joint in metres
    assert 'FrontLeftPaw' in (tmp_path / 'dog.html').read_text()
