"""Combines HCSFConv and GCNConv in one network, on batches of PyG graphs.

    python examples/compose_pyg.py

The network classifies single 3D poses of generated motion: does the person
walk or sit? HCSFConv uses the edges of all hops, GCNConv the bones.
"""

import torch
from torch import nn
from torch_geometric.data import Batch, Data
from torch_geometric.loader import DataLoader
from torch_geometric.nn import GCNConv, global_mean_pool

from pyg_hcsf import HopEdges, get_skeleton
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.nn import HCSFConv
from pyg_hcsf.transforms import AddHopEdges

SKELETON = get_skeleton('h36m17')
HOPS = HopEdges(SKELETON, short_hops=1, long_hops=2)
ACTIONS = ('Walking', 'Sitting')


class PoseClassifier(nn.Module):
    """HCSF on hops, GCN on bones, the mean over joints, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = HCSFConv(3, 16, HOPS, squeeze=1 / 4)
        self.conv2 = GCNConv(16, 16)
        self.linear = nn.Linear(16, len(ACTIONS))

    def forward(self, data: Batch) -> torch.Tensor:
        x = self.conv1(data.x, data.edge_index, data.edge_pair).relu()
        x = self.conv2(x, data.bone_index).relu()
        return self.linear(global_mean_pool(x, data.batch))


def poses(subject: str) -> list[Data]:
    """Makes one graph for each pose, relative to the root and in metres."""
    graphs, add_hops = [], AddHopEdges(HOPS)
    for label, action in enumerate(ACTIONS):
        pos = motion_clip(subject, action, take=1, num_frames=100).pos
        pos = (pos - pos[SKELETON.root]) / 1000  # [17, 100, 3]
        for x in pos.unbind(1):
            # PyG adds offsets to `bone_index`, as to all names with `index`.
            data = Data(x=x, y=label, bone_index=SKELETON.edge_index)
            graphs.append(add_hops(data))
    return graphs


def main(epochs: int = 5) -> float:
    """Trains on two people; returns the accuracy on another one."""
    torch.manual_seed(0)
    train = DataLoader(poses('S1') + poses('S5'), batch_size=32, shuffle=True)
    model = PoseClassifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(epochs):
        for batch in train:
            loss = nn.functional.cross_entropy(model(batch), batch.y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    batch = Batch.from_data_list(poses('S9'))
    accuracy = (model(batch).argmax(-1) == batch.y).float().mean().item()
    print(f'{accuracy:.0%} of the poses of a new person are classified right')
    return accuracy


if __name__ == '__main__':
    main()
