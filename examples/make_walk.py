"""Makes walk_coco17.json: a synthetic walk as 2D keypoints in COCO's format.

    python examples/make_walk.py examples/walk_coco17.json

The image has 1920 x 1080 pixels at 25 Hz. The focal length of 1750 px is not
in the file, as for most detectors. The data are our own and free to use.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import torch

from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry import Camera, View, human36m_cameras, project_views
from pyg_hcsf.geometry.bodies import coco_joints
from pyg_hcsf.geometry.random_keypoints import (
    NO_ERRORS,
    disturb_keypoints,
)
from pyg_hcsf.skeleton import get_skeleton


def walk() -> View:
    """A walk as seen by a camera, with the joints of Human3.6M."""
    pose = human36m_cameras('S1')[2]
    camera = Camera(
        name='example',
        width=1920,
        height=1080,
        focal=(1750.0, 1750.0),
        center=(960.0, 540.0),
        orientation=pose.orientation,
        translation=pose.translation,
    )
    motion = motion_clip('S11', 'Walking', 1, 200)
    joints = motion.pos.transpose(0, 1)
    return project_views(joints, motion.clip, cameras=[camera])[0]


def main(out: Path) -> None:
    """Projects COCO's joints, adds the errors of a detector, and saves."""
    generator = torch.Generator().manual_seed(0)
    view = walk()
    joints = coco_joints(view.joints[None].float(), generator)
    # No face keypoints from behind
    noise = replace(NO_ERRORS, strength=(0.6, 0.6), back_rate=1.0)
    uv, score = disturb_keypoints(
        view.camera.project(joints),
        joints,
        focal=torch.tensor([[view.camera.focal]]),
        image_size=torch.tensor([[view.camera.image_size]]),
        skeleton=get_skeleton('coco17'),
        noise=noise,
        generator=generator,
    )
    people = []
    points = torch.cat([uv, score[..., None]], dim=-1)[0]  # [T, 17, 3]
    points[points[..., 2] == 0] = 0.0
    for frame, person in enumerate(points):
        entry = {
            'image_id': frame,
            'category_id': 1,
            'keypoints': [round(v, 2) for v in person.flatten().tolist()],
            'score': round(float(person[:, 2].mean()), 2),
        }
        people.append(json.dumps(entry))
    out.write_text('[\n' + ',\n'.join(people) + '\n]\n')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('out', type=Path, help='.json file to write')
    main(parser.parse_args().out)
