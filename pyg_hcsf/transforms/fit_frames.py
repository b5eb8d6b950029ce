r"""Bringing clips to a given number of frames."""

from __future__ import annotations

from typing import NamedTuple, Optional

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_hcsf.choices import check_choice

FITS = ('repeat', 'zero', 'resize', 'sample')
# As CTR-GCN, feeders/tools.py, valid_crop_resize: the share of a clip that is
# resized in tests, and the least number of frames in training.
CENTER, LEAST = 0.95, 64


class Frames(NamedTuple):
    r"""The frames to take from each clip, each interpolated from two."""

    low: Tensor  #: the first source frame, [B, T]
    high: Tensor  #: the second source frame, [B, T]
    blend: Optional[Tensor] = None  #: weight of the second, None for zero
    mask: Optional[Tensor] = None  #: false where the result is zero

    def rows(self, part: slice) -> Frames:
        r"""Returns the same fields for a slice of the clips of the batch."""
        return Frames._make(x if x is None else x[part] for x in self)


def check_fit(length: int, fit: str, crop: float) -> None:
    r"""Raises a :class:`ValueError` if an argument is out of range."""
    check_choice('fit', fit, FITS)
    if length < 1:
        raise ValueError(f"Expected a positive 'length' (got {length})")
    if not 0 < crop <= 1:
        raise ValueError(
            f"Expected 'crop' to be a share of a clip in (0, 1] (got {crop})"
        )


def choose_frames(
    lengths: Tensor,
    length: int,
    fit: str = 'repeat',
    crop: float = 0.5,
    generator: Optional[torch.Generator] = None,
) -> Frames:
    r"""Chooses the frames of :class:`FitFrames` for many clips at once.

    Args:
        lengths (torch.Tensor): The number of frames of each clip, at least
            one: :obj:`[B]`.
        length (int): The number of frames :math:`T` to choose.
        fit (str, optional): The method. (default: :obj:`"repeat"`)
        crop (float, optional): The smallest part. (default: :obj:`0.5`)
        generator (torch.Generator, optional): Draws the part of a clip that
            is taken. (default: :obj:`None`, the middle)

    Example:
        >>> choose_frames(torch.tensor([2, 7]), 5).low
        tensor([[0, 1, 0, 1, 0],
                [1, 2, 3, 4, 5]])
    """
    check_fit(length, fit, crop)
    if lengths.numel() and int(lengths.min()) < 1:
        raise ValueError(
            'Expected clips with at least one frame (got clip '
            f'{int(lengths.argmin())} of the batch without any)'
        )
    size, place = lengths.view(-1, 1), torch.arange(length)

    def draw(columns: int) -> Tensor:
        shape = (lengths.numel(), columns)
        if generator is None:
            return torch.full(shape, 0.5)
        return torch.rand(shape, generator=generator)

    def draw_start(most: Tensor) -> Tensor:
        # Draws are below one, so the range is one more than the maximum.
        start = (draw(1) * (most + (generator is not None))).long()
        return start.minimum(most)

    if fit in ('repeat', 'zero'):
        start = draw_start((size - length).clamp(min=0))
        if fit == 'repeat':
            low = (start + place) % size
            return Frames(low, low)
        low = (start + place).minimum(size - 1)
        return Frames(low, low, mask=place < size)
    if fit == 'sample':  # a frame of each of T equal parts
        low = ((place + draw(length)) * size / length).long()
        wrapped = place % size  # with fewer frames than parts, they repeat
        low = torch.where(size < length, wrapped, low.minimum(size - 1))
        return Frames(low, low)
    if generator is None:
        # The middle 95 %, rounded as in CTR-GCN.
        start = ((1 - CENTER) * size.double() / 2).long()
        part = size - 2 * start
    else:
        part = ((crop + (1 - crop) * draw(1).double()) * size).long()
        part = part.maximum(size.clamp(max=LEAST))
        start = draw_start(size - part)
    # Bilinear without aligned corners, as torch's interpolate.
    time = ((place + 0.5).double() * part / length - 0.5).clamp(min=0)
    time = time.minimum(part - 1)
    low = time.long()
    high = (low + 1).minimum(part - 1)
    blend = time - low
    return Frames(start + low, start + high, blend)


