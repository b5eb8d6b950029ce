"""Exports a lifting network to ONNX, for a phone, a browser or a server.

    pip install -e '.[export]'
    python examples/export_onnx.py temporal_coco17 lifter.onnx

The input `x` is the result of `pyg_hcsf.geometry.window_input`, of shape
[B, 17, 3] for a network of single frames, otherwise [B, T, 17, 3]. The output
`pose`, [B, 17, 3], is of unit size; `pyg_hcsf.geometry.decode_pose` converts
it to millimetres. `pyg_hcsf.lifting.Lifter` does both, and also averages the
predictions for an image and its mirror image.
"""

import argparse
from pathlib import Path

import torch

from pyg_hcsf.lifting import load_lifter


def main(weights: str, out: Path) -> None:
    """Exports the network, folded for inference, with a free batch size."""
    model, info = load_lifter(weights)
    window = (17, 3) if info.frames == 1 else (info.frames, 17, 3)
    torch.onnx.export(
        model.folded(),
        (torch.zeros(2, *window),),
        out,
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
    parser.add_argument('out', type=Path, help='.onnx file to write')
    args = parser.parse_args()
    main(args.weights, args.out)
    print(f"Wrote '{args.out}'")
