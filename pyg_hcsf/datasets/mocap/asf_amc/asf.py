"""Reads Acclaim skeleton files (ASF)."""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np

from pyg_hcsf.safe_io.shown import shown

from ..joint_positions import (
    body_height,
    is_plausible_height,
    to_h36m17,
    unit_of,
)
from ..text_file import MotionFile, TextFile
from . import skeleton as acclaim
from .amc import amc_degrees
from .skeleton import ASF, Bone

MM_PER_INCH = 25.4
SHORTEST = 1e-6  # smallest accepted unit of length
IS_DEGREES = dict.fromkeys(('deg', 'degree', 'degrees'), True)
IS_DEGREES |= dict.fromkeys(('rad', 'radian', 'radians'), False)
MAX_BONES = 2000
MAX_LINES = 50 * MAX_BONES

Line = tuple[int, list[str]]  # a line number and words
Block = dict[str, Line]  # the words after each keyword of a bone


def read_asf(source: MotionFile, amc: MotionFile | None = None) -> ASF:
    r"""Reads an Acclaim skeleton.

    A length :math:`l` in a file with :obj:`:units length u` is :math:`l / u`
    inches, see http://research.cs.wisc.edu/graphics/Courses/cs-838-1999/Jeff/
    ASF-AMC.html. A skeleton of an implausible body height is read with a
    warning.

    Args:
        source (str or pathlib.Path): The :obj:`.asf` file, or a
            :class:`zipfile.Path` in an archive.
        amc (str or pathlib.Path, optional): A motion of this skeleton. Its
            unit of angles, :obj:`:DEGREES` or :obj:`:RADIANS`, is used if
            :obj:`:units` has none. (default: :obj:`None`)

    Raises:
        ValueError: If the file is missing, unreadable or malformed, or the
            unit of its angles is unknown. The message names file and line.

    Example:
        >>> read_asf('01.asf').joints[:3]
        ('root', 'lhipjoint', 'lfemur')
    """
    file = TextFile(source)
    sections = _read_sections(file)
    unit, degrees = _read_units(file, sections['units'])
    if degrees is None and amc is not None:
        degrees = amc_degrees(amc)
    if degrees is None:
        file.fail(
            None,
            "the section ':units' has no 'angle', and no motion says "
            "':DEGREES' or ':RADIANS': write 'angle deg' below ':units'",
        )
    blocks = [_root_block(file, sections['root'])]
    blocks += _read_bone_blocks(file, sections['bonedata'])
    names = [block['name'][1][0] for block in blocks]
    parents = _read_parents(file, sections['hierarchy'], names)
    ordered = _parents_first(file, names, parents)
    block_of = dict(zip(names, blocks, strict=True))
    number = {name: i for i, name in enumerate(ordered)} | {'': -1}
    bones = tuple(
        _make_bone(
            file,
            block=block_of[name],
            parent=number[parents.get(name, '')],
            unit=unit,
            degrees=degrees,
        )
        for name in ordered
    )
    asf = ASF(bones, unit, degrees)
    _warn_of_height(asf, file)
    return asf


def _read_sections(file: TextFile) -> dict[str, list[Line]]:
    r"""The lines of each section, without comments."""
    sections: dict[str, list[Line]] = {}
    current: list[Line] | None = None
    for line, words in enumerate(file.lines(), 1):
        if line > MAX_LINES:
            file.fail(line, f'refused: more than {MAX_LINES} lines')
        # A comment may follow a word without a space.
        for i, word in enumerate(words):
            if '#' in word:
                first = word.split('#')[0]
                words = words[:i] + [first] * (first != '')
                break
        if words and words[0].startswith(':'):
            current = sections.setdefault(words[0][1:].lower(), [])
        elif words and current is not None:
            current.append((line, words))
    for name in ('units', 'root', 'bonedata', 'hierarchy'):
        if name not in sections:
            file.fail(None, f"the section ':{name}' is missing")
    return sections


def _read_units(
    file: TextFile, lines: list[Line]
) -> tuple[float, bool | None]:
    r"""Millimetres per unit of length, and whether angles are in degrees."""
    found: dict[str, float] = {}
    for line, words in lines:
        key, text = words[0].lower(), ' '.join(words[1:]).lower()
        if key == 'length':
            (value,) = file.numbers([text], line)
            if value < SHORTEST:
                file.fail(
                    line,
                    f'expected a length of at least {SHORTEST} (got {value})',
                )
        elif key == 'angle':
            if text not in IS_DEGREES:
                file.fail(
                    line,
                    f"expected 'angle' to be one of {list(IS_DEGREES)} (got "
                    f'{shown(text)})',
                )
            value = IS_DEGREES[text]
        else:  # such as the mass, which positions do not depend on
            continue
        if found.setdefault(key, value) != value:
            file.fail(line, f"'{key}' is given twice and differs")
    if 'length' not in found:
        warnings.warn(
            f"{file}: the section ':units' has no 'length': lengths are "
            "taken as inches. If bodies have the wrong size, write 'length "
            "0.45' below ':units' for CMU's unit, 'length 2.54' for "
            'centimetres',
            stacklevel=3,
        )
    degrees = bool(found['angle']) if 'angle' in found else None
    return MM_PER_INCH / found.get('length', 1.0), degrees


