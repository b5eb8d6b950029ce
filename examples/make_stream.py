"""Makes actions_h36m17.jsonl: synthetic actions as a stream of 3D joints.

    python examples/make_stream.py examples/actions_h36m17.jsonl

Each line is one frame as JSON, with the joints of Human3.6M in millimetres, z
up, at 25 Hz. Two seconds between actions are missing. The data are our own and
free to use.
"""

import argparse
import json
from pathlib import Path

from pyg_hcsf.datasets.synthetic.dataset import motion_clip

FRAMES, PAUSE = 120, 50


def main(out: Path) -> None:
    """Generates the motion of a person, and saves it frame by frame."""
    lines = []
    for i, action in enumerate(('Walking', 'SittingDown', 'Eating')):
        clip = motion_clip('S9', action, 1, FRAMES)
        joints = clip.pos.transpose(0, 1).round().int().tolist()  # [T, 17, 3]
        for frame, pose in enumerate(joints, start=i * (FRAMES + PAUSE)):
            lines.append(json.dumps({'frame': frame, 'joints': pose}))
    out.write_text('\n'.join(lines) + '\n')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('out', type=Path, help='.jsonl file to write')
    main(parser.parse_args().out)
