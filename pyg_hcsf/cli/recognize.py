r"""Classifies the actions of people in 3D poses, from a file or live.

    pyg-hcsf lift examples/walk_coco17.json --out walk.json --fps 25
    pyg-hcsf recognize walk.json
    pyg-hcsf recognize walk.json --out actions.csv
    sensor | pyg-hcsf recognize --live stdin --fps 30
    pyg-hcsf recognize a3_s2_t1_skeleton.mat \
        --run runs/action/utd_mhad/hcsf/0

Poses are .json, .csv, .npz or .bvh files of pyg-hcsf lift, or a .npz with
joints [T, 17, 3] or [T, M, 17, 3] of Human3.6M in millimetres, z up. The
output is a table of the actions of each person over time; where none is
probable enough, it says unsure.

With --run, the network is that of an action run. If it has other joints, the
clip is a .skeleton of NTU RGB+D, a .mat of UTD-MHAD or a .npz with joints,
which is classified as a whole, as in the evaluation of the run, or with
--window or --stride window by window; each line of output is one label as
JSON.

In live mode, each line of input is one frame as JSON, {"frame": 1, "joints":
[[x, y, z], ...]}, and each line of output one label. The port accepts
connections from this machine only.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pyg_hcsf.cli.command import CommandParser, log
from pyg_hcsf.cli.paths import check_input, check_output

if TYPE_CHECKING:
    from pyg_hcsf.recognition import ActionInterval, Label, Recognizer

DEFAULT = 'cmu'


def make_parser() -> CommandParser:
    """The parser of the command line."""
    parser = CommandParser(prog='pyg-hcsf recognize', description=__doc__)
    add = parser.add_argument
    add('clip', nargs='?', type=Path, help='poses, or a clip of 3D joints')
    add('--live', help='stdin or tcp:PORT, instead of a clip')
    text = 'folder of an action run, or its recognizer.safetensors; default: '
    add('--run', default=DEFAULT, help=f'{text}{DEFAULT}, of the package')
    add('--out', type=Path, help='.csv or .json file for the table')
    add('--fps', type=float, help='frames per second, if not in the file')
    text = 'frames of a window; default: those of a typical training clip'
    add('--window', type=int, help=text)
    text = 'frames between labels; default: a quarter of the window'
    add('--stride', type=int, help=text)
    text = 'lowest probability of an action in the table; default: 0.5'
    add('--min_score', type=float, default=0.5, help=text)
    return parser


def main(argv: list[str] | None = None) -> list[Label] | list[ActionInterval]:
    """Runs the command; returns the labels or the intervals of a file."""
    parser = make_parser()
    args = parser.parse_args(argv)
    if (args.clip is None) == (args.live is None):
        parser.error('give either a clip or --live')
    if args.live is not None and args.out is not None:
        parser.error('--live writes to its output, not to --out')
    if args.run != DEFAULT:
        check_input('--run', Path(args.run))
    if args.clip is not None:
        check_input('clip', args.clip)
    if args.out is not None:
        check_output('--out', args.out, ('.csv', '.json'))
    from pyg_hcsf.recognition import Recognizer
    from pyg_hcsf.recognition.live_recognizer import label_to_dict

    recognizer = Recognizer(args.run)
    if args.live is not None:
        stream(recognizer, args)
        return []
    if recognizer.info.of_poses:
        return classify_poses(recognizer, args)
    if args.out is not None or args.fps is not None:
        parser.error(
            f"--out and --fps are for poses, which '{args.run}' does not know"
        )
    labels = []
    for label in classify(recognizer, args):
        print(json.dumps(label_to_dict(label)), flush=True)
        labels.append(label)
    return labels


def classify_poses(
    recognizer: Recognizer, args: argparse.Namespace
) -> list[ActionInterval]:
    """Classifies the people of a file; prints and writes a table."""
    from pyg_hcsf.recognition import recognize_poses
    from pyg_hcsf.recognition.action_table import to_text, write_table
    from pyg_hcsf.recognition.joint_clip import read_people

    people = read_people(args.clip)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        intervals = recognize_poses(
            people,
            recognizer,
            args.fps,
            args.window,
            args.stride,
            args.min_score,
        )
    for warning in dict.fromkeys(str(w.message) for w in caught):
        log(f'warning: {warning}: pass --fps')
    names = ', '.join(recognizer.info.actions)
    log(f'Actions that the network knows: {names}')
    if not intervals:
        raise ValueError(
            f"Nobody in '{args.clip}' is there for half a second: nothing can "
            'be classified'
        )
    print(to_text(intervals))
    if args.out is not None:
        write_table(args.out, intervals)
        print(f"Wrote '{args.out}'")
    return intervals


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

    def live() -> LiveRecognizer:
        return LiveRecognizer(recognizer, args.window, args.stride, args.fps)

    first = live()  # raises before the port opens
    info = recognizer.info
    log(
        f'Classifying {len(info.actions)} actions of up to {info.num_bodies} '
        f'bodies of {info.skeleton}, in {info.unit} at {first.fps:g} Hz'
        f'{", z up" * info.of_poses}: windows of {first.window} frames with '
        f'a stride of {first.stride}'
    )
    stream_lines(
        lambda: JsonLines(live()),
        args.live,
        lambda port: log(f'Listening on 127.0.0.1:{port}'),
    )
