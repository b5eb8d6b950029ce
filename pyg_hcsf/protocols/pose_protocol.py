r"""The conventions by which pose networks are trained and evaluated."""

from dataclasses import dataclass, replace
from typing import Literal, Optional, Sequence, Union

import torch
from torch import Tensor

from pyg_hcsf.choices import check_finite
from pyg_hcsf.geometry.camera import Distortion
from pyg_hcsf.geometry.image_frame import ImageFrame, normalize_screen
from pyg_hcsf.protocols.sequences import H36M_ACTIONS
from pyg_hcsf.skeleton import Skeleton

#: Inputs with a larger value are assumed to be pixels, not normalised.
_MAX_NORMALIZED = 10.0
#: Inputs without a larger value are assumed to be normalised, not pixels.
_MIN_PIXEL = 2.0

ImageSize = Union[Tensor, Sequence[float]]


@dataclass(frozen=True)
class PoseProtocol:
    r"""The conventions by which a pose network is trained and evaluated.

    All methods take tensors with any leading dimensions, joints at dimension
    -2. :obj:`focal`, :obj:`center` and :obj:`image_size` are in pixels and
    broadcast as :obj:`[..., 1, 2]` against :obj:`[..., N, C]`.

    With flip augmentation at test time, average the outputs for the input
    and for the mirrored input before :meth:`decode`:
    :math:`(f(x) + m(f(m(x)))) / 2` where :math:`m` is :meth:`mirror`. After
    :meth:`decode`, as in SRNet, the mirrored principal point would add an
    error of some millimetres.

    Args:
        name (str): The name, as printed in tables.
        source (str): The source of the conventions.
        alignment (str): The poses whose root is subtracted before the error
            is taken: :obj:`'none'`, :obj:`'gt'` (the error includes that of
            the predicted root), or :obj:`'both'`.
        average (str): The reported mean, over the means of :obj:`'actions'`
            or :obj:`'subjects'`, or over all :obj:`'frames'`.
        frame (ImageFrame, optional): The image frame of the target.
            :obj:`None` for camera-frame **metres** relative to the root.
            (default: :obj:`None`)
        distortion (str, optional): The distortion of ground-truth 2D input,
            see :meth:`~pyg_hcsf.geometry.Camera.project`.
            (default: :obj:`None`)
        train_subjects (tuple): The training subjects; empty if the data set
            defines the split.
        test_subjects (tuple): The test subjects.
        actions (tuple): The actions in the order of the columns of a table.
        dropped (tuple): Test sequences to exclude.
        num_joints (int): The number of joints, **including** the root, which
            is part of the mean error. (default: :obj:`17`)
        root (int): The joint that depths and poses are relative to.
            (default: :obj:`0`)
        pck (str, optional): The variant of the percentage of correct
            keypoints that is also reported, see
            :func:`~pyg_hcsf.metrics.pck`. (default: :obj:`None`)
    """

    name: str
    source: str
    alignment: Literal['none', 'gt', 'both']
    average: Literal['actions', 'subjects', 'frames']
    frame: Optional[ImageFrame] = None
    distortion: Optional[Distortion] = None
    train_subjects: tuple[str, ...] = ('S1', 'S5', 'S6', 'S7', 'S8')
    test_subjects: tuple[str, ...] = ('S9', 'S11')
    actions: tuple[str, ...] = H36M_ACTIONS
    dropped: tuple[str, ...] = ()
    num_joints: int = 17
    root: int = 0
    pck: Optional[Literal['official', 'srnet', 'graphmlp']] = None

    @property
    def residual_xy(self) -> bool:
        r"""Whether the model adds its 2D input to its first two outputs."""
        return self.frame is not None

    def scored_as(self, other: 'PoseProtocol') -> 'PoseProtocol':
        r"""The protocol to evaluate a network of this protocol on the data of
        another: inputs and outputs are those of this protocol; subjects,
        alignment, averages and metrics are those of :obj:`other`.

        Args:
            other (PoseProtocol): The protocol of the data.

        Raises:
            ValueError: If the number of joints or the root differs.

        Example:
            >>> lcn, other = get_protocol('lcn'), get_protocol('3dhp-official')
            >>> lcn.scored_as(other).name  # '3dhp-official, network: lcn'
        """
        if (self.num_joints, self.root) != (other.num_joints, other.root):
            raise ValueError(
                f"Expected 'other' with {self.num_joints} joints and root "
                f"{self.root} as protocol '{self.name}' (got "
                f"{other.num_joints} and {other.root} of '{other.name}')"
            )
        if self == other:
            return self
        return replace(
            other,
            name=f'{other.name}, network: {self.name}',
            source=f'{other.source}; the network as of {self.source}',
            frame=self.frame,
            distortion=self.distortion,
        )

    def encode_input(
        self, x_px: Tensor, image_size: Optional[ImageSize]
    ) -> Tensor:
        r"""Normalises pixels to the input of the network.

        Args:
            x_px (torch.Tensor): Keypoints :obj:`[..., N, 2]` in pixels.
            image_size (torch.Tensor or tuple): :math:`(W, H)` in pixels.

        Returns:
            Keypoints :obj:`[..., N, 2]`, x from -1 to 1.

        Raises:
            ValueError: If the number of joints is not :obj:`num_joints`, if
                keypoints are not finite, if none is above 2 (they are
                normalised already), or if :obj:`image_size` is :obj:`None`.
        """
        self._check(x_px, 'x_px', 2)
        if x_px.numel() > 0 and x_px.abs().max() <= _MIN_PIXEL:
            raise ValueError(
                f"Expected 'x_px' in pixels (got no value above "
                f'{_MIN_PIXEL}). They look normalised already; pass them to '
                f"the model as they are, or undo it with 'denormalize_screen'"
            )
        size = _image_size(image_size, x_px)
        return normalize_screen(x_px, size[..., 0], size[..., 1])

    def encode_target(
        self,
        y_cam: Tensor,
        x_norm: Tensor,
        focal: Optional[Tensor] = None,
        center: Optional[Tensor] = None,
        image_size: Optional[ImageSize] = None,
    ) -> Tensor:
        r"""Maps true joints to the target of the network.

        For protocols with :attr:`residual_xy` this is the output **after**
        the model has added its input :obj:`x_norm`; the values do not depend
        on :obj:`x_norm`, which is only checked.

        Args:
            y_cam (torch.Tensor): Joints :obj:`[..., N, 3]` in camera-frame
                millimetres, absolute.
            x_norm (torch.Tensor): The encoded input :obj:`[..., N, 2]`.
            focal (torch.Tensor, optional): Needed for the image frame only.
            center (torch.Tensor, optional): Likewise.
            image_size (torch.Tensor, optional): Likewise.
        """
        self._check(y_cam, 'y_cam', 3)
        self._check(x_norm, 'x_norm', 2)
        if x_norm.numel() > 0 and x_norm.abs().max() > _MAX_NORMALIZED:
            raise ValueError(
                f"Expected 'x_norm' to be normalised (got a value of "
                f'{float(x_norm.abs().max()):.1f}). Pass pixels through '
                f"'encode_input' first"
            )
        root = y_cam[..., self.root : self.root + 1, :]
        if self.frame is None:
            return (y_cam - root) / 1000
        focal, center = self._intrinsics(focal, center)
        size = _image_size(image_size, y_cam)
        if not (y_cam[..., 2] > 0).all():
            raise ValueError(
                f"Expected 'y_cam' in the camera frame with absolute depth "
                f'(got a joint at depth {float(y_cam[..., 2].min()):.1f} mm). '
                f"Protocol '{self.name}' cannot use root-relative poses"
            )
        return self.frame.encode(y_cam, focal, center, size, root[..., 2])

    def decode(
        self,
        output: Tensor,
        focal: Optional[Tensor] = None,
        center: Optional[Tensor] = None,
        image_size: Optional[ImageSize] = None,
        root_depth: Optional[Tensor] = None,
    ) -> Tensor:
        r"""Maps the output of the network to camera-frame millimetres.

        The result is absolute for the image frame. Otherwise, it is relative
        to the root, and :obj:`output` is the only argument needed.

        Args:
            output (torch.Tensor): The output :obj:`[..., N, 3]`.
            focal (torch.Tensor, optional): See the class.
            center (torch.Tensor, optional): See the class.
            image_size (torch.Tensor, optional): See the class.
            root_depth (torch.Tensor, optional): The camera :math:`Z` of the
                root :obj:`[..., 1]` in millimetres, *e.g.*,
                :obj:`y_cam[..., :1, 2]`.
        """
        self._check_shape(output, 'output', 3)
        if self.frame is None:
            return output * 1000
        focal, center = self._intrinsics(focal, center)
        size = _image_size(image_size, output)
        if root_depth is None or root_depth.dim() == 0:
            raise ValueError(
                f"Protocol '{self.name}' needs the depth of the root: pass "
                f"'root_depth' as [..., 1] in millimetres, e.g. "
                f"'y_cam[..., {self.root}:{self.root + 1}, 2]'"
            )
        if root_depth.size(-1) != 1:
            raise ValueError(
                f"Expected 'root_depth' of shape [..., 1] (got "
                f'{list(root_depth.shape)}). Add a dimension for the joints '
                f"with 'root_depth.unsqueeze(-1)'"
            )
        return self.frame.decode(output, focal, center, size, root_depth)

    def mirror(self, x: Tensor, skeleton: Skeleton) -> Tensor:
        r"""Mirrors encoded inputs, targets or outputs: negates the first
        coordinate and swaps left and right joints.

        Args:
            x (torch.Tensor): Normalised :obj:`[..., N, 2]` or
                :obj:`[..., N, 3]`.
            skeleton (Skeleton): The skeleton of the joints.
        """
        if x.size(-2) != skeleton.num_joints:
            raise ValueError(
                f"Expected 'x' to have the {skeleton.num_joints} joints of "
                f"skeleton '{skeleton.name}' at dimension -2 (got "
                f'{list(x.shape)})'
            )
        # x is negated, y and depth are not.
        sign = x.new_ones(x.size(-1))
        sign[0] = -1
        return x[..., list(skeleton.mirrored), :] * sign

    def align(self, pred: Tensor, gt: Tensor) -> tuple[Tensor, Tensor]:
        r"""Subtracts roots before the error is taken, see :obj:`alignment`.

        Args:
            pred (torch.Tensor): Decoded joints :obj:`[..., N, 3]`.
            gt (torch.Tensor): True joints :obj:`[..., N, 3]`, absolute.
        """
        self._check_shape(pred, 'pred', 3)
        self._check_shape(gt, 'gt', 3)
        root = slice(self.root, self.root + 1)
        if self.alignment == 'both':
            pred = pred - pred[..., root, :]
        if self.alignment != 'none':
            gt = gt - gt[..., root, :]
        return pred, gt

    def _check_shape(self, x: Tensor, name: str, size: int) -> None:
        shape = (self.num_joints, size)
        if x.shape[-2:] != shape:
            raise ValueError(
                f"Expected '{name}' of shape [..., {shape[0]}, {shape[1]}] "
                f"for protocol '{self.name}' (got {list(x.shape)}). Joints "
                f"stand at dimension -2: 'clip.x.transpose(0, 1)'"
            )

    def _check(self, x: Tensor, name: str, size: int) -> None:
        self._check_shape(x, name, size)
        remedy = 'drop these frames, or fill them by interpolation'
        check_finite(f"'{name}'", x, remedy)

    def _intrinsics(
        self, focal: Optional[Tensor], center: Optional[Tensor]
    ) -> tuple[Tensor, Tensor]:
        if focal is None or center is None:
            raise ValueError(
                f"Protocol '{self.name}' needs the intrinsics of the camera: "
                f"pass 'focal' and 'center' as [..., 1, 2] in pixels, or use "
                f"protocol 'vp3d', which needs none"
            )
        return focal, center


def _image_size(size: Optional[ImageSize], like: Tensor) -> Tensor:
    if size is None:
        raise ValueError(
            "Expected 'image_size' (W, H) in pixels (got None). Keypoints "
            'are normalised by the size of the image they were found in'
        )
    size = torch.as_tensor(size, dtype=like.dtype, device=like.device)
    if size.dim() == 0 or size.size(-1) != 2 or not (size > 0).all():
        raise ValueError(
            f"Expected 'image_size' as positive (W, H) in pixels (got "
            f'{size.tolist()})'
        )
    return size
