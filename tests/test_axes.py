import pytest
import torch
from torch_geometric.data import Data

from pyg_hcsf.axes import frames_first, nodes_first, to_data, to_frames


@pytest.mark.parametrize(
    'first, last',
    [
        ((9, 17), (17, 9)),
        ((9, 17, 2), (17, 9, 2)),
        ((9, 2, 25, 3), (25, 9, 2, 3)),
    ],
)
def test_nodes_come_to_the_front_and_back(first, last):
    x = torch.rand(first)
    assert nodes_first(x).shape == last
    assert torch.equal(frames_first(nodes_first(x)), x)


def test_only_sequences_are_permuted():
    clip = {'x': torch.rand(9, 17, 2), 'y': torch.tensor([3]), 'clip': 'a'}
    data = to_data(clip, ('x',))
    assert isinstance(data, Data) and data.x.is_contiguous()
    assert data.x.shape == (17, 9, 2)
    assert (data.y.tolist(), data.clip) == ([3], 'a')
    back = to_frames(data, ('x', 'y', 'clip'))
    assert back.keys() == clip.keys()
    assert torch.equal(back['x'], clip['x'])
