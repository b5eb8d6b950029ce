r"""Classifies actions in a clip of 3D joints or live, with the network of a
finished action run.

    pyg-hcsf recognize a3_s2_t1_skeleton.mat \
        --run runs/action/utd_mhad/hcsf/0
    pyg-hcsf recognize CLIP.npz --run RUN --window 60 --stride 15
    sensor | pyg-hcsf recognize --live stdin --run RUN
    pyg-hcsf recognize --live tcp:4000 --run RUN

A clip is a .skeleton of NTU RGB+D, a .mat of UTD-MHAD, or a .npz with joints
[T, N, 3] or [T, M, N, 3] or the poses of pyg-hcsf lift --axes world. It is
classified as a whole, as in the evaluation of the run, or window by window.
In live mode, each line of input is one frame as JSON, {"frame": 1, "joints":
[[x, y, z], ...]}. The port accepts connections from this machine only. Each
line of output is one label as JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pyg_hcsf.cli.command import CommandParser, log
from pyg_hcsf.cli.paths import check_input

if TYPE_CHECKING:
    from pyg_hcsf.recognition import Label, Recognizer
    from pyg_hcsf.streaming import JsonLines


def make_parser() -> CommandParser:
    """The parser of the command line."""
    parser = CommandParser(prog='pyg-hcsf recognize', description=__doc__)
    add = parser.add_argument
    add('clip', nargs='?', type=Path, help='clip of 3D joints')
    add('--live', help='stdin or tcp:PORT, instead of a clip')
    add(
        '--run',
        type=Path,
        required=True,
        help='folder of an action run, or its recognizer.safetensors',
    )
    text = 'frames of a window; default: those of a typical training clip'
    add('--window', type=int, help=text)
    text = 'frames between labels; default: a quarter of the window'
    add('--stride', type=int, help=text)
    return parser


def main(argv: list[str] | None = None) -> list[Label]:
    """Runs the command; returns the labels of a clip."""
    parser = make_parser()
    args = parser.parse_args(argv)
    if (args.clip is None) == (args.live is None):
        parser.error('give either a clip or --live')
    check_input('--run', args.run)
    if args.clip is not None:
        check_input('clip', args.clip)
    from pyg_hcsf.recognition import Recognizer
    from pyg_hcsf.recognition.live_recognizer import label_to_dict

    recognizer = Recognizer(args.run)
    if args.live is not None:
        stream(recognizer, args)
        return []
    labels = []
    for label in classify(recognizer, args):
        print(json.dumps(label_to_dict(label)), flush=True)
        labels.append(label)
    return labels


def classify(
    recognizer: Recognizer, args: argparse.Namespace
) -> Iterator[Label]:
    """Yields the labels of a file: of the whole clip, or of its windows."""
    from pyg_hcsf.recognition import LiveRecognizer
    from pyg_hcsf.recognition.joint_clip import read_joint_clip

    joints, frames = read_joint_clip(args.clip)
    if args.window is None and args.stride is None:
        yield recognizer.recognize(joints)
        return
    live = LiveRecognizer(recognizer, args.window, args.stride)
    if int(frames[-1] - frames[0]) + 1 < live.window:
        raise ValueError(
            f'Expected a clip of at least one window of {live.window} frames '
            f"(got {len(frames)} in '{args.clip}'): choose a shorter "
            '--window, or none to classify the whole clip'
        )
    for frame, bodies in zip(frames.tolist(), joints, strict=True):
        label = live.push(frame, bodies)
        if label is not None:
            yield label
    stats = live.stats()
    if not stats['accepted']:
        raise ValueError(
            f'Expected bodies of {recognizer.skeleton.num_joints} joints, '
            f"those of '{recognizer.skeleton.name}', in '{args.clip}' (got "
            f'joints of shape {list(joints.shape)})'
        )
    log(json.dumps({'stats': stats}))


def stream(recognizer: Recognizer, args: argparse.Namespace) -> None:
    """Classifies lines until they end, or the command is interrupted."""
    from pyg_hcsf.recognition import LiveRecognizer
    from pyg_hcsf.streaming import JsonLines, stream_lines

    def make() -> JsonLines:
        return JsonLines(LiveRecognizer(recognizer, args.window, args.stride))

    # Raises before the port opens.
    live = LiveRecognizer(recognizer, args.window, args.stride)
    info = recognizer.info
    log(
        f'Classifying {len(info.actions)} actions of up to {info.num_bodies} '
        f'bodies of {info.skeleton}, in {info.unit} at {info.fps:g} Hz: '
        f'windows of {live.window} frames with a stride of {live.stride}'
    )
    stream_lines(
        make, args.live, lambda port: log(f'Listening on 127.0.0.1:{port}')
    )