def _root_block(file: TextFile, lines: list[Line]) -> Block:
    r"""The section ':root' with the keywords of a bone."""
    root: Block = {}
    for line, words in lines:
        if len(words) < 2:
            file.fail(line, f'expected a value after {shown(words[0])}')
        root[words[0].lower()] = (line, words[1:])
    # The root is a bone of length one that ends at its position.
    zeros = (0, ['0'] * 3)
    line, orientation = root.get('orientation', zeros)
    return {
        'name': (0, [acclaim.ROOT]),
        'dof': root.get('order', (0, list(acclaim.CHANNELS))),
        'axis': (line, orientation + root.get('axis', (0, ['XYZ']))[1]),
        'direction': root.get('position', zeros),
        'length': (0, ['1']),
    }


def _read_bone_blocks(file: TextFile, lines: list[Line]) -> list[Block]:
    blocks: list[Block] = []
    block: Block | None = None
    for line, words in lines:
        if words[0] == 'begin':
            block = {'begin': (line, [])}
        elif words[0] == 'end' and block is not None:
            for key in ('name', 'direction', 'length', 'axis'):
                key_line, values = block.get(key, (line, []))
                if not values:
                    file.fail(key_line, f"the bone has no '{key}'")
            blocks.append(block)
            if len(blocks) > MAX_BONES:
                file.fail(line, f'refused: more than {MAX_BONES} bones')
            block = None
        elif block is None:
            file.fail(line, f"expected 'begin' (got {shown(words[0])})")
        elif not words[0].startswith('('):  # continued lines of 'limits'
            block[words[0].lower()] = (line, words[1:])
    if block is not None:
        file.fail(block['begin'][0], "the bone has no 'end'")
    if not blocks:
        file.fail(None, "the section ':bonedata' holds no bone")
    return blocks


def _read_parents(
    file: TextFile, lines: list[Line], names: list[str]
) -> dict[str, str]:
    known = set(names)
    if len(known) < len(names):
        twice = [name for name, n in Counter(names).items() if n > 1]
        file.fail(None, f'the bones {shown(twice)} are defined twice')
    parents: dict[str, str] = {}
    for line, words in lines:
        if words[0] in ('begin', 'end'):
            continue
        for word in words:
            if word not in known:
                file.fail(line, f'unknown bone {shown(word)} in the hierarchy')
        for child in words[1:]:
            if child == acclaim.ROOT or child in parents:
                file.fail(line, f'the bone {shown(child)} has two parents')
            parents[child] = words[0]
    return parents


def _parents_first(
    file: TextFile, names: list[str], parents: dict[str, str]
) -> list[str]:
    # Breadth first; what is not reached is not connected to the root.
    children: dict[str, list[str]] = {}
    for name in names[1:]:
        children.setdefault(parents.get(name, ''), []).append(name)
    ordered = [acclaim.ROOT]
    for name in ordered:  # the list grows while it is iterated over
        ordered += children.get(name, [])
    if len(ordered) < len(names):
        lost = sorted(set(names) - set(ordered))
        file.fail(
            None,
            f'the bones {shown(lost)} are not connected to the root: the '
            'hierarchy leaves them out or holds a cycle',
        )
    return ordered


def _make_bone(
    file: TextFile, block: Block, parent: int, unit: float, degrees: bool
) -> Bone:
    def vector(key: str, count: int) -> np.ndarray:
        line, words = block[key]
        if len(words) < count:
            file.fail(line, f"expected {count} numbers after '{key}'")
        return np.array(file.numbers(words[:count], line))

    line, words = block['axis']
    order = ''.join(words[3:]).lower()
    if sorted(order) != ['x', 'y', 'z']:
        file.fail(
            line, f'expected an axis order such as XYZ (got {shown(order)})'
        )
    axis = vector('axis', 3) * acclaim.RADIANS[degrees]
    acclaim.check_angles(axis, acclaim.MAX_REST_ANGLE, file, line)
    line, words = block.get('dof', (0, []))
    channels = tuple(word.lower() for word in words)
    distinct = set(channels)
    if not distinct <= set(acclaim.CHANNELS) or len(distinct) < len(words):
        file.fail(line, f'expected distinct channels of {acclaim.CHANNELS}')
    return Bone(
        name=block['name'][1][0],
        parent=parent,
        offset=tuple(vector('direction', 3) * vector('length', 1) * unit),
        axis=tuple(axis),
        order=order,
        channels=channels,
    )


def _warn_of_height(asf: ASF, file: TextFile) -> None:
    needed = np.hstack(list(acclaim.ASF_JOINTS.values()))
    if not set(needed) <= set(asf.joints):
        return
    rest = asf.joint_positions(np.zeros((1, asf.num_channels)))
    height = body_height(to_h36m17(rest, asf.joints, acclaim.ASF_JOINTS))
    if is_plausible_height(height):
        return
    _, unit = unit_of(height / asf.unit) or ('', 0.0)
    remedy = f": 'length {MM_PER_INCH / unit:.4g}' fits" if unit else ''
    warnings.warn(
        f'{file}: the person is {height:,.0f} mm tall, so that the '
        f"'length' below ':units' seems wrong{remedy}",
        stacklevel=3,
    )
