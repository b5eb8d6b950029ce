"""Makes a page that plays 2D keypoints beside 3D poses, for any browser.

    python tools/view.py poses.npz --out view.html
    python tools/view.py ours.npz theirs.npz --truth truth.npz --out view.html
    python tools/view.py poses.npz --graph graph.json --out view.html
    python tools/view.py poses.npz --png frame.png --frame 120 --gif walk.gif

The page is one file and needs no network; press ? in it for its keys. Poses
are files of pyg_hcsf.poses.write_poses; a learned graph is one of
pyg_hcsf.viewer.write_graph.
"""

from __future__ import annotations

from pathlib import Path

from pyg_hcsf.cli.command import CommandParser, UsageError
from pyg_hcsf.poses import read_poses
from pyg_hcsf.viewer import read_graph, write_page


def make_parser() -> CommandParser:
    """The command line."""
    parser = CommandParser(
        prog='view.py', description=__doc__.split('\n\n')[0]
    )
    parser.add_argument(
        'results', nargs='+', type=Path, help='one or two files of poses'
    )
    parser.add_argument('--truth', type=Path, help='the poses as they were')
    parser.add_argument('--graph', type=Path, help='a learned graph, .json')
    parser.add_argument('--title', help='default: the names of the files')
    parser.add_argument('--out', type=Path, help='the page, .html')
    parser.add_argument('--png', type=Path, help='a picture of one frame')
    parser.add_argument('--frame', type=int, help='of --png; default: first')
    parser.add_argument('--gif', type=Path, help='an animation')
    parser.add_argument('--mp4', type=Path, help='a video; needs ffmpeg')
    return parser


def main(argv: list[str] | None = None) -> list[Path]:
    """Runs the command line; returns the files that it wrote."""
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
        name: read_poses(path)
        for name, path in zip(names, args.results, strict=True)
    }
    truth = read_poses(args.truth) if args.truth else None
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


def names_of(paths: list[Path]) -> list[str]:
    """The shortest ends of the paths that tell them apart."""
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = [
            str(Path(*path.with_suffix('').parts[-length:])) for path in paths
        ]
        if len(set(names)) == len(names):
            return names
    raise ValueError(
        f"Expected 'results' to be different files (got {[*map(str, paths)]})"
    )
