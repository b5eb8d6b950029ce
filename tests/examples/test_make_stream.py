import json

import numpy as np

from examples import make_stream
from tests.paths import REPO


def test_stream_is_reproducible(tmp_path):
    make_stream.main(tmp_path / 'stream.jsonl')
    example = REPO / 'examples' / 'actions_h36m17.jsonl'
    new, old = (
        [json.loads(line) for line in path.read_text().splitlines()]
        for path in (tmp_path / 'stream.jsonl', example)
    )
    frames = [line['frame'] for line in old]
    assert [line['frame'] for line in new] == frames
    assert len(frames) == 360 and frames[120] == 170
    np.testing.assert_allclose(
        [line['joints'] for line in new],
        [line['joints'] for line in old],
        atol=1.1,  # rounded
    )
