r"""Lifts 2D keypoints of any layout and camera to 3D poses."""

from collections.abc import Sequence
from pathlib import Path

import torch

from pyg_hcsf.choices import (
    check_choice,
    check_range,
    did_you_mean,
    wrong,
)
from pyg_hcsf.geometry.root_ray import (
    SIZE_PER_HEIGHT,
)
from pyg_hcsf.keypoints import Keypoints, is_video
from pyg_hcsf.keypoints.checks.check import warn_of_issues
from pyg_hcsf.lifting.assumed_camera import (
    AssumedCamera,
    Focal,
    assume_camera,
    guess_image_size,
)
from pyg_hcsf.lifting.ground import to_world
from pyg_hcsf.lifting.lifter_ensemble import LifterEnsemble
from pyg_hcsf.lifting.lifter_weights import (
    SKELETON,
    available_weights,
    weights_layout,
)
from pyg_hcsf.lifting.smoothing import (
    describe_motion,
)
from pyg_hcsf.lifting.track_lifter import TrackLifter
from pyg_hcsf.lifting.windows import MAX_GAP, WindowPlan
from pyg_hcsf.poses import PoseSequence
from pyg_hcsf.poses.sequence import AXES

Weights = str | Path | Sequence[str | Path]


class Lifter:
    r"""Lifts the 2D keypoints of people to 3D poses.

    Keypoints of any layout are converted to the joints of the network, those
    of Human3.6M or with ears and feet
    (:func:`~pyg_hcsf.keypoints.convert_joints`), and rotated to the ray of the
    root (:func:`~pyg_hcsf.geometry.look_at_root`). The networks lift them
    together with their mirror image, and the mean is rotated back. As an
    image does not show the size of a person, poses are scaled to
    :obj:`height`.

    Keypoints of low confidence are treated as missing; networks predict them
    too. The :obj:`uncertainty` of a joint is its expected error: as the
    networks predict it, or from the disagreement of the predictions for an
    image and its mirror image, and of several networks. Frames without hips,
    or with fewer than 6 joints, are left out.

    Temporal networks see a video at the frame rate of their training, to the
    nearest whole stride, or by repeated frames if the video is slower. A
    missing frame is replaced by the one before for up to 0.4 s; windows do
    not reach across longer gaps or jumps of a person.

    Args:
        weights (str, pathlib.Path or sequence, optional): :obj:`"single"`
            for single frames, :obj:`"temporal"` for windows of frames, a file
            of :func:`save_lifter`, or several files to average.
            :obj:`"auto"` takes those of windows for videos, and those of
            single frames for images and for live poses, which cannot wait for
            the frames to come. (default: :obj:`"auto"`)
        height (float, optional): The height of the people in millimetres.
            (default: :obj:`1700.0`)
        focal (float or tuple, optional): The focal length in pixels, or
            those of both axes. :obj:`None` assumes 1.1 times the longer side
            of the image. (default: :obj:`None`)
        center (tuple[float, float], optional): The principal point in
            pixels. :obj:`None` assumes the middle of the image.
            (default: :obj:`None`)
        image_size (tuple[float, float], optional): Width and height in
            pixels, if not in the keypoint file. (default: :obj:`None`)
        fps (float, optional): Frames per second, if not in the keypoint file.
            :obj:`None` assumes 25. (default: :obj:`None`)
        batch_size (int, optional): The number of frames in a batch, over all
            of its windows. (default: :obj:`512`)
        distortion (sequence of float, optional): Lens distortion
            :math:`k_1, k_2, p_1, p_2` and optionally :math:`k_3` of OpenCV,
            with the :obj:`focal` and :obj:`center` of the same calibration.
            Keypoints outside of the lens model are treated as missing.
            (default: :obj:`None`)
        smooth (bool, optional): If set to :obj:`True`, motion is smoothed,
            bones get constant lengths, feet that stand do not slide, and gaps
            of up to 0.4 s are interpolated, see
            :class:`~pyg_hcsf.lifting.MotionSmoother`.
            (default: :obj:`True`)

    Raises:
        ValueError: If a value is out of range, or weights do not exist.

    Example:
        >>> keypoints = read_keypoints('walk_coco17.json')
        >>> people = Lifter(height=1750.0).lift(keypoints)
        >>> people[0].pose.shape, people[0].uncertainty.shape
    """

    def __init__(
        self,
        weights: Weights = 'auto',
        height: float = 1700.0,
        focal: Focal | None = None,
        center: tuple[float, float] | None = None,
        image_size: tuple[float, float] | None = None,
        fps: float | None = None,
        batch_size: int = 512,
        distortion: Sequence[float] | None = None,
        smooth: bool = True,
    ) -> None:
        check_range('height', height, 300, 3000, 'it is in millimetres')
        check_range('fps', 25.0 if fps is None else fps, 1, 1000)
        check_range('batch_size', batch_size, 1, 65536)
        self.weights = weights
        self.height = height
        self.focal = focal
        self.center = center
        self.image_size = image_size
        self.fps = fps
        self.batch_size = batch_size
        self.distortion = distortion
        self.smooth = smooth
        self.size = torch.tensor(SIZE_PER_HEIGHT * height).double()
        self._networks: dict[str, LifterEnsemble] = {}
        if weights == 'auto':
            return
        if _names(weights, 'coco17') == _names(weights, 'h36m17'):
            self.network('coco17')  # complains at once if files are wrong

    def network(self, layout: str, video: bool = False) -> LifterEnsemble:
        r"""The networks for a layout of keypoints, which are loaded once; for
        the frames of a whole :obj:`video` or for one by one.
        """
        weights = self.weights
        if weights == 'auto':
            weights = 'temporal' if video else 'single'
        names = _names(weights, weights_layout(layout))
        key = ' '.join(map(str, names))
        if key not in self._networks:
            self._networks[key] = LifterEnsemble(names)
        return self._networks[key]

    def camera(self, image_size: tuple[float, float] | None) -> AssumedCamera:
        r"""The camera of a video of this size, guessed where unknown."""
        return assume_camera(
            image_size, self.focal, self.center, self.distortion
        )

    def lift(
        self, keypoints: Keypoints, axes: str = 'camera'
    ) -> list[PoseSequence]:
        r"""Lifts the people of a video. Warns of issues of level
        :obj:`'error'` that :func:`~pyg_hcsf.keypoints.check_keypoints` finds.

        Args:
            keypoints (Keypoints): The result of
                :func:`~pyg_hcsf.keypoints.read_keypoints`.
            axes (str, optional): :obj:`"camera"`, or :obj:`"world"` for z up
                as found by :func:`~pyg_hcsf.lifting.find_ground`, with the
                ground at zero. (default: :obj:`"camera"`)

        Returns:
            list[PoseSequence]: The poses of each person with at least one
            liftable frame; :obj:`note` states the assumptions.

        Raises:
            ValueError: If :obj:`axes` or the layout is unknown.
        """
        check_choice('axes', axes, tuple(AXES))
        warn_of_issues(keypoints)
        video = is_video(keypoints)
        smooth = self.smooth and video
        network = self.network(keypoints.layout, video)
        plan = WindowPlan(network.info, keypoints.fps or self.fps)
        camera, note = self._assume(keypoints, network, plan, smooth)
        lift = TrackLifter(
            network,
            plan,
            camera,
            keypoints.layout,
            self.size,
            self.batch_size,
        )
        found = [(track, lift(track, smooth)) for track in keypoints.tracks]
        motions = {track: x for track, x in found if x is not None}
        note = f'{note} {describe_motion(list(motions.values()), plan.fps)}'
        people = [
            PoseSequence(
                name=track.name,
                skeleton=SKELETON,
                frames=motion.frames,
                pose=motion.pose,
                fps=keypoints.fps or self.fps,
                uncertainty=motion.uncertainty,
                root=motion.root,
                keypoints=track.at(motion.frames),
                layout=keypoints.layout,
                image_size=camera.image_size,
                note=note.strip(),
            )
            for track, motion in motions.items()
        ]
        return to_world(people) if axes == 'world' else people

    def _assume(
        self,
        keypoints: Keypoints,
        network: LifterEnsemble,
        plan: WindowPlan,
        smooth: bool,
    ) -> tuple[AssumedCamera, str]:
        r"""The camera, and all assumptions as sentences."""
        notes = [f'Height taken as {self.height:g} mm.']
        image_size = keypoints.image_size or self.image_size
        if image_size is None and (self.focal is None or self.center is None):
            image_size = guess_image_size(keypoints)
            width, height = image_size
            notes.append(f'Image taken as {width:g} x {height:g} pixels.')
        camera = self.camera(image_size)
        notes += camera.notes
        info = network.info
        if info.frames > 1:
            if keypoints.fps is None and self.fps is None:
                notes.append(f'Frame rate taken as {plan.fps:g} Hz.')
            notes.append(
                f'{info.frames} frames at once, {plan.frame_stride:.3g} '
                f'apart, {plan.delay} ahead.'
            )
        if info.calibration is None:
            what = 'disagreement' if info.outputs == 3 else 'as predicted'
            notes.append(f'Uncertainty is {what}, not calibrated.')
        if smooth:
            notes.append(
                'Motion is smoothed, with constant bones and standing feet; '
                f'gaps of up to {MAX_GAP:g} s are interpolated.'
            )
        return camera, ' '.join(notes)


def _names(weights: Weights, layout: str) -> list[str | Path]:
    r"""The weights to load: :obj:`"single"` is :obj:`"single_coco17"` for
    that layout, if the package has it.
    """
    if not isinstance(weights, (str, Path)):
        return list(weights)
    known, own = available_weights(), f'{weights}_{layout}'
    if own in known:
        return [own]
    if weights not in known and not Path(weights).expanduser().exists():
        short = sorted({name.rpartition('_')[0] for name in known})
        names = ['auto', *short, *known]
        expected = f'one of {names}, a file or the folder of a run'
        error = wrong('weights', expected, str(weights))
        raise ValueError(f'{error}{did_you_mean(str(weights), names)}')
    return [weights]
