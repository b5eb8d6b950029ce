"""Writes the files of runs atomically."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import torch

from pyg_hcsf.safe_io.atomic_write import atomic_write

replacing = partial(
    atomic_write,
    remedy='free some space or choose another --out, then run the same '
    'command with --resume',
)


def save_tensors(value: Any, path: Path) -> None:
    """Saves tensors for torch.load(weights_only=True)."""
    with replacing(path) as part, part.open('wb') as file:
        torch.save(value, file)


def save_json(value: Any, path: Path) -> None:
    """Saves JSON."""
    with replacing(path) as part:
        part.write_text(json.dumps(value, indent=1) + '\n')
