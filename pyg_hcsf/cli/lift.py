"""Lifts the 2D keypoints of people to 3D poses, from a file or live.

    python tools/lift.py examples/walk_coco17.json --out walk.html
    python tools/lift.py alphapose-results.json --out poses.npz --fps 30 \
        --height 1820 --image_size 1920 1080 --focal 1500 --up world
    detector | python tools/lift.py --live stdin --image_size 1280 720
    python tools/lift.py --live tcp:4000 --layout body25 --image_size 1280 720

The output is a page for a browser (.html), or poses as .json, .npz, .csv,
.bvh, .glb or .gltf, as the suffix or --format says. Live, one line of JSON is
one person in one frame, {"frame": 1, "track": "1", "keypoints": [[x, y,
score], ...]}, and each pose is a line back; the port is open to this machine
only.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

from pyg_hcsf.cli.command import CommandParser
from pyg_hcsf.keypoints import (
    LAYOUTS,
    Keypoints,
    check_keypoints,
    fix_side_swaps,
    mirror_keypoints,
    read_keypoints,
    rotate_keypoints,
)
from pyg_hcsf.lifting import (
    Lifter,
    LineLifter,
    LiveLifter,
    available_weights,
)
from pyg_hcsf.poses import PoseSequence, write_poses
from pyg_hcsf.streaming import stream_lines
from pyg_hcsf.viewer import write_page


def make_parser() -> CommandParser:
    """The command line."""
    parser = CommandParser(
        prog='lift.py',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = ', '.join(available_weights()) or 'none in this package'
    add = parser.add_argument
    add('input', nargs='?', type=Path, help='the keypoints of a detector')
    add('--out', type=Path, help='where the poses go')
    add('--format', help='of --out; default: as its suffix says')
    add('--live', help='stdin or tcp:PORT, instead of a file')
    add('--layout', choices=LAYOUTS, help='the joints; default: recognised')
    add(
        '--weights',
        nargs='+',
        default=['single'],
        help=f'single, temporal or files of a training (names: {known})',
    )
    add(
        '--height',
        type=float,
        default=1700.0,
        metavar='MM',
        help='of the people; default 1700',
    )
    add('--focal', type=float, help='in pixels; default: 1.1 times the image')
    add('--center', nargs=2, type=float, metavar=('X', 'Y'), help='in pixels')
    add(
        '--distortion',
        type=numbers,
        metavar="'K1 K2 P1 P2'",
        help='of the lens, with --focal, as OpenCV calibrates it; also K3',
    )
    add('--image_size', nargs=2, type=float, metavar=('WIDTH', 'HEIGHT'))
    add('--fps', type=float, help='frames per second, where not in the file')
    add('--up', choices=['camera', 'world'], default='camera', help='axes')
    add('--rigid', action='store_true', help='bones of .bvh keep their length')
    add(
        '--fix_side_swaps',
        action='store_true',
        help='exchange left and right back in frames where they jump',
    )
    add(
        '--turn',
        type=int,
        choices=[90, 180, 270],
        help='clockwise, where the camera was turned',
    )
    add('--mirrored', action='store_true', help='the video is a mirror image')
    add('--force', action='store_true', help='lift doubtful keypoints, too')
    return parser


def numbers(text: str) -> list[float]:
    """Numbers with spaces or commas between them."""
    try:
        return [float(word) for word in text.replace(',', ' ').split()]
    except ValueError as e:
        raise argparse.ArgumentTypeError(
            f"numbers with spaces between them, in quotes (got '{text}')"
        ) from e


def main(argv: list[str] | None = None) -> list[PoseSequence]:
    """Runs the command line; returns the poses of a file."""
    parser = make_parser()
    args = parser.parse_args(argv)
    if (args.input is None) == (args.live is None):
        parser.error('give either a file or --live')
    size = None if args.image_size is None else tuple(args.image_size)
    one = args.weights[0] if len(args.weights) == 1 else args.weights
    lifter = Lifter(
        *(one, args.height, args.focal, args.center),
        image_size=size,
        fps=args.fps,
        distortion=args.distortion,
    )
    if args.live is not None:
        if args.out is not None:
            parser.error('--live writes lines, not --out')
        stream(lifter, args.layout or 'coco17', args.live, args.fix_side_swaps)
        return []
    if args.out is None:
        parser.error('--out says where the poses go')
    return lift_file(lifter, args, size)


def lift_file(
    lifter: Lifter, args: argparse.Namespace, size: tuple[float, float] | None
) -> list[PoseSequence]:
    """Lifts a file, and says what was read, assumed and written."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        keypoints = read_keypoints(args.input, args.layout, size, args.fps)
    for warning in said:
        say(f'warning: {warning.message}')
    print(describe(keypoints))
    if args.turn:
        keypoints = rotate_keypoints(keypoints, args.turn)
    if args.mirrored:
        keypoints = mirror_keypoints(keypoints)
    if args.fix_side_swaps:
        keypoints, count = fix_side_swaps(keypoints)
        print(f'Left and right exchanged in frames: {count}')
    issues = check_keypoints(keypoints)
    for issue in issues:
        print(f'warning: {issue}')
    if any(issue.level == 'error' for issue in issues) and not args.force:
        raise ValueError(
            f"'{args.input}' is not lifted as it is doubtful; if it is right, "
            'pass --force'
        )
    kind = (args.format or args.out.suffix.removeprefix('.')).lower()
    if kind in ('bvh', 'glb', 'gltf') and not keypoints.fps:
        raise ValueError(
            f"The frame rate of '{args.input}' is not known, and "
            f'{kind} needs one: pass --fps'
        )
    with warnings.catch_warnings():  # of doubts that are printed above
        warnings.filterwarnings('ignore', 'These keypoints look wrong')
        people = lifter.lift(keypoints, args.up)
    if not people:
        raise ValueError(
            f"Nobody in '{args.input}' has hips and 6 joints in any frame; "
            'look at the confidences, or name the right --layout'
        )
    frames = sum(len(person.frames) for person in people)
    seen = sum(len(track.frames) for track in keypoints.tracks)
    print(f'Lifted people: {len(people)}, frames: {frames} of {seen}')
    print(people[0].note)
    if kind == 'html':
        title = f'{args.input.name} in 3D'
        write_page(args.out, {'lifted': people}, title=title)
        print(f"Wrote '{args.out}'")
        return people
    for file in write_poses(args.out, people, args.format, args.rigid):
        moved = f', joints moved by up to {file.deviation:.0f} mm'
        print(f"Wrote '{file.path}'" + moved * args.rigid)
    return people


def describe(keypoints: Keypoints) -> str:
    """What was recognised, in a line."""
    size, fps = keypoints.image_size, keypoints.fps
    return ', '.join(
        (
            f'Read {keypoints.source}: joints of {keypoints.layout}',
            f'people: {len(keypoints.tracks)}',
            f'frames: {sum(len(t.frames) for t in keypoints.tracks)}',
            'image: unknown'
            if size is None
            else f'image: {size[0]:g} x {size[1]:g}',
            'frame rate: unknown' if fps is None else f'{fps:g} Hz',
        )
    )


def stream(
    lifter: Lifter, layout: str, where: str, fix_side_swaps: bool
) -> None:
    """Lifts lines until they end, or the tool is stopped."""

    def make() -> LineLifter:
        return LineLifter(
            LiveLifter(lifter, layout, fix_side_swaps=fix_side_swaps)
        )

    lines = make()  # complains before anybody connects
    say(f'Lifts {layout}, with a delay of {lines.live.delay} frames')
    stream_lines(make, where, lambda port: say(f'Listens on 127.0.0.1:{port}'))


def say(text: str) -> None:
    """To the terminal, as the output is lines."""
    print(text, file=sys.stderr, flush=True)
