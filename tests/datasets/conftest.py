from pathlib import Path

import pytest
import torch

# A small rig in ASF: bone, parent, direction, length, whether it moves.
BONES = [
    ('lhipjoint', 'root', (1, 0, 0), 2, False),
    ('lfemur', 'lhipjoint', (0, -1, 0), 7, True),
    ('ltibia', 'lfemur', (0, -1, 0), 7, True),
    ('rhipjoint', 'root', (-1, 0, 0), 2, False),
    ('rfemur', 'rhipjoint', (0, -1, 0), 7, True),
    ('rtibia', 'rfemur', (0, -1, 0), 7, True),
    ('upperback', 'root', (0, 1, 0), 4, True),
    ('thorax', 'upperback', (0, 1, 0), 4, True),
    ('upperneck', 'thorax', (0, 1, 0), 2, True),
    ('head', 'upperneck', (0, 1, 0), 2, True),
    ('lclavicle', 'thorax', (1, 0, 0), 3, True),
    ('lhumerus', 'lclavicle', (1, 0, 0), 5, True),
    ('lradius', 'lhumerus', (1, 0, 0), 4, True),
    ('rclavicle', 'thorax', (-1, 0, 0), 3, True),
    ('rhumerus', 'rclavicle', (-1, 0, 0), 5, True),
    ('rradius', 'rhumerus', (-1, 0, 0), 4, True),
]


class MocapWriter:
    r"""Writes small motion capture files in their original formats."""

    UNIT = 25.4 / 0.45  # mm

    def asf(self, path: Path) -> Path:
        lines = [':units', 'length 0.45', 'angle deg', ':root']
        lines += ['order TX TY TZ RX RY RZ', 'axis XYZ', ':bonedata']
        for name, _, direction, length, moves in BONES:
            lines += ['begin', f'name {name}', f'length {length}']
            lines += ['direction {} {} {}'.format(*direction)]
            lines += ['axis 0 0 0 XYZ', *(['dof rx'] if moves else []), 'end']
        lines += [':hierarchy', 'begin']
        lines += [f'{parent} {name}' for name, parent, *_ in BONES] + ['end']
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('\n'.join(lines))
        return path

    def amc(self, path: Path, num_frames: int, jump: int = -1) -> Path:
        # The root walks; in the frame `jump` the
        # left knee is bent by 90 degrees.
        lines = [':FULLY-SPECIFIED', ':DEGREES']
        for frame in range(num_frames):
            lines += [str(frame + 1), f'root {frame * 0.1} 17 0 0 0 0']
            for name, *_, moves in BONES:
                bent = name == 'ltibia' and frame == jump
                if moves:
                    lines.append(f'{name} {90 if bent else 0}')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('\r\n'.join(lines))
        return path

    def bvh(self, path: Path, num_frames: int, rest: bool = False) -> Path:
        # DAZ's joint names on the same body in centimetres; the first frame
        # is 2 m away and bent if `rest`.
        lines = ['HIERARCHY', 'ROOT hip', '{', 'OFFSET 0 0 0']
        lines += ['CHANNELS 4 Xposition Yposition Zposition Xrotation']

        def joint(name, offset, children=(), channels=''):
            out = [f'JOINT {name}', '{', 'OFFSET {} {} {}'.format(*offset)]
            out += [channels] if channels else []
            for child in children:
                out += child
            if not children:
                out += ['End Site', '{', 'OFFSET 0 0 1', '}']
            return [*out, '}']

        arms = [
            joint(
                f'{side}Shldr',
                (sign * 15, 20, 0),
                [
                    joint(
                        f'{side}ForeArm',
                        (sign * 28, 0, 0),
                        [joint(f'{side}Hand', (sign * 22, 0, 0))],
                    )
                ],
            )
            for side, sign in (('l', 1), ('r', -1))
        ]
        eyes = [
            joint(f'{side}Eye', (sign * 4, 8, 8))
            for side, sign in (('left', 1), ('right', -1))
        ]
        head = joint('head', (0, 30, 0), eyes)
        legs = [
            joint(
                f'{side}Thigh',
                (sign * 9, 0, 0),
                [
                    joint(
                        f'{side}Shin',
                        (0, -40, 0),
                        [joint(f'{side}Foot', (0, -42, 0))],
                        'CHANNELS 1 Xrotation',
                    )
                ],
            )
            for side, sign in (('l', 1), ('r', -1))
        ]
        # Two shins, then the chest: the order of the channels in a frame.
        for part in (*legs, joint('chest', (0, 30, 0), [*arms, head])):
            lines += part
        lines += ['}', 'MOTION', f'Frames: {num_frames}']
        lines += ['Frame Time: 0.00833333']
        for frame in range(num_frames):
            knee = 90 if rest and frame == 0 else 0
            lines.append(f'{frame * 0.1} 85 0 0 {knee} {knee}')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('\n'.join(lines))
        return path


class Bomb:
    r"""Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def booby_trap(tmp_path):
    r"""Puts files that PyG would unpickle, one with foreign code and one that
    is half-written, in a folder; returns what the former makes.
    """

    def trap(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(Bomb(tmp_path / 'owned'), folder / 'pre_transform.pt')
        (folder / 'pre_filter.pt').write_bytes(b'')
        return tmp_path / 'owned'

    return trap


@pytest.fixture
def mocap():
    return MocapWriter()
