"""Makes examples/actions_h36m17.jsonl: what a sensor of motion would send of
somebody of SyntheticMotion, frame by frame, a line of JSON each.

    python examples/make_stream.py

Joints of Human3.6M in millimetres, z up, at 25 Hz; between two actions nothing
comes for two seconds. It is our own and free to use.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.safe_io.atomic_write import atomic_write

OUT = Path(__file__).with_name('actions_h36m17.jsonl')
ACTIONS = ('Walking', 'SittingDown', 'Eating')
FRAMES, PAUSE = 120, 50


def lines() -> Iterator[str]:
    """The lines of a test subject."""
    for place, action in enumerate(ACTIONS):
        clip = motion_clip('S9', action, 1, FRAMES)
        joints = clip.pos.transpose(0, 1).round().int().tolist()
        for frame, pose in enumerate(joints, place * (FRAMES + PAUSE)):
            yield json.dumps({'frame': frame, 'joints': pose})


def main(argv: list[str] | None = None) -> None:
    """Runs the command line."""
    parser = CommandParser(
        prog='make_stream.py', description=__doc__.split('\n\n')[0]
    )
    parser.add_argument('--out', type=Path, default=OUT)
    args = parser.parse_args(argv)
    with atomic_write(args.out) as part:
        part.write_text('\n'.join(lines()) + '\n')


if __name__ == '__main__':
    run_command(main)
