"""Writes the network of a lifter as ONNX, for a phone, a browser or a server.

    pip install -e '.[export]'
    python examples/export_onnx.py temporal_coco17 lifter.onnx

The input `x` is a window of keypoints as `pyg_hcsf.geometry.window_input`
makes it, [B, T, 17, 3], or [B, 17, 3] of a lifter of one frame; the output
`pose` is of unit size, which `pyg_hcsf.geometry.decode_pose` turns to
millimetres: [B, 17, 3]. `pyg_hcsf.lifting.Lifter` does both, lifts the mirror
image, too, and takes the mean.
"""

import argparse
from pathlib import Path

import torch

from pyg_hcsf.lifting import load_lifter
from pyg_hcsf.safe_io.atomic_write import atomic_write


def export(weights: str, out: Path) -> None:
    """Writes the network, folded for inference, for batches of any size."""
    model, info = load_lifter(weights)
    window = (17, 3) if info.frames == 1 else (info.frames, 17, 3)
    with atomic_write(out) as part:
        torch.onnx.export(
            model.folded(),
            (torch.zeros(2, *window),),
            part,
            input_names=['x'],
            output_names=['pose'],
            dynamic_shapes=({0: torch.export.Dim('batch')},),
            external_data=False,
            dynamo=True,
            verbose=False,
        )


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('weights', help='such as single_coco17, or a file')
    parser.add_argument('out', type=Path, help='the .onnx file to write')
    args = parser.parse_args()
    export(args.weights, args.out)
    print(f"Wrote '{args.out}'")
