r"""Encoding of clips for pose lifting networks."""

from typing import Union

from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_hcsf.axes import frames_first, nodes_first
from pyg_hcsf.protocols import PoseProtocol, get_protocol


@functional_transform('encode_pose')
class EncodePose(BaseTransform):
    r"""Encodes a lifting clip from pixels and millimetres into what a
    network reads and predicts (functional name: :obj:`encode_pose`).

    :obj:`x` :obj:`[N, T, 2]` in pixels becomes normalised, :obj:`y`
    :obj:`[N, T, 3]` in camera-frame millimetres becomes the target of the
    protocol, and :obj:`joints` keeps the millimetres. A clip without
    :obj:`y` is encoded for inference.

    Args:
        protocol (str or PoseProtocol): The protocol, see
            :func:`~pyg_hcsf.protocols.get_protocol`.

    Raises:
        ValueError: If the clip has no :obj:`image_size`, if the protocol
            needs :obj:`focal` and :obj:`center` and they are missing, or if
            the clip is encoded already.

    .. code-block:: python

        dataset = OpenMocap(root, transform=EncodePose('openmocap'))
        dataset[0].x  # [17, T, 2], about -1 to 1
    """

    def __init__(self, protocol: Union[str, PoseProtocol]) -> None:
        if isinstance(protocol, str):
            protocol = get_protocol(protocol)
        self.protocol = protocol

    def forward(self, data: Data) -> Data:
        if 'joints' in data:
            raise ValueError(
                'Expected a clip in pixels and millimetres (got an encoded '
                "clip, which has 'joints'): apply EncodePose only once"
            )
        size = data.get('image_size')
        x = self.protocol.encode_input(frames_first(data.x), size)
        data.x = nodes_first(x).contiguous()
        if data.y is not None:
            y = self.protocol.encode_target(
                frames_first(data.y),
                x,
                data.get('focal'),
                data.get('center'),
                size,
            )
            data.joints = data.y
            data.y = nodes_first(y).contiguous()
        return data

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}('{self.protocol.name}')"
