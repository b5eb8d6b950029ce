import pytest
import torch
from torch_geometric.data import Data

from pyg_hcsf import get_skeleton
from pyg_hcsf.transforms import AlignBody

SKELETON = get_skeleton('h36m17')


@pytest.mark.parametrize('bodies', [(), (2,)])
def test_follow(bodies):
    x = torch.randn(17, 9, *bodies, 3) + torch.tensor([4.0, 2.0, 1.0])
    plain = AlignBody(SKELETON, 2)(Data(x=x)).x
    out = AlignBody(SKELETON, 2, follow=True)(Data(x=x)).x
    root = SKELETON.root
    assert not out[root, ..., :2].any()
    torch.testing.assert_close(out[..., 2], plain[..., 2])
    one, two = (pose - pose[root] for pose in (plain, out))
    torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-5)


def test_follow_needs_an_axis():
    with pytest.raises(ValueError, match="'up'.*'follow'"):
        AlignBody(SKELETON, follow=True)
