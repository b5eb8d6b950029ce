"""The sections of an Acclaim skeleton file."""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np

from pyg_hcsf.datasets.mocap.text import MotionFile, fail, numbers, read_lines
from pyg_hcsf.safe_io.shown import shown

MM_PER_INCH = 25.4
SHORTEST = 1e-6  # the unit of length that makes sense
ANGLES = {  # whether they are degrees
    **dict.fromkeys(('deg', 'degree', 'degrees'), True),
    **dict.fromkeys(('rad', 'radian', 'radians'), False),
}
RADIAN = {True: np.pi / 180, False: 1.0}
MAX_AXIS = 7.0  # radians, of a frame at rest
MAX_TURN = 100.0  # radians, of a motion: people may turn several times
MAX_BONES = 2000
MAX_LINES = 50 * MAX_BONES
ROOT = 'root'

Sections = dict[str, list[tuple[int, list[str]]]]
Block = dict[str, tuple[int, list[str]]]


def read_sections(source: MotionFile) -> Sections:
    r"""The numbered lines of each section, as words without comments."""
    sections: Sections = {}
    current: list[tuple[int, list[str]]] | None = None
    for line, words in enumerate(read_lines(source), 1):
        if line > MAX_LINES:
            fail(source, line, f'refused: more than {MAX_LINES} lines')
        words = _without_comment(words)
        if words and words[0].startswith(':'):
            current = sections.setdefault(words[0][1:].lower(), [])
        elif words and current is not None:
            current.append((line, words))
    for name in ('units', 'root', 'bonedata', 'hierarchy'):
        if name not in sections:
            fail(source, None, f"the section ':{name}' is missing")
    return sections


def _without_comment(words: list[str]) -> list[str]:
    for i, word in enumerate(words):
        if '#' in word:
            first = word.split('#')[0]
            return [*words[:i], first] if first else words[:i]
    return words


def read_units(
    source: MotionFile, lines: list[tuple[int, list[str]]]
) -> tuple[float, bool | None]:
    r"""Millimetres per unit of length, and whether angles are in degrees if
    that is said.
    """
    found: dict[str, float] = {}
    for line, words in lines:
        key, values = words[0].lower(), ' '.join(words[1:]).lower()
        if key == 'length':
            (value,) = numbers([values], source, line)
            if value < SHORTEST:
                fail(
                    source,
                    line,
                    f'expected a length of at least {SHORTEST} (got {value})',
                )
        elif key == 'angle':
            if values not in ANGLES:
                fail(
                    source,
                    line,
                    f"expected 'angle' to be one of {list(ANGLES)} (got "
                    f'{shown(values)})',
                )
            value = ANGLES[values]
        else:  # such as the mass, which positions do not depend on
            continue
        if found.setdefault(key, value) != value:
            fail(source, line, f"'{key}' is given twice and differs")
    if 'length' not in found:
        warnings.warn(
            f"{source}: the section ':units' has no 'length': lengths are "
            "taken as inches. If bodies have the wrong size, write 'length "
            "0.45' below ':units' for CMU's unit, 'length 2.54' for "
            'centimetres',
            stacklevel=4,
        )
    degrees = bool(found['angle']) if 'angle' in found else None
    return MM_PER_INCH / found.get('length', 1.0), degrees


def read_bone_blocks(
    source: MotionFile, lines: list[tuple[int, list[str]]]
) -> list[Block]:
    r"""The words after each keyword of each bone, with their line."""
    blocks: list[Block] = []
    block: Block | None = None
    for line, words in lines:
        if words[0] == 'begin':
            block = {'begin': (line, [])}
        elif words[0] == 'end' and block is not None:
            for key in ('name', 'direction', 'length', 'axis'):
                at, values = block.get(key, (line, []))
                if not values:
                    fail(source, at, f"the bone has no '{key}'")
            blocks.append(block)
            if len(blocks) > MAX_BONES:
                fail(source, line, f'refused: more than {MAX_BONES} bones')
            block = None
        elif block is None:
            fail(source, line, f"expected 'begin' (got {shown(words[0])})")
        elif not words[0].startswith('('):  # further lines of 'limits'
            block[words[0].lower()] = (line, words[1:])
    if block is not None:
        fail(source, block['begin'][0], "the bone has no 'end'")
    if not blocks:
        fail(source, None, "the section ':bonedata' holds no bone")
    return blocks


def read_parents(
    source: MotionFile, lines: list[tuple[int, list[str]]], names: list[str]
) -> dict[str, str]:
    r"""The parent of each bone, by name."""
    known = set(names)
    if len(known) < len(names):
        twice = [name for name, n in Counter(names).items() if n > 1]
        fail(source, None, f'the bones {shown(twice)} are defined twice')
    parents: dict[str, str] = {}
    for line, words in lines:
        if words[0] in ('begin', 'end'):
            continue
        for word in words:
            if word not in known:
                fail(
                    source,
                    line,
                    f'unknown bone {shown(word)} in the hierarchy',
                )
        for child in words[1:]:
            if child == ROOT or child in parents:
                fail(source, line, f'the bone {shown(child)} has two parents')
            parents[child] = words[0]
    return parents


def check_turn(
    angles: np.ndarray, limit: float, source: MotionFile, line: int | None
) -> None:
    r"""Refuses radians that are so large that they must be degrees."""
    turn = float(np.abs(angles).max(initial=0.0))
    if turn > limit:
        fail(
            source,
            line,
            f'expected angles below {limit:g} radians (got {turn:g}): the '
            "unit of angles in ':units' or at the top of the motion is wrong",
        )
