"""Parses the HIERARCHY section of a BVH file: joints, offsets, channels."""

from __future__ import annotations

import re
from typing import NamedTuple

from pyg_hcsf.safe_io.shown import shown

from ..text_file import TextFile
from .hierarchy_tokens import Tokens

CHANNELS = tuple(
    f'{axis}{kind}'
    for kind in ('position', 'rotation', 'scale')
    for axis in 'XYZ'
)
MAX_JOINTS = 2000
MAX_NAME = 200  # characters
_COMMA = re.compile(r'[-+]?\d*,\d+(?:[eE][-+]?\d+)?')


class Hierarchy(NamedTuple):
    r"""The joints of a file, see :class:`~pyg_hcsf.datasets.mocap.BVH`."""

    joints: list[str]
    parents: list[int]
    offsets: list[list[float]]
    channels: list[tuple[str, ...]]


def parse_hierarchy(text: str, file: TextFile) -> Hierarchy:
    r"""Parses the text before MOTION. Line ends matter only for the names of
    joints, which may contain spaces.
    """
    tokens = Tokens(text, file)
    out = Hierarchy([], [], [], [])
    copies: dict[str, int] = {}  # of each name
    stack: list[int] = []  # the joints whose braces are open
    ends: set[int] = set()
    while token := tokens.next():
        key = token.upper()
        # End sites have neither channels nor children.
        inside = bool(stack) and stack[-1] not in ends
        if key == 'HIERARCHY' and not out.joints:
            continue
        elif key == 'ROOT' and not stack or key in ('JOINT', 'END') and inside:
            name = _joint_name(tokens, key)
            if key == 'END':
                name = f'{out.joints[stack[-1]]}_end'
                ends.add(len(out.joints))
            if len(out.joints) == MAX_JOINTS:
                tokens.fail(f'refused: more than {MAX_JOINTS} joints')
            out.joints.append(_unique(name, copies))
            out.parents.append(stack[-1] if stack else -1)
            out.offsets.append([])
            out.channels.append(())
            stack.append(len(out.joints) - 1)
        elif key == 'OFFSET' and stack:
            values = [decimal_point(tokens.next()) for _ in range(3)]
            out.offsets[stack[-1]] = file.numbers(values, tokens.line)
        elif key == 'CHANNELS' and inside:
            out.channels[stack[-1]] = _channels(tokens)
        elif key == '}' and stack:
            joint = stack.pop()
            if not out.offsets[joint]:
                name = shown(out.joints[joint])
                tokens.fail(f'the joint {name} has no OFFSET')
        elif key in ('{', '}'):
            tokens.fail(f"unbalanced braces: unexpected '{key}'")
        else:
            tokens.fail(f'unexpected {shown(token)}')
    if stack:
        name = shown(out.joints[stack[-1]])
        tokens.fail(
            f'unbalanced braces: {name} is not closed before the motion'
        )
    if not out.joints:
        tokens.fail('expected a HIERARCHY with a ROOT, then MOTION')
    return out


def decimal_point(word: str) -> str:
    r"""Replaces the decimal comma of a number."""
    return word.replace(',', '.') if _COMMA.fullmatch(word) else word


def _joint_name(tokens: Tokens, key: str) -> str:
    r"""Consumes the name of a joint and the opening brace."""
    name = tokens.name()
    if not name and key != 'END':
        name = tokens.next()
    if len(name) > MAX_NAME:
        tokens.fail(f'refused: a name of {len(name):,} characters')
    if name in ('{', '}') or tokens.next() != '{':
        tokens.fail(f"expected a name, then '{{' (got {shown(name)})")
    return name


def _unique(name: str, copies: dict[str, int]) -> str:
    first = name
    while name in copies:  # 'arm', 'arm_2', 'arm_3'
        copies[first] += 1
        name = f'{first}_{copies[first]}'
    copies[name] = 1
    return name


def _channels(tokens: Tokens) -> tuple[str, ...]:
    known = {name.lower(): name for name in CHANNELS}
    count = tokens.next()
    found = []
    while tokens.token.lower() in known:
        found.append(known[tokens.next().lower()])
    if count != str(len(found)) or len(set(found)) < len(found):
        tokens.fail(
            f'expected a count and as many distinct channels of {CHANNELS} '
            f'(got {shown(" ".join([count, *found, tokens.token]).strip())})'
        )
    return tuple(found)