def take_frames(
    x: Tensor,
    frames: Frames,
    start: Optional[Tensor] = None,
    dim: int = 0,
) -> Tensor:
    r"""Takes the chosen frames out of concatenated clips.

    Args:
        x (torch.Tensor): The frames of all clips, such as :obj:`[F, *]`.
        frames (Frames): The frames to take, :obj:`[B, T]`.
        start (torch.Tensor, optional): The first frame of each clip,
            :obj:`[B]`. (default: :obj:`None`, all zero)
        dim (int, optional): The dimension of frames. (default: :obj:`0`)

    Returns:
        The input with :obj:`[B, T]` instead of that dimension.
    """

    def take(number: Tensor) -> Tensor:
        if start is not None:
            number = number + start.view(-1, 1)
        out = x.index_select(dim, number.reshape(-1))
        return out.unflatten(dim, number.shape)

    out = take(frames.low)
    # `out` has [B, T] in place of dimension `dim`.
    ones = [1] * (out.dim() - dim - 2)  # for broadcasting
    if frames.blend is not None:
        blend = frames.blend.to(out).view(*frames.blend.shape, *ones)
        out = torch.lerp(out, take(frames.high), blend)
    if frames.mask is not None:
        out = out * frames.mask.view(*frames.mask.shape, *ones)
    return out


@functional_transform('fit_frames')
class FitFrames(BaseTransform):
    r"""Makes a clip have a given number of frames (functional name:
    :obj:`fit_frames`).

    * :obj:`"repeat"`: a short clip repeats from its first frame, as in the
      paper; of a longer clip, a contiguous part is taken.
    * :obj:`"zero"`: a short clip is padded with zeros at the end; of a longer
      clip, a contiguous part is taken.
    * :obj:`"resize"`: a contiguous part of the clip is resampled by linear
      interpolation, as CTR-GCN's :obj:`valid_crop_resize` does. With
      :obj:`random`, the part is at least :obj:`crop` of the clip and, if it
      is long enough, 64 frames (:obj:`p_interval=[crop, 1]`); else it is the
      middle 95 % (:obj:`p_interval=[0.95]`).
    * :obj:`"sample"` (pyskl): one frame from each of :obj:`length` equal
      parts; a shorter clip repeats.

    Args:
        length (int): The number of frames :math:`T`.
        fit (str, optional): One of the above. (default: :obj:`"repeat"`)
        crop (float, optional): The smallest part to resize.
            (default: :obj:`0.5`)
        random (bool, optional): If set to :obj:`True`, the part and frames
            are drawn at random, for training; else the middle is taken, to
            resize 95 % of the clip. (default: :obj:`False`)

    Shapes:
        - **input:** :obj:`data.x` :math:`(|\mathcal{V}|, T', *)`
        - **output:** :obj:`data.x` :math:`(|\mathcal{V}|, T, *)`

    Raises:
        ValueError: If an option is out of range or the clip has no frame.

    Example:
        >>> UTDMHAD(root, transform=FitFrames(64, 'resize'))[0].x.shape
        torch.Size([20, 64, 3])
    """

    def __init__(
        self,
        length: int,
        fit: str = 'repeat',
        crop: float = 0.5,
        random: bool = False,
    ) -> None:
        check_fit(length, fit, crop)
        self.length = length
        self.fit = fit
        self.crop = crop
        self.random = random

    def forward(self, data: Data) -> Data:
        generator = None
        if self.random:  # PyTorch's own, which torch.manual_seed seeds
            generator = torch.default_generator
        frames = choose_frames(
            torch.tensor([data.x.size(1)]),
            self.length,
            self.fit,
            self.crop,
            generator,
        )
        data.x = take_frames(data.x, frames, dim=1).squeeze(1)
        return data

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}({self.length}, '{self.fit}', "
            f'random={self.random})'
        )
