"""The model card of a lifter."""

from __future__ import annotations

from typing import Any

from experiments.lifting.config import LiftConfig

CMU = (
    'The data used in this project was obtained from mocap.cs.cmu.edu. The '
    'database was created with funding from NSF EIA-0196217.'
)


def make_card(
    config: LiftConfig, people: set[str], split: str, scores: dict[str, Any]
) -> dict[str, str]:
    """The model card that is saved with the weights."""
    cmu = sorted(name for name in people if name.startswith('CMU'))
    motion = 'SyntheticMotion'
    if cmu:
        motion = f'{", ".join(cmu)} (mocap.cs.cmu.edu) and {motion}'
    errors = ', '.join(
        f'{name} {table["typical"]["mpjpe"]:.1f} mm'
        for name, table in scores.items()
    )
    return {
        'data': f'{motion}, seen by random virtual cameras with noise',
        'licence': 'MIT',
        **({'acknowledgement': CMU} if cmu else {}),
        'protocol': f'{config.train.steps} steps of {config.train.batch_size}'
        ' windows; run.py --task lift, see docs/results/lifting.md',
        'errors': f'MPJPE at known size, {split} subjects, typical noise: '
        f'{errors}',
        'limits': 'one person; spine, thorax, neck and head are those of the '
        'rigs; adults; unusual poses are worse',
    }
