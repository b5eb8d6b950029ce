r"""Lifts the 2D keypoints of people to 3D poses, from a file or live.

    pyg-hcsf lift examples/walk_coco17.json --out walk.html
    pyg-hcsf lift alphapose-results.json --out poses.npz --fps 30 \
        --height 1820 --image_size 1920 1080 --focal 1500 --axes world
    detector | pyg-hcsf lift --live stdin --image_size 1280 720
    pyg-hcsf lift --live tcp:4000 --layout body25 --image_size 1280 720

The output is a page for a browser (.html), or poses as .json, .npz, .csv,
.bvh, .glb or .gltf, according to the suffix or --format. In live mode, each
line of input is one person in one frame as JSON, {"frame": 1, "track": "1",
"keypoints": [[x, y, score], ...]}, and each line of output is one pose. The
port accepts connections from this machine only.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from pyg_hcsf.cli.command import CommandParser, log
from pyg_hcsf.cli.paths import check_input, check_output

if TYPE_CHECKING:
    from pyg_hcsf.keypoints import Keypoints
    from pyg_hcsf.lifting import Lifter
    from pyg_hcsf.poses import PoseSequence

# As in pyg_hcsf.poses.POSE_FORMATS and pyg_hcsf.keypoints.LAYOUTS, which
# import PyTorch.
FORMATS = ('html', 'csv', 'json', 'npz', 'bvh', 'glb', 'gltf')
ANIMATIONS = ('bvh', 'glb', 'gltf')  # which need a frame rate
LAYOUTS = (
    'coco17',
    'coco18',
    'body25',
    'halpe26',
    'mediapipe33',
    'mpii16',
    'h36m17',
    'h36m16',
    'mpi_inf_3dhp17',
)


def make_parser() -> CommandParser:
    """The parser of the command line."""
    parser = CommandParser(prog='pyg-hcsf lift', description=__doc__)
    add = parser.add_argument
    add('input', nargs='?', type=Path, help='keypoint file of a detector')
    add('--out', type=Path, help='file to write the poses to')
    text = 'format of --out; default: that of its suffix'
    add('--format', choices=FORMATS, help=text)
    add('--live', help='stdin or tcp:PORT, instead of a file')
    add('--layout', choices=LAYOUTS, help='joint layout; default: detected')
    text = 'single, temporal, auto (default: temporal for videos, single for '
    text += 'images and live), weight files or run folders; the mean of '
    text += 'several is taken'
    add('--weights', nargs='+', default=['auto'], help=text)
    text = 'smooth the motion of videos, with constant bones and, if not '
    text += 'live, standing feet; default: on'
    add('--smooth', choices=['on', 'off'], default='on', help=text)
    text = 'height of the people in mm; default: 1700'
    add('--height', type=float, default=1700.0, metavar='MM', help=text)
    text = 'focal length in pixels; default: 1.1 times the longer image side'
    add('--focal', type=float, help=text)
    text = 'principal point in pixels; default: the middle of the image'
    add('--center', nargs=2, type=float, metavar=('X', 'Y'), help=text)
    text = 'OpenCV distortion of the lens, with --focal; optionally also K3'
    add('--distortion', type=numbers, metavar="'K1 K2 P1 P2'", help=text)
    text = 'size of the image in pixels, if not in the file'
    add('--image_size', nargs=2, type=float, metavar=('W', 'H'), help=text)
    add('--fps', type=float, help='frames per second, if not in the file')
    text = (
        'axes of the poses: of the camera, or world axes with z up; default: '
    )
    text += 'world for .bvh, .glb and .gltf, else camera'
    add('--axes', choices=['camera', 'world'], help=text)
    text = 'keep the bones of .bvh, .glb and .gltf at constant length'
    add('--rigid', action='store_true', help=text)
    text = 'undo swaps of left and right'
    add('--fix_side_swaps', action='store_true', help=text)
    text = 'degrees to rotate the keypoints clockwise, for a rotated camera'
    add('--rotate', type=int, choices=[90, 180, 270], help=text)
    text = 'undo the mirroring of a mirrored video'
    add('--mirrored', action='store_true', help=text)
    text = 'lift keypoints even if checks fail'
    add('--force', action='store_true', help=text)
    return parser


def numbers(text: str) -> list[float]:
    """Parses numbers that are separated by spaces or commas."""
    try:
        return [float(word) for word in text.replace(',', ' ').split()]
    except ValueError as e:
        raise argparse.ArgumentTypeError(
            f"numbers with spaces between them, in quotes (got '{text}')"
        ) from e


def main(argv: list[str] | None = None) -> list[PoseSequence]:
    """Runs the command; returns the poses of a file."""
    parser = make_parser()
    args = parser.parse_args(argv)
    if (args.input is None) == (args.live is None):
        parser.error('give either a keypoint file or --live')
    if args.live is None:
        _check_files(parser, args)
    elif args.out is not None:
        parser.error('--live writes to its output, not to --out')
    from pyg_hcsf.lifting import Lifter

    size = None if args.image_size is None else tuple(args.image_size)
    lifter = Lifter(
        args.weights[0] if len(args.weights) == 1 else args.weights,
        height=args.height,
        focal=args.focal,
        center=args.center,
        image_size=size,
        fps=args.fps,
        distortion=args.distortion,
        smooth=args.smooth == 'on',
    )
    if args.live is not None:
        stream(lifter, args)
        return []
    return lift_file(lifter, args)


def _check_files(parser: CommandParser, args: argparse.Namespace) -> None:
    """Raises an error if the input is not there or --out not writable."""
    if args.out is None:
        parser.error('give the file to write with --out, such as walk.html')
    check_input('input', args.input)
    suffixes = () if args.format else tuple(f'.{name}' for name in FORMATS)
    check_output('--out', args.out, suffixes)


def lift_file(lifter: Lifter, args: argparse.Namespace) -> list[PoseSequence]:
    """Lifts a file; prints what was read, assumed and written."""
    from pyg_hcsf.keypoints import is_video
    from pyg_hcsf.poses import write_poses
    from pyg_hcsf.viewer import write_page

    keypoints = load_keypoints(args)
    format = (args.format or args.out.suffix.removeprefix('.')).lower()
    if format in ANIMATIONS and not keypoints.fps:
        raise ValueError(
            f"The frame rate of '{args.input}' is not known, and "
            f'{format} needs one: pass --fps'
        )
    axes = args.axes or ('world' if format in ANIMATIONS else 'camera')
    with warnings.catch_warnings():  # issues were printed before
        warnings.filterwarnings('ignore', 'These keypoints look wrong')
        people = lifter.lift(keypoints, axes)
    if not people:
        raise ValueError(
            f"No person in '{args.input}' has hips and 6 joints in any frame: "
            'check the confidences, or give the correct --layout'
        )
    tracks = [person.keypoints for person in people if person.keypoints]
    filled = sum(int((~t.score.any(axis=1)).sum()) for t in tracks)
    frames = sum(len(person.frames) for person in people) - filled
    total = sum(len(track.frames) for track in keypoints.tracks)
    print(
        f'Lifted people: {len(people)}, frames: {frames} of {total}'
        + f', interpolated: {filled}' * bool(filled)
    )
    if not keypoints.fps and is_video(keypoints):
        log('warning: the frame rate is not known: pass --fps')
    print(people[0].note)
    if format == 'html':
        title = f'{args.input.name} in 3D'
        write_page(args.out, {'lifted': people}, title=title)
        print(f"Wrote '{args.out}'")
        return people
    for file in write_poses(args.out, people, args.format, args.rigid):
        moved = f', joints moved by up to {file.deviation:.0f} mm'
        print(f"Wrote '{file.path}'" + moved * args.rigid)
    return people


def load_keypoints(args: argparse.Namespace) -> Keypoints:
    """Reads, corrects and checks a keypoint file."""
    from pyg_hcsf.keypoints import (
        check_keypoints,
        fix_side_swaps,
        mirror_keypoints,
        read_keypoints,
        rotate_keypoints,
    )

    size = None if args.image_size is None else tuple(args.image_size)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        keypoints = read_keypoints(args.input, args.layout, size, args.fps)
    for warning in caught:
        log(f'warning: {warning.message}')
    print(describe(keypoints))
    if args.rotate:
        keypoints = rotate_keypoints(keypoints, args.rotate)
    if args.mirrored:
        keypoints = mirror_keypoints(keypoints)
    if args.fix_side_swaps:
        keypoints, count = fix_side_swaps(keypoints)
        print(f'Frames with left and right swapped back: {count}')
    issues = check_keypoints(keypoints)
    for issue in issues:
        print(f'warning: {issue}')
    if any(issue.level == 'error' for issue in issues) and not args.force:
        raise ValueError(
            f"'{args.input}' is not lifted because of these issues; if the "
            'keypoints are correct, pass --force'
        )
    return keypoints


def describe(keypoints: Keypoints) -> str:
    """A summary in one line."""
    size, fps = keypoints.image_size, keypoints.fps
    frames = sum(len(track.frames) for track in keypoints.tracks)
    image = 'unknown' if size is None else f'{size[0]:g} x {size[1]:g}'
    rate = 'unknown' if fps is None else f'{fps:g} Hz'
    return (
        f'Read {keypoints.source}: joints of {keypoints.layout}, people: '
        f'{len(keypoints.tracks)}, frames: {frames}, image: {image}, frame '
        f'rate: {rate}'
    )


def stream(lifter: Lifter, args: argparse.Namespace) -> None:
    """Lifts lines until they end, or the command is interrupted."""
    from pyg_hcsf.lifting import LiveLifter
    from pyg_hcsf.lifting.smoothing.live import LAG
    from pyg_hcsf.streaming import JsonLines, stream_lines

    layout = args.layout or 'coco17'

    def make() -> LiveLifter:
        return LiveLifter(lifter, layout, fix_side_swaps=args.fix_side_swaps)

    delay = make().delay  # raises before the port opens
    smooth = 'motion is not smoothed'
    if lifter.smooth:
        smooth = 'motion is smoothed, which makes it late by about '
        smooth += f'{LAG:g} s (--smooth off: not smoothed)'
    log(f'Lifting {layout}, with a delay of {delay} frames; {smooth}')
    stream_lines(
        lambda: JsonLines(make()),
        args.live,
        lambda port: log(f'Listening on 127.0.0.1:{port}'),
    )
