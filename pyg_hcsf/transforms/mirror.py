r"""Mirroring of clips for pose lifting."""

import torch
from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_hcsf.skeleton import H36M17, Skeleton


@functional_transform('mirror_pose')
class MirrorPose(BaseTransform):
    r"""Mirrors a lifting clip and its camera with a given probability
    (functional name: :obj:`mirror_pose`).

    Takes a clip in pixels and millimetres, **before**
    :class:`~pyg_hcsf.transforms.EncodePose`: :math:`u \to W - u`,
    :math:`X \to -X`, :math:`c_x \to W - c_x`, and left and right joints
    are exchanged in :obj:`x`, :obj:`y` and :obj:`confidence`.
    The result is the image of the mirrored person in the mirrored camera,
    so that every protocol encodes and decodes it exactly.
    Encoded tensors are mirrored by
    :meth:`~pyg_hcsf.protocols.PoseProtocol.mirror` instead, to the same
    result where the screen is the image (all protocols but :obj:`srnet` and
    :obj:`3dhp-srnet`).

    Args:
        p (float, optional): The probability. (default: :obj:`0.5`)
        skeleton (Skeleton, optional): The skeleton of the joints.
            (default: the 17 joints of Human3.6M)

    Raises:
        ValueError: If the clip is encoded already or has no
            :obj:`image_size`.

    .. code-block:: python

        transform = Compose([MirrorPose(), EncodePose('openmocap')])
    """

    def __init__(self, p: float = 0.5, skeleton: Skeleton = H36M17) -> None:
        if not 0 <= p <= 1:
            raise ValueError(
                f"Expected 'p' to be a probability between 0 and 1 (got {p})"
            )
        self.p = p
        self.skeleton = skeleton

    def forward(self, data: Data) -> Data:
        if 'joints' in data:
            raise ValueError(
                'Expected a clip in pixels and millimetres (got one with '
                "'joints', which is encoded already). Put 'MirrorPose' "
                "before 'EncodePose'"
            )
        if 'image_size' not in data:
            raise ValueError(
                "Expected 'image_size' (W, H) in pixels in the clip (got "
                'none): clips are mirrored at the middle of the image'
            )
        if data.x.size(0) != self.skeleton.num_joints:
            raise ValueError(
                f"Expected 'x' with the {self.skeleton.num_joints} joints of "
                f"skeleton '{self.skeleton.name}' first (got "
                f'{list(data.x.shape)})'
            )
        if torch.rand(()) >= self.p:
            return data
        # Joint i becomes the mirror image of joint swap[i].
        swap = list(self.skeleton.mirrored)
        width = data.image_size[..., 0]  # [1], doubles
        data.x = data.x[swap]
        data.x[..., 0] = width.to(data.x) - data.x[..., 0]
        if data.y is not None:
            data.y = data.y[swap] * data.y.new_tensor([-1.0, 1.0, 1.0])
        if 'confidence' in data:
            data.confidence = data.confidence[swap]
        if 'center' in data:
            data.center = data.center.clone()
            data.center[..., 0] = width - data.center[..., 0]
        return data

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(p={self.p})'
