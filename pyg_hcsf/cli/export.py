"""Exports a network to ONNX, for a phone, a browser or a server.

    pip install 'pyg_hcsf[export]'
    pyg-hcsf export temporal_coco17 lifter.onnx
    pyg-hcsf export runs/lift/default/temporal_coco17/0 lifter.onnx
    pyg-hcsf export runs/pose/own/hcsf/0 lifter.onnx
    pyg-hcsf export runs/action/utd_mhad/hcsf/0 actions.onnx

Lifters of the package and of lift runs: the input `x` is the result of
pyg_hcsf.geometry.window_input, of shape [B, N, 3] for a network of single
frames, otherwise [B, T, N, 3]. The N joints are the 17 of Human3.6M or the 23
of h36m23 (keypoints as by pyg_hcsf.keypoints.convert_joints). The output
`pose`, [B, N, 3], is of unit size; pyg_hcsf.geometry.decode_pose converts it
to millimetres. A fourth channel holds the expected error of each joint, see
expected_error in pyg_hcsf.lifting.expected_error. pyg_hcsf.lifting.Lifter does
all of this, and also averages the predictions for an image and its mirror
image.

Networks of pose runs: the input `x`, [B, N, 2] or [B, T, N, 2], and the output
`pose`, [B, N, 3], are in the units of the run's protocol (see
pyg_hcsf.protocols.get_protocol).

Action networks: the input `x`, [B, T, M, N, 3], has clips of the length of
the training, prepared as by pyg_hcsf.recognition.Recognizer. The output
`scores`, [B, classes], is a logit for each action.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyg_hcsf.cli.command import CommandParser, require
from pyg_hcsf.cli.paths import check_output

if TYPE_CHECKING:
    from torch import Tensor

LIFTER, RECOGNIZER = 'weights.safetensors', 'recognizer.safetensors'


def make_parser() -> CommandParser:
    """Makes the command line parser."""
    parser = CommandParser(prog='pyg-hcsf export', description=__doc__)
    text = 'weights of the package such as single_coco17, a .safetensors '
    text += 'file, or the folder of a finished lift, pose or action run'
    parser.add_argument('weights', help=text)
    parser.add_argument('out', type=Path, help='the file to write, .onnx')
    return parser


def main(argv: list[str] | None = None) -> Path:
    """Runs the command line; returns the file that it wrote."""
    args = make_parser().parse_args(argv)
    check_output('out', args.out, ('.onnx',))
    require('onnx', 'onnxscript')
    return export(args.weights, args.out)


def export(weights: str, out: Path) -> Path:
    """Exports a network with a free batch size.

    Args:
        weights (str): The name of weights, a file, or the folder of a run.
        out (pathlib.Path): The file to write.
    """
    import torch

    from pyg_hcsf.safe_io.atomic_write import atomic_write

    # It warns that torchvision, which no network needs, is not installed.
    logging.getLogger('torch.onnx').setLevel(logging.ERROR)
    model, x, output = load_network(weights)
    with atomic_write(out) as part:
        torch.onnx.export(
            model,
            (x,),
            part,
            input_names=['x'],
            output_names=[output],
            dynamic_shapes=({0: torch.export.Dim('batch')},),
            external_data=False,
            dynamo=True,
            verbose=False,
        )
    with torch.no_grad():
        shapes = [', '.join(map(str, v.shape[1:])) for v in (x, model(x))]
    print(f"Wrote '{out}': x [B, {shapes[0]}] to {output} [B, {shapes[1]}]")
    return out


def load_network(weights: str) -> tuple[Any, Tensor, str]:
    """Loads a network in evaluation mode.

    Returns:
        The network, an example of its input, and the name of its output.
    """
    import torch

    path = Path(weights).expanduser()
    if path.is_dir():
        names = (LIFTER, RECOGNIZER)
        found = [path / name for name in names if (path / name).is_file()]
        if not found:
            from pyg_hcsf.nn import PoseLifter

            model = PoseLifter.from_run(path)
            joints = model.skeleton.num_joints
            shape = (model.frames,) * (model.frames > 1)
            x = torch.zeros(2, *shape, joints, model.in_channels)
            return model.folded(), x, 'pose'
        path = found[0]
    if path.name == RECOGNIZER:
        from pyg_hcsf.recognition import load_recognizer

        recognizer, info = load_recognizer(path)
        joints = recognizer.skeleton.num_joints
        shape = (info.length, info.num_bodies, joints, recognizer.in_channels)
        return recognizer, torch.ones(2, *shape), 'scores'
    from pyg_hcsf.lifting import load_lifter

    lifter, about = load_lifter(path)
    window = (about.frames,) * (about.frames > 1)
    joints = lifter.skeleton.num_joints
    return lifter.folded(), torch.zeros(2, *window, joints, 3), 'pose'
