"""A small Acclaim skeleton and its motion."""

from pathlib import Path

from pyg_hcsf.datasets.mocap.asf_amc import (
    read_amc,
    read_asf,
)

INCH = 25.4


ASF = """\
# caf\xe9: comments may be latin-1
:version 1.10
:units
  mass 1.0
  length 1.0
  angle deg
:root
  order TX TY TZ RX RY RZ
  axis XYZ
  position 0 0 0
  orientation 0 0 0
:bonedata
  begin
    id 1
    name upper
    direction 1 0 0
    length 2
    axis 0 0 0 XYZ
    dof rx ry rz
    limits (-180 180)
           (-180 180)
           (-180 180)
  end
  begin
    id 2
    name lower
    direction 1 0 0
    length 1
    axis 0 0 90 XYZ
    dof rx
  end
  begin
    id 3
    name tip
    direction 0 1 0
    length 1
    axis 0 0 0 XYZ
  end
:hierarchy
  begin
    root upper
    upper lower
    lower tip
  end
"""


AMC = """\
#!OML:ASF caf\xe9
:FULLY-SPECIFIED
:DEGREES
1
root 0 0 0 0 0 0
upper 0 0 0
lower 0
2
root 1 2 3 0 90 0
upper 0 0 90
lower 90
"""


def write(path: Path, text: str, newline: str = '\n') -> Path:
    path.write_bytes(text.replace('\n', newline).encode('latin-1'))
    return path


def positions(tmp_path, asf=ASF, amc=AMC, newline='\n'):
    skeleton = read_asf(write(tmp_path / 'a.asf', asf, newline))
    motion = read_amc(write(tmp_path / 'a.amc', amc, newline), skeleton)
    assert skeleton.joints == ('root', 'upper', 'lower', 'tip')
    return skeleton.joint_positions(motion)


# Worked out by hand, y up, in inches. Second frame: upper turns x to y, which
# the root's turn about y keeps: the root's (1, 2, 3) + (0, 2, 0). Lower turns
# by 90 about its own x-axis, which is y at rest: x to -z, kept by upper, which
# the root turns to -x. The tip's y is kept by lower, turned by upper to -x,
# by the root to z.
EXPECTED = [
    [(0, 0, 0), (2, 0, 0), (3, 0, 0), (3, 1, 0)],
    [(1, 2, 3), (1, 4, 3), (0, 4, 3), (0, 4, 4)],
]


def upright(points):
    return [[(x, -z, y) for x, y, z in frame] for frame in points]
