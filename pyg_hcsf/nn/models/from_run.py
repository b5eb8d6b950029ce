r"""Loads trained networks from the folders of finished runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, Union

from torch.nn import Module

from pyg_hcsf.choices import wrong
from pyg_hcsf.nn.checkpoint import check_numbers, read_weights, write_weights
from pyg_hcsf.nn.constants import NoTorchScript
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import Skeleton

#: The file of the network in the folder of a run.
NETWORK_FILE = 'network.safetensors'
KEY = 'pyg_hcsf_network'
FIXED = {'version': 1}
_NETWORKS: dict[str, type[FromRun]] = {}

Network = TypeVar('Network', bound='FromRun')


class FromRun(NoTorchScript):
    r"""The base class of networks that :file:`experiments/run.py` trains."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _NETWORKS[cls.__name__] = cls

    @classmethod
    def from_run(cls: type[Network], path: Union[str, Path]) -> Network:
        r"""Loads the network that a finished run of
        :file:`experiments/run.py` left in its folder, in evaluation mode and
        float32.

        Neither the network nor its options can run code: they are a
        safetensors file, whose header has the skeleton and the options as
        JSON.

        Args:
            path (str or pathlib.Path): The folder of the run,
                :obj:`runs/<task>/<preset>/<row>/<seed>`.

        Raises:
            ValueError: If it is not the folder of a finished run of such a
                network, or the file is damaged or does not describe the
                weights.

        Example:
            >>> model = PoseLifter.from_run('runs/pose/own/hcsf/0')
            >>> model(keypoints).shape, model.skeleton.joints
        """
        folder = Path(path).expanduser()
        file = folder / NETWORK_FILE
        if not file.is_file():
            found = 'which has none'
            if not folder.is_dir():
                found = 'which is no folder'
            elif (folder / 'checkpoint.pt').is_file():
                found = (
                    'whose training has not finished: run the same command '
                    'with --resume'
                )
            raise ValueError(
                "Expected 'path' to be the folder of a finished run, "
                f"runs/<task>/<preset>/<row>/<seed>, with a '{NETWORK_FILE}' "
                f'(got {shown(str(path))}, {found})'
            )
        model, _ = read_weights(file, RunNetwork, KEY, FIXED, 'a finished run')
        if not isinstance(model, cls):
            name = type(model).__name__
            raise ValueError(
                f"Expected 'path' to be a run of a {cls.__name__} (got "
                f'{shown(str(path))} of a {name}): use {name}.from_run'
            )
        return model


@dataclass(frozen=True)
class RunNetwork:
    r"""A network as the header of its file describes it.

    Args:
        network (str): The name of its class.
        skeleton (dict): See :meth:`~pyg_hcsf.Skeleton.to_dict`.
        model (dict): The arguments of the network without the skeleton.
        protocol (str): The protocol that its inputs and outputs are of.

    Raises:
        ValueError: If a value is of the wrong type or out of range.
    """

    network: str
    skeleton: dict[str, Any]
    model: dict[str, Any]
    protocol: str

    def __post_init__(self) -> None:
        if self.network not in [*_NETWORKS]:
            raise wrong('network', f'one of {[*_NETWORKS]}', self.network)
        Skeleton.from_dict(self.skeleton, 'its header')
        if not isinstance(self.model, dict) or 'skeleton' in self.model:
            raise wrong('model', f'arguments of {self.network}', self.model)
        check_numbers(self.model)

    def build(self) -> Module:
        r"""Creates the network with random weights."""
        skeleton: Any = Skeleton.from_dict(self.skeleton, 'its header')
        return _NETWORKS[self.network](skeleton, **self.model)


def save_network(
    folder: Path, model: FromRun, options: dict[str, Any], protocol: str
) -> None:
    r"""Saves a network in the folder of its run, for
    :meth:`~pyg_hcsf.nn.PoseLifter.from_run`.

    Args:
        folder (pathlib.Path): The folder.
        model (FromRun): The network.
        options (dict): The arguments that it was made with, without the
            skeleton and its graph.
        protocol (str): The protocol that its inputs and outputs are of.

    Raises:
        ValueError: If weights are not finite.
        RuntimeError: If the file cannot be written.
    """
    skeleton: Any = model.skeleton
    own = {key: value for key, value in options.items() if key != 'graph'}
    info = RunNetwork(type(model).__name__, skeleton.to_dict(), own, protocol)
    write_weights(folder / NETWORK_FILE, model, info, KEY, FIXED, half=False)
