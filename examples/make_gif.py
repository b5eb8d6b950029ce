"""Makes lifted_walk.gif: a walk as 2D keypoints, and lifted to 3D.

    python examples/make_gif.py docs/lifted_walk.gif

Needs matplotlib: pip install 'pyg_hcsf[plot]'.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from pyg_hcsf.keypoints import read_keypoints
from pyg_hcsf.lifting import Lifter
from pyg_hcsf.viewer.pictures import write_gif

WALK = Path(__file__).parent / 'walk_coco17.json'


def main(out: Path, first: int = 24, last: int = 136) -> None:
    """Lifts some frames of the walk, and draws them."""
    keypoints = read_keypoints(WALK, fps=25)
    (track,) = keypoints.tracks
    part = replace(
        track,
        frames=track.frames[first:last],
        xy=track.xy[first:last],
        score=track.score[first:last],
    )
    lifter = Lifter()
    people = lifter.lift(replace(keypoints, tracks=(part,)), axes='world')
    write_gif(out, {'Lifted to 3D': people})


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('out', type=Path, help='.gif file to write')
    main(parser.parse_args().out)
