"""Trains a network that lifts 2D keypoints to 3D poses, in plain PyTorch.

    python examples/train_lifter.py lifter.pt

The data is generated motion with the joints and cameras of Human3.6M, so the
error says nothing about Human3.6M. Another data set, such as
`OpenMocap(root, 'train', transform=encode)`, takes its place unchanged.
"""

import argparse
from pathlib import Path

import torch

from pyg_hcsf.data import ClipLoader
from pyg_hcsf.datasets import SyntheticMotion
from pyg_hcsf.metrics import mpjpe
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.transforms import EncodePose

DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'


def train_epoch(model, loader, optimizer):
    """Trains for an epoch; returns the mean loss in metres."""
    model.train()
    losses = []
    for batch in loader:
        x, y = batch.x.to(DEVICE), batch.y.to(DEVICE)  # [B, 17, 2], [B, 17, 3]
        loss = (model(x) - y).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses).mean().item()


@torch.no_grad()
def evaluate(model, loader):
    """Returns the MPJPE in millimetres."""
    model.eval()
    pred = torch.cat([model(batch.x.to(DEVICE)).cpu() for batch in loader])
    true = torch.cat([batch.y for batch in loader])
    return mpjpe(1000 * pred, 1000 * true).item()


def main(out: Path, epochs=5, num_frames=100, hidden_channels=64) -> float:
    """Trains, prints the error on new people, and saves the weights."""
    torch.manual_seed(0)
    encode = EncodePose('vp3d')  # pixels to [-1, 1]; joints in m from the root
    train, test = (
        SyntheticMotion(split=split, num_frames=num_frames, transform=encode)
        for split in ('train', 'test')
    )
    train_loader = ClipLoader(train, batch_size=256, shuffle=True)
    test_loader = ClipLoader(test, batch_size=1024, stride=5)

    model = PoseLifter(hidden_channels=hidden_channels, dropout=0.0)
    model = model.to(DEVICE)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.7)
    for epoch in range(epochs):
        train_loader.set_epoch(epoch)
        loss = train_epoch(model, train_loader, optimizer)
        error = evaluate(model, test_loader)
        print(f'epoch {epoch + 1}: loss {loss:.4f} m, MPJPE {error:.1f} mm')
        scheduler.step()
    torch.save(model.state_dict(), out)
    return error


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('out', type=Path, help='.pt file to write')
    main(parser.parse_args().out)
