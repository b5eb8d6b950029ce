"""Makes a page for any browser that plays 2D keypoints next to 3D poses.

    pyg-hcsf view poses.npz --out view.html
    pyg-hcsf view ours.npz theirs.npz --truth truth.npz --out view.html
    pyg-hcsf view poses.npz --graph graph.json --out view.html
    pyg-hcsf view poses.npz --png frame.png --frame 120 --gif walk.gif
    pyg-hcsf view ann.npz --skeleton hand.yaml --unit m --out view.html

The page is one file without network access; press ? in it for its keys.
Poses are files of pyg_hcsf.poses.write_poses, or 3D markers (.trc) of
Pose2Sim and OpenSim; learned graphs are files of pyg_hcsf.viewer.write_graph.
With --skeleton, poses are arrays of your own as pyg_hcsf.datasets.ArrayPoses
reads them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pyg_hcsf.cli.command import CommandParser, UsageError, require
from pyg_hcsf.cli.paths import check_input, check_output

if TYPE_CHECKING:
    from pyg_hcsf.poses import PoseSequence


def make_parser() -> CommandParser:
    """The parser of the command line."""
    parser = CommandParser(prog='pyg-hcsf view', description=__doc__)
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
    _check(args)
    from pyg_hcsf.viewer import read_graph, write_page

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
        from pyg_hcsf.viewer import pictures

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
    from pyg_hcsf.datasets.arrays import read_array_poses
    from pyg_hcsf.poses import read_poses

    if args.skeleton is None:
        return read_poses(path)
    return read_array_poses(path, args.skeleton, args.unit)


def _check(args: argparse.Namespace) -> None:
    """Raises an error for options and paths that cannot work."""
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
    for path in (*args.results, args.truth, args.graph):
        if path is not None:
            check_input('results', path)
    for name, suffix in (
        ('out', '.html'),
        ('png', '.png'),
        ('gif', '.gif'),
        ('mp4', '.mp4'),
    ):
        if (path := getattr(args, name)) is not None:
            check_output(f'--{name}', path, (suffix,))
    if args.png or args.gif or args.mp4:
        require('matplotlib')


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
