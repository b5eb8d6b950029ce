r"""Loads trained networks from the folders of finished runs."""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, Union

from torch.nn import Module

from pyg_hcsf.nn.checkpoint import (
    check_numbers,
    read_weights,
    write_weights,
    wrong,
)
from pyg_hcsf.nn.constants import NoTorchScript
from pyg_hcsf.safe_io.json_file import load_json
from pyg_hcsf.safe_io.shown import shown
from pyg_hcsf.skeleton import Skeleton, get_skeleton

#: The file of the network in the folder of a pose run.
NETWORK_FILE = 'network.safetensors'
KEY = 'pyg_hcsf_network'
VERSION = {'version': 1}
#: By network, the files of weights that its runs leave, and the metadata keys
#: of their headers.
RUN_FILES = {
    'PoseLifter': {
        NETWORK_FILE: KEY,
        'weights.safetensors': 'pyg_hcsf_lifter',
    },
    'ActionRecognizer': {'recognizer.safetensors': 'pyg_hcsf_recognizer'},
}

Network = TypeVar('Network', bound='FromRun')


class FromRun(NoTorchScript):
    r"""The base class of networks that :file:`experiments/run.py` trains."""

    @classmethod
    def from_run(cls: type[Network], path: Union[str, Path]) -> Network:
        r"""Loads the network that a finished run of
        :file:`experiments/run.py` left in its folder, in evaluation mode and
        float32.

        Neither the network nor its options can run code: the weights are a
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
        files = RUN_FILES[cls.__name__]
        for name, key in files.items():
            if (file := folder / name).is_file():
                parse = partial(_parse, network=cls)
                model, _ = read_weights(file, key, parse, 'a finished run')
                assert isinstance(model, cls)
                return model
        raise ValueError(
            f"Expected 'path' to be the folder of a finished run of a "
            f'{cls.__name__}, such as runs/<task>/<preset>/<row>/<seed>, with '
            f'a {" or ".join(map(repr, files))} (got '
            f'{shown(str(path))}, {_found(folder)})'
        )


@dataclass(frozen=True)
class RunNetwork:
    r"""A network as the header of its file describes it.

    Args:
        skeleton (dict): See :meth:`~pyg_hcsf.Skeleton.to_dict`.
        model (dict): The arguments of the network without the skeleton.
        protocol (str): The protocol that its inputs and outputs are of.
        network (type): Its class, which is not part of the header.
    """

    skeleton: dict[str, Any]
    model: dict[str, Any]
    protocol: str
    network: InitVar[type[Module]]

    def __post_init__(self, network: type[Module]) -> None:
        object.__setattr__(self, '_network', network)

    def build(self) -> Module:
        r"""Creates the network with random weights."""
        skeleton = Skeleton.from_dict(self.skeleton, 'its header')
        network: type[Module] = self._network  # type: ignore[attr-defined]
        return network(skeleton, **self.model)


def save_network(
    folder: Path, model: FromRun, options: dict[str, Any], protocol: str
) -> None:
    r"""Saves a network in the folder of its run, for
    :meth:`~pyg_hcsf.nn.PoseLifter.from_run`.

    Args:
        folder (pathlib.Path): The folder.
        model (FromRun): The network.
        options (dict): The arguments that it was made with, without the
            skeleton.
        protocol (str): The protocol that its inputs and outputs are of.

    Raises:
        ValueError: If weights are not finite.
        RuntimeError: If the file cannot be written.
    """
    skeleton: Any = model.skeleton
    info = RunNetwork(skeleton.to_dict(), options, protocol, type(model))
    write_weights(folder / NETWORK_FILE, model, info, KEY, VERSION, half=False)


def _parse(text: str, network: type[Module]) -> RunNetwork:
    r"""Parses a header, of which only the network is read."""
    header = load_json(text)
    if not isinstance(header, dict) or header.get('version') != 1:
        raise ValueError('its header is not of version 1')
    skeleton: Any = header.get('skeleton')
    model = header.get('model')
    if not isinstance(model, dict) or 'skeleton' in model:
        raise wrong('model', f'the arguments of {network.__name__}', model)
    check_numbers(model)
    if isinstance(skeleton, str):
        model = dict(model)
        graph = model.pop('graph', None)
        skeleton = get_skeleton(skeleton, graph).to_dict()
    return RunNetwork(skeleton, model, '', network)


def _found(folder: Path) -> str:
    r"""What a folder holds instead of the network."""
    if not folder.is_dir():
        return 'which is no folder'
    for network, files in RUN_FILES.items():
        if any((folder / name).is_file() for name in files):
            return f'which has a network for {network}.from_run'
    if (folder / 'checkpoint.pt').is_file():
        return (
            'whose training has not finished: run the same command with '
            '--resume'
        )
    return 'which has none'
