"""Checks of settings before the data are loaded."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from experiments.pose.config import ModelConfig, RunConfig
from pyg_hcsf.geometry.bodies import parse_proportions
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.protocols import get_protocol
from pyg_hcsf.skeleton import get_skeleton

WIDTH = 8  # of the networks that are built for the check


def check_run(config: RunConfig, data: str) -> None:
    """Raises an error if the protocol, the bodies or the network do not
    exist.

    Args:
        config: The run config.
        data: The name of the data. The skeleton of arrays is not known yet.
    """
    if config.protocol != 'auto':
        get_protocol(config.protocol)
    parse_proportions(config.clips.proportions)
    if data != 'arrays':
        check_network(config.model)


def check_network(config: ModelConfig, **options: Any) -> None:
    """Builds a narrow network, which raises an error for settings that a
    network on the joints of Human3.6M does not have.

    Args:
        config: The settings.
        **options: Further arguments of the network.
    """
    values = {**asdict(config), **options}
    values['hidden_channels'] = min(WIDTH, config.hidden_channels)
    skeleton = get_skeleton('h36m17', graph=values.pop('graph'))
    PoseLifter(skeleton, **values)
