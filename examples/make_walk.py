"""Makes examples/walk_coco17.json: a walk of SyntheticMotion, as a camera and
a detector with small errors see it, in COCO's format of results.

    python examples/make_walk.py

It is our own and free to use. The focal length, 1750 px, is not in the file,
as it is in no detector's; the image is 1920 x 1080, at 25 Hz.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry import Camera, View, human36m_cameras, project_views
from pyg_hcsf.geometry.random_bodies import coco_joints
from pyg_hcsf.geometry.random_keypoints import (
    KeypointNoise,
    disturb_keypoints,
)
from pyg_hcsf.safe_io.atomic_write import atomic_write
from pyg_hcsf.skeleton import get_skeleton

OUT = Path(__file__).with_name('walk_coco17.json')
NOISE = KeypointNoise(
    *((0.6, 0.6), 0.0, 1.0, 0.0, 0.0, 0, 0.0, 1.0, 0.0)  # faces turned away
)


def walk() -> View:
    """The walk and its camera, with the joints of Human3.6M."""
    place = human36m_cameras('S1')[2]
    camera = Camera(
        *('example', 1920, 1080, (1750.0, 1750.0), (960.0, 540.0)),
        orientation=place.orientation,
        translation=place.translation,
    )
    motion = motion_clip('S11', 'Walking', 1, 200)
    return project_views(motion.pos.transpose(0, 1), motion.clip, 0, [camera])[
        0
    ]


def detect(view: View) -> list[dict[str, Any]]:
    """What a detector of COCO's keypoints finds."""
    generator = torch.Generator().manual_seed(0)
    camera = view.camera
    joints = coco_joints(view.joints[None].float(), generator)
    uv, score = disturb_keypoints(
        camera.project(joints),
        joints,
        torch.tensor([[camera.focal]]),
        torch.tensor([[camera.image_size]]),
        get_skeleton('coco17'),
        NOISE,
        generator,
    )
    points = torch.cat([uv, score[..., None]], dim=-1)[0]
    points[points[..., 2] == 0] = 0.0
    return [
        {
            'image_id': frame,
            'category_id': 1,
            'keypoints': [round(v, 2) for v in person.flatten().tolist()],
            'score': round(float(person[:, 2].mean()), 2),
        }
        for frame, person in enumerate(points)
    ]


def main(argv: list[str] | None = None) -> None:
    """Runs the command line."""
    parser = CommandParser(
        prog='make_example.py', description=__doc__.split('\n\n')[0]
    )
    parser.add_argument('--out', type=Path, default=OUT)
    args = parser.parse_args(argv)
    with atomic_write(args.out) as part:
        rows = ',\n'.join(json.dumps(row) for row in detect(walk()))
        part.write_text(f'[\n{rows}\n]\n')


if __name__ == '__main__':
    run_command(main)
