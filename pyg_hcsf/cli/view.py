"""Makes a page for any browser that plays 2D keypoints next to 3D poses.

    python tools/view.py poses.npz --out view.html
    python tools/view.py ours.npz theirs.npz --truth truth.npz --out view.html
    python tools/view.py poses.npz --graph graph.json --out view.html
    python tools/view.py poses.npz --png frame.png --frame 120 --gif walk.gif
    python tools/view.py ann.npz --skeleton hand.yaml --unit m --out view.html

The page is one file without network access; press ? in it for its keys.
Poses are files of pyg_hcsf.poses.write_poses, learned graphs files of
pyg_hcsf.viewer.write_graph. With --skeleton, poses are arrays of your own as
pyg_hcsf.datasets.ArrayPoses reads them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pyg_hcsf.cli.command import CommandParser, UsageError
from pyg_hcsf.datasets.arrays import read_array_poses
from pyg_hcsf.poses import PoseSequence, read_poses
from pyg_hcsf.viewer import read_graph, write_page


def make_parser() -> CommandParser:
    """The parser of the command line."""
    parser = CommandParser(
        prog='view.py', description=__doc__.split('\n\n')[0]
    )
    add = parser.add_argument
    add('results', nargs='+', type=Path, help='one or two pose files')
    text = 'skeleton of arrays of your own, a name or a YAML file'
    add('--skeleton', help=text)
    add('--unit', choices=['mm', 'm'], default='mm', help='unit of arrays')
    add('--truth', type=Path, help='pose file of the ground truth')
    add('--graph', type=Path, help='learned graph to show, .json')
    add('--title', help='title of the page; default: names of the files')
    add('--out', type=Path, help='page to write, .html')
    add('--png', type=Path, help='picture of one frame to write')
    add('--frame', type=int, help='frame of --png; default: the first')
    add('--gif', type=Path, help='animation to write')
    add('--mp4', type=Path, help='video to write; needs ffmpeg')
    return parser


def main(argv: list[str] | None = None) -> list[Path]:
    """Runs the command; returns the files that it wrote."""
    args = make_parser().parse_args(argv)
    if not (args.out or args.png or args.gif or args.mp4):
        raise UsageError(
            "Expected one of '--out', '--png', '--gif' and '--mp4' (got "
            'none); --out view.html makes the page'
        )
    for name, given, needs in (
        ('--graph', args.graph, 'out'),
        ('--frame', args.frame, 'png'),
    ):
        if given is not None and not getattr(args, needs):
            raise UsageError(
                f"Expected '{name}' together with '--{needs}' (got {given} "
                'alone)'
            )
    names = names_of(args.results)
    results = {
        name: _read(path, args)
        for name, path in zip(names, args.results, strict=True)
    }
    truth = _read(args.truth, args) if args.truth else None
    if args.out:
        graph = read_graph(args.graph) if args.graph else None
        title = args.title or ', '.join(names)
        write_page(args.out, results, truth, graph, title)
    if args.png or args.gif or args.mp4:
        from pyg_hcsf.viewer import pictures  # needs matplotlib

        if args.png:
            pictures.write_png(args.png, results, truth, args.frame)
        if args.gif:
            pictures.write_gif(args.gif, results, truth)
        if args.mp4:
            pictures.write_mp4(args.mp4, results, truth)
    written = [args.out, args.png, args.gif, args.mp4]
    out = [path for path in written if path]
    for path in out:
        print(f'{path}: {path.stat().st_size / 1e3:.0f} kB')
    return out


def _read(path: Path, args: argparse.Namespace) -> list[PoseSequence]:
    """The people of a pose file, or of arrays."""
    if args.skeleton is None:
        return read_poses(path)
    return read_array_poses(path, args.skeleton, args.unit)


def names_of(paths: list[Path]) -> list[str]:
    """The shortest distinct ends of the paths."""
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = [
            str(Path(*path.with_suffix('').parts[-length:])) for path in paths
        ]
        if len(set(names)) == len(names):
            return names
    raise ValueError(
        f"Expected 'results' to be different files (got {[*map(str, paths)]})"
    )
