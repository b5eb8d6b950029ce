r"""The skeleton of poses in the metadata of their files."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from pyg_hcsf.skeleton import Skeleton, available_skeletons, get_skeleton


def skeleton_fields(
    skeleton: Skeleton, key: str = 'skeleton', prefix: str = ''
) -> dict[str, Any]:
    r"""The fields that describe a skeleton; :func:`skeleton_of` reads them."""
    spec = skeleton.to_dict()
    bones = [[above, j] for j, above in spec['joints'].items() if above]
    return {
        key: skeleton.name,
        f'{prefix}joints': list(skeleton.joints),
        f'{prefix}bones': bones,
        f'{prefix}pairs': spec['pairs'],
    }


def skeleton_of(
    person: Mapping[str, Any], key: str = 'skeleton', prefix: str = ''
) -> Skeleton:
    r"""The skeleton of a person of a file, or that of the keypoints.

    Args:
        person (Mapping): The fields of the person.
        key (str, optional): The field with the name of the skeleton.
            (default: :obj:`'skeleton'`)
        prefix (str, optional): That of the other fields.
            (default: :obj:`''`)

    Raises:
        ValueError: If it is not one, or has the name of a built-in skeleton
            and other joints.
    """
    name, joints = person.get(key), person.get(f'{prefix}joints')
    if isinstance(name, str) and name in available_skeletons():
        skeleton = get_skeleton(name)
        if joints != list(skeleton.joints):
            raise ValueError(
                f"Expected '{prefix}joints' to be those of the skeleton "
                f"'{name}', {list(skeleton.joints)}"
            )
        return skeleton
    bones = person.get(f'{prefix}bones')
    names = joints if isinstance(joints, list) else []
    pairs = bones if isinstance(bones, list) else []
    if not names or not all(
        isinstance(item, str)
        for item in chain(names, *(p for p in pairs if isinstance(p, list)))
    ):
        raise ValueError(
            f"'{prefix}joints' and '{prefix}bones' are no lists of names"
        )
    above = {p[1]: p[0] for p in pairs if isinstance(p, list) and len(p) == 2}
    spec = {
        'name': name,
        'joints': {joint: above.get(joint) for joint in names},
        'pairs': person.get(f'{prefix}pairs', []),
    }
    if len(spec['joints']) < len(names) or len(above) < len(pairs):
        raise ValueError(f"'{prefix}joints' or '{prefix}bones' repeat joints")
    return Skeleton.from_dict(spec, 'it')
