r"""Fuses the scores of action runs on different streams of the same clips.

    pyg-hcsf fuse runs/action/paper/{joint,bone,joint_motion,\
bone_motion}/0
    pyg-hcsf fuse JOINT BONE --weights agcn
    pyg-hcsf fuse JOINT BONE --weights 0.6 0.4 --scale logits \
        --out fused.npz

Clips are matched by name; runs on different clips are rejected. Named weights
are for streams in the order joint, bone, joint motion, bone motion.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pyg_hcsf.choices import did_you_mean
from pyg_hcsf.cli.command import CommandParser, UsageError
from pyg_hcsf.cli.paths import check_input, check_output

if TYPE_CHECKING:
    from pyg_hcsf.metrics.stream_fusion import StreamScores

# As in pyg_hcsf.metrics.stream_fusion, which imports PyTorch.
WEIGHTS = ('paper', 'agcn', 'ctrgcn', 'pyskl')
SCALES = ('softmax', 'logits')


def make_parser() -> CommandParser:
    """The parser of the command line."""
    parser = CommandParser(prog='pyg-hcsf fuse', description=__doc__)
    add = parser.add_argument
    add('runs', nargs='+', type=Path, help='folders of finished action runs')
    text = f'{", ".join(WEIGHTS)}, or one number per run'
    add('--weights', nargs='+', default=['paper'], help=text)
    text = 'scores to add up; default: those of the named weights'
    add('--scale', choices=SCALES, help=text)
    add('--out', type=Path, help='file to write the fused scores to, .npz')
    return parser


def main(argv: list[str] | None = None) -> dict[str, float]:
    """Runs the command.

    Returns:
        The top-1 accuracy in percent of each run by its path, and of the
        fusion under 'fused'.
    """
    args = make_parser().parse_args(argv)
    weights: str | list[float] = args.weights[0]
    if len(args.weights) > 1 or weights not in WEIGHTS:
        try:
            weights = [float(text) for text in args.weights]
        except ValueError:
            raise UsageError(
                f"Expected '--weights' to be one of {list(WEIGHTS)} or "
                f'numbers (got {args.weights})'
                + did_you_mean(args.weights[0], WEIGHTS)
            ) from None
    for path in args.runs:
        check_input('runs', path)
    if args.out:
        check_output('--out', args.out, ('.npz',))
    return fuse(args.runs, weights, args.scale, args.out)


def fuse(
    runs: list[Path],
    weights: str | list[float],
    scale: str | None,
    out: Path | None,
) -> dict[str, float]:
    """Fuses scores, prints the accuracies and writes the fused scores."""
    import numpy as np

    from pyg_hcsf.metrics.stream_fusion import fuse_scores, read_scores
    from pyg_hcsf.safe_io.atomic_write import atomic_write

    streams = [read_scores(path) for path in runs]
    fused = fuse_scores(streams, weights, scale)
    accuracy = {}
    results = [*streams, fused._replace(source='fused')]
    width = max(len(stream.source) for stream in results)
    print(f'{len(fused.names)} clips, in percent')
    print(f'{"":{width}}   top-1   top-5   class mean')
    for stream in results:
        accuracy[stream.source] = show(stream, width)
    if out:
        with atomic_write(out) as part, part.open('wb') as file:
            np.savez(
                file,
                allow_pickle=False,
                names=np.array(fused.names),
                scores=fused.scores.numpy(),
                label=fused.label.numpy(),
            )
    return accuracy


def show(stream: StreamScores, width: int) -> float:
    """Prints the accuracies of a stream; returns top-1 in percent."""
    from pyg_hcsf.metrics.action import per_class_accuracy, top_k_accuracy

    top1 = float(top_k_accuracy(stream.scores, stream.label))
    k = min(5, stream.scores.size(1))
    top5 = float(top_k_accuracy(stream.scores, stream.label, k))
    mean = float(per_class_accuracy(stream.scores, stream.label).nanmean())
    print(f'{stream.source:{width}}  {top1:6.2f}  {top5:6.2f}  {mean:11.2f}')
    return top1
