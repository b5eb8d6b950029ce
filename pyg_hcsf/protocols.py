r"""Evaluation protocols: what a pose network reads, predicts and is scored by.

Numbers of two protocols are not comparable: ``lcn``, ``srnet``, ``openmocap``
and ``3dhp-srnet`` use the ground-truth depth of the root and the intrinsics at
test time, ``vp3d``, ``3dhp-official`` and ``3dhp-graphmlp`` do not.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal, Optional, Sequence, Union

import torch
from torch import Tensor

from pyg_hcsf.geometry.camera import Distortion
from pyg_hcsf.geometry.image_frame import LCN_FRAME, SRNET_FRAME, ImageFrame
from pyg_hcsf.geometry.normalize import normalize_screen
from pyg_hcsf.skeleton import Skeleton

#: The actions of Human3.6M in the order of the columns of published tables.
H36M_ACTIONS = (
    'Directions',
    'Discussion',
    'Eating',
    'Greeting',
    'Phoning',
    'Photo',
    'Posing',
    'Purchases',
    'Sitting',
    'SittingDown',
    'Smoking',
    'Waiting',
    'WalkDog',
    'Walking',
    'WalkTogether',
)

#: S11 'Directions' without a suffix: its video is corrupted (VideoPose3D
#: ``data/prepare_data_h36m.py:68``). Takes go by two names: those of the
#: videos as LCN cuts them, and those of the official files.
S11_DIRECTIONS = ('s_11_act_02_subact_02', 'S11 Directions')

#: S9 'Greeting', 'SittingDown' and 'Waiting' with a shifted ground truth
#: (MotionBERT ``train.py:109-116``). No protocol here drops them; to do so::
#:
#:     replace(protocol, dropped=protocol.dropped + S9_BLOCKLIST)
S9_BLOCKLIST = (
    's_09_act_05_subact_02',
    's_09_act_10_subact_02',
    's_09_act_13_subact_01',
    *('S9 Greeting', 'S9 SittingDown 1', 'S9 Waiting 1'),
)

#: The scenes of MPI-INF-3DHP's test set: TS1 and TS2 in front of a green
#: screen, TS3 and TS4 in the same studio without, TS5 and TS6 outdoors.
MPI_INF_3DHP_SCENES = ('GS', 'noGS', 'Outdoor')

#: A person cannot be more than some screens away from the middle of one.
_MAX_NORMALIZED = 10.0
#: Nor can all joints of all frames lie on the first two pixels.
_MIN_PIXEL = 2.0

ImageSize = Union[Tensor, Sequence[float]]


@dataclass(frozen=True)
class PoseProtocol:
    r"""The conventions of one way to train and score a pose network.

    All methods take tensors with any leading dimensions, joints at dimension
    -2. :obj:`focal`, :obj:`center` and :obj:`image_size` broadcast as
    :obj:`[..., 1, 2]` against :obj:`[..., N, C]`.

    With flip augmentation at test time, the outputs of the plain and of the
    mirrored input are averaged in the space of the network's output, before
    :meth:`decode`: :math:`(f(x) + m(f(m(x)))) / 2` where :math:`m` is
    :meth:`mirror`. After :meth:`decode`, the mirrored principal point would
    add an error of some millimetres (SRNet averages there; we do not).

    Args:
        name (str): The name, printed in every table.
        source (str): Where the conventions come from.
        frame (ImageFrame, optional): The image frame of the target.
            :obj:`None` for camera-frame **metres** relative to the root.
        distortion (str, optional): The distortion of ground-truth 2D input,
            see :meth:`~pyg_hcsf.geometry.camera.Camera.project`.
        alignment (str): What is subtracted from before comparing:
            :obj:`'none'`, the root of :obj:`'gt'` only (the predicted root
            stays in the error), or the roots of :obj:`'both'`.
        average (str): The reported mean: over the means of the
            :obj:`'actions'`, or over all :obj:`'frames'`.
        train_subjects (tuple): The subjects to train on; empty if the split
            belongs to the data set.
        test_subjects (tuple): The subjects to test on.
        actions (tuple): The actions in the order of the columns of a table.
        dropped (tuple): Test sequences that are left out.
        num_joints (int): The number of joints, **including** the root, which
            is part of the mean error. (default: :obj:`17`)
        root (int): The joint that depths and poses are relative to.
            (default: :obj:`0`)
        pck (str, optional): Which percentage of correct keypoints is reported
            too, see :func:`~pyg_hcsf.metrics.pck`. (default: :obj:`None`)
    """

    name: str
    source: str
    frame: Optional[ImageFrame]
    distortion: Optional[Distortion]
    alignment: Literal['none', 'gt', 'both']
    average: Literal['actions', 'frames']
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
        r"""The protocol of a network that was trained under this one and is
        scored on the data of another: its input, its output and what it is
        told at test time stay as they are; subjects, alignment, averages and
        metrics are those of :obj:`other`.

        Args:
            other (PoseProtocol): How to score.

        Raises:
            ValueError: If joints or root differ.

        .. code-block:: python

            lcn, official = get_protocol('lcn'), get_protocol('3dhp-official')
            lcn.scored_as(official).name  # '3dhp-official, network: lcn'
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
        r"""Normalises pixels to what the network reads.

        Args:
            x_px (torch.Tensor): Keypoints :obj:`[..., N, 2]` in pixels.
            image_size (torch.Tensor or tuple): :math:`(W, H)` in pixels.

        Raises:
            ValueError: If there are not :obj:`num_joints` joints, if
                keypoints are not finite or not pixels, or without
                :obj:`image_size`.
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
        r"""Maps true joints to what the network is trained to output.

        For protocols with :attr:`residual_xy` this is the output **after**
        the model has added its input :obj:`x_norm`; the values do not depend
        on :obj:`x_norm`, which is only checked.

        Args:
            y_cam (torch.Tensor): Joints :obj:`[..., N, 3]` in camera-frame
                millimetres, absolute.
            x_norm (torch.Tensor): The encoded input :obj:`[..., N, 2]`.
            focal (torch.Tensor, optional): In pixels; image frame only.
            center (torch.Tensor, optional): In pixels; image frame only.
            image_size (torch.Tensor, optional): In pixels; image frame only.
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

        The result is absolute for the image frame, and relative to the root
        for :obj:`vp3d`, which needs none of the other arguments.

        Args:
            output (torch.Tensor): The output :obj:`[..., N, 3]`.
            focal (torch.Tensor, optional): In pixels.
            center (torch.Tensor, optional): In pixels.
            image_size (torch.Tensor, optional): In pixels.
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
        sign = x.new_ones(x.size(-1))
        sign[0] = -1
        return x[..., list(skeleton.mirrored), :] * sign

    def align(self, pred: Tensor, gt: Tensor) -> tuple[Tensor, Tensor]:
        r"""Subtracts roots as the protocol does before the error is taken.

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
        bad = ~torch.isfinite(x).all(dim=-1)
        if bad.any():
            raise ValueError(
                f"Expected '{name}' to be finite (got {int(bad.sum())} of "
                f'{bad.numel()} keypoints that are not, the first at '
                f'{bad.nonzero()[0].tolist()}). Drop these frames, or fill '
                f'them by interpolation'
            )

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


_MPI_INF_3DHP: Any = {
    'distortion': None,
    'alignment': 'both',
    'average': 'frames',
    'train_subjects': tuple(f'S{number}' for number in range(1, 9)),
    'test_subjects': tuple(f'TS{number}' for number in range(1, 7)),
    'actions': MPI_INF_3DHP_SCENES,
}
_PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        PoseProtocol(
            name='vp3d',
            source='VideoPose3D run.py: metric and root-relative; no depth '
            'or intrinsics at test time',
            frame=None,
            distortion='vp3d',
            alignment='gt',
            average='actions',
            dropped=S11_DIRECTIONS,
        ),
        PoseProtocol(
            name='lcn',
            source='LCN evaluate.py: the ground-truth depth of the root at '
            'test time, absolute positions compared',
            frame=LCN_FRAME,
            distortion=None,
            alignment='none',
            average='actions',
        ),
        PoseProtocol(
            name='srnet',
            source='SRNet --norm lcn: the keypoints and sequences of '
            "VideoPose3D, its own constants of LCN's image frame",
            frame=SRNET_FRAME,
            distortion='vp3d',
            alignment='both',
            average='actions',
            dropped=S11_DIRECTIONS,
        ),
        PoseProtocol(
            name='openmocap',
            source="this project: open motion capture in LCN's image frame "
            'with pinhole keypoints; the data set owns split and actions',
            frame=LCN_FRAME,
            distortion=None,
            alignment='both',
            average='frames',
            train_subjects=(),
            test_subjects=(),
            actions=(),
        ),
        PoseProtocol(
            name='3dhp-official',
            source='MPI-INF-3DHP mpii_evaluate_errors.m: poses relative to '
            'the pelvis, PCK and AUC of 14 joints; no depth or intrinsics at '
            'test time',
            frame=None,
            pck='official',
            **_MPI_INF_3DHP,
        ),
        PoseProtocol(
            name='3dhp-srnet',
            source='SRNet eval_metrics.py: PCK and AUC of 17 joints, its own '
            "constants of LCN's image frame, the ground-truth depth of the "
            'root at test time',
            frame=SRNET_FRAME,
            pck='srnet',
            **_MPI_INF_3DHP,
        ),
        PoseProtocol(
            name='3dhp-graphmlp',
            source='GraphMLP eval_cal.py: PCK of 17 joints, AUC of 150 '
            'thresholds; no depth or intrinsics at test time',
            frame=None,
            pck='graphmlp',
            **_MPI_INF_3DHP,
        ),
    )
}


def available_protocols() -> list[str]:
    r"""The names of the known protocols."""
    return list(_PROTOCOLS)


def get_protocol(name: str) -> PoseProtocol:
    r"""Returns a protocol by its name.

    .. list-table::
        :header-rows: 1

        * - name
          - target
          - ground-truth 2D
          - roots subtracted
          - mean over
          - S11 Directions
        * - :obj:`vp3d`
          - metres, root-relative
          - distorted
          - ground truth
          - actions
          - dropped
        * - :obj:`lcn`
          - image frame
          - pinhole
          - none
          - actions
          - kept
        * - :obj:`srnet`
          - image frame, own constants
          - distorted
          - both
          - actions
          - dropped
        * - :obj:`openmocap`
          - image frame
          - pinhole
          - both
          - frames
          -
        * - :obj:`3dhp-official`
          - metres, root-relative
          - annotated
          - both
          - frames
          -
        * - :obj:`3dhp-srnet`
          - image frame, own constants
          - annotated
          - both
          - frames
          -
        * - :obj:`3dhp-graphmlp`
          - metres, root-relative
          - annotated
          - both
          - frames
          -

    The last three are of MPI-INF-3DHP, and report PCK and AUC: of 14 joints,
    of 17, and of 17 with other thresholds, see :func:`~pyg_hcsf.metrics.auc`.

    Args:
        name (str): One of :func:`available_protocols`.

    Raises:
        ValueError: If there is no protocol of that name.

    .. code-block:: python

        protocol = get_protocol('lcn')
        x = protocol.encode_input(keypoints, (1000, 1002))
    """
    if name not in _PROTOCOLS:
        raise ValueError(
            f"Expected 'name' to be one of {available_protocols()} "
            f'(got {name!r})'
        )
    return _PROTOCOLS[name]
