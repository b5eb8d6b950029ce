"""Reads presets, the YAML files with the settings of runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyg_hcsf
from pyg_hcsf.choices import did_you_mean
from pyg_hcsf.cli.command import UsageError
from pyg_hcsf.safe_io.shown import cause, shown
from pyg_hcsf.safe_io.yaml_file import load_yaml

PRESETS = Path(__file__).parents[1] / 'presets'
MAX_DEPTH = 8  # of presets that extend each other
NEEDED = ('description', 'data', 'base', 'rows')
KINDS = {
    'description': str,
    'data': str,
    'extends': str,
    'base': dict,
    'rows': dict,
}


def merge(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict:
    """Updates nested settings with others."""
    out = dict(base)
    for key, value in change.items():
        if isinstance(value, Mapping) and isinstance(out.get(key), Mapping):
            value = merge(out[key], value)
        out[key] = value
    return out


@dataclass
class Preset:
    """A YAML file of experiments/presets: for each table row, its settings."""

    name: str
    description: str
    data: str
    rows: dict[str, dict[str, Any]]


def list_presets(task: str) -> dict[str, Preset]:
    """The presets of a task by name."""
    names = sorted(path.stem for path in (PRESETS / task).glob('*.yaml'))
    return {name: load_preset(task, name) for name in names}


def load_preset(task: str, name: str, overlay: str | None = None) -> Preset:
    """Reads a preset.

    Args:
        task: The task.
        name: ``preset``, or ``preset/row`` for one row.
        overlay: Another preset, whose base settings override the base
            settings of this one; the settings of a row override both. Its
            data replace those of this preset, unless these are other splits
            of the same data.
    """
    stem, _, row = name.partition('/')
    spec = _find_spec(task, 'preset', stem)
    base, data, title = spec['base'], spec['data'], stem
    if overlay is not None:
        change = _find_spec(task, 'overlay', overlay)
        base = merge(base, change['base'])
        if not data.startswith(f'{change["data"]}-'):
            data = change['data']
        title = f'{stem}-{overlay}'
    rows = {
        key: merge(merge(base, {'label': key}), change)
        for key, change in spec['rows'].items()
    }
    if row:
        if row not in rows:
            raise UsageError(
                f"Expected a row of preset '{stem}', one of {sorted(rows)} "
                f"(got '{row}')" + did_you_mean(row, rows)
            )
        rows = {row: rows[row]}
    return Preset(title, spec['description'], data, rows)


def _find_spec(task: str, flag: str, name: str) -> dict[str, Any]:
    path = PRESETS / task / f'{name}.yaml'
    if not path.is_file():
        known = sorted(p.stem for p in path.parent.glob('*.yaml'))
        raise UsageError(
            f"Expected '--{flag}' to be one of {known} (got '{name}')"
            + did_you_mean(name, known)
        )
    return _read_spec(path)


def _read_spec(path: Path, extended: int = 0) -> dict[str, Any]:
    """Reads a preset file. With ``extends``, its base updates that of another
    preset, and its rows update the rows of the same names, or are all rows of
    the other if it has none.
    """
    spec = load_settings(path, 'preset')
    where = f"The preset '{path}'"
    for key, kind in KINDS.items():
        if key in spec and not isinstance(spec[key], kind):
            raise ValueError(
                f"{where}: expected '{key}' to be a {kind.__name__} (got "
                f'{shown(spec[key])})'
            )
    for name, row in spec.get('rows', {}).items():
        if not isinstance(row, dict):
            raise ValueError(
                f"{where}: expected each of 'rows' to be a dict (got "
                f'{shown(row)} for {shown(name)})'
            )
    if 'extends' not in spec:
        if lacking := [key for key in NEEDED if key not in spec]:
            raise ValueError(f'{where} has no {lacking}')
        return spec
    if extended == MAX_DEPTH:
        raise ValueError(f'{where} extends one that extends it')
    parent = _read_spec(
        path.with_name(f'{spec["extends"]}.yaml'), extended + 1
    )
    rows = {
        key: merge(parent['rows'].get(key, {}), change)
        for key, change in spec.get('rows', parent['rows']).items()
    }
    base = merge(parent['base'], spec.get('base', {}))
    return {**parent, **spec, 'base': base, 'rows': rows}


def comparable(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a run config that its results depend on."""
    out = {k: v for k, v in values.items() if k not in ('label', 'paper')}
    train = {k: v for k, v in out['train'].items() if k != 'save_every'}
    return {**out, 'train': train}


def load_settings(path: Path, what: str) -> dict[str, Any]:
    """Reads a YAML file of settings, which must be plain values.

    Args:
        path: The file.
        what: The kind of file, for errors.

    Raises:
        ValueError: If it is damaged or no mapping, or names a class, which
            the command line would import and construct.
    """
    spec = load_yaml(path, what)
    if not isinstance(spec, dict):
        raise ValueError(
            f"The {what} '{path}' holds no mapping (got {shown(spec)})"
        )
    try:
        refuse_classes(spec)
    except ValueError as e:
        raise ValueError(f"Refused the {what} '{path}': {cause(e)}") from e
    return spec


def refuse_classes(value: Any) -> None:
    """Raises an error if settings name a class by ``class_path``, which
    jsonargparse would import.
    """
    if isinstance(value, Mapping):
        if 'class_path' in value:
            raise ValueError(
                "settings are plain values and cannot hold 'class_path' (got "
                f'{shown(value["class_path"])})'
            )
        value = [*value.values()]
    for item in value if isinstance(value, list) else ():
        refuse_classes(item)


def fingerprint(config: Any, source: list, seed: int) -> str:
    """A hash of the settings, the data and the seed of a run."""
    values = comparable(asdict(config))
    text = json.dumps([pyg_hcsf.__version__, source, seed, values])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
