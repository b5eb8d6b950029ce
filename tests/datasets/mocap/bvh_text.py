"""A small BVH file."""

from pathlib import Path

BVH = """\
HIERARCHY
ROOT hip
{
  OFFSET 7 7 7
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT arm
  {
    OFFSET 0 10 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 0 5
    }
  }
  JOINT leg
  {
    OFFSET 0 -10 0
    CHANNELS 1 Yposition
    End Site
    {
      OFFSET 0 -1 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.00833333
1 2 3 90 0 0 0 90 0 -10
1 2 3 90 0 0 90 90 0 -20
"""


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode('latin-1'))
    return path
