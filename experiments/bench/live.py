"""Lifts days of live frames with faults, as fast as possible, and reports
memory, time per frame, and whether poses were assigned to the wrong person.

    python -m experiments.bench.live --hours 24 --fps 10

Two people walk side by side in a loop, each with a track. Of 100 frames of a
person about 3 are dropped, 2 sent twice, 2 late, 2 garbage and 1 without hips.
About every 20 s the stream stops for a second, the tracker swaps the two
people for some frames, or strangers appear. Each pose is compared with that of
the same person and frame in a video without faults: by the position of the
root, and, without smoothing, by all joints if there was no fault in its
window.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry import Camera, human36m_cameras, project_views
from pyg_hcsf.keypoints import Keypoints, Track
from pyg_hcsf.lifting import Lifter, LiveLifter, LivePose
from pyg_hcsf.streaming import LatencyHistogram

SIZE, FOCAL, CENTER = (1920, 1080), 2112.0, (960.0, 540.0)
LOOP = 600  # frames of the loop
SHIFT = 600.0  # pixels between the two people
PAGE = resource.getpagesize()


def people() -> list[np.ndarray]:
    """The keypoints of two people: ``[LOOP, 17, 2]`` each."""
    recorded = human36m_cameras('S1')[2]
    camera = Camera(
        name='bench',
        width=SIZE[0],
        height=SIZE[1],
        focal=(FOCAL, FOCAL),
        center=CENTER,
        orientation=recorded.orientation,
        translation=recorded.translation,
    )
    out = []
    for number, subject in enumerate(('S9', 'S11')):
        motion = motion_clip(subject, 'Greeting', 1, LOOP // 2)
        pos = motion.pos.transpose(0, 1)
        (view,) = project_views(pos, motion.clip, 0, [camera])
        xy = view.keypoints.numpy() + [SHIFT * (number - 0.5), 0.0]
        out.append(np.concatenate([xy, xy[::-1]]))  # continuous
    return out


class Bench:
    """Simulates the stream with faults, and checks the poses.

    Args:
        lifter: The lifter to test.
        fps: Frames per second of the stream.
        seed: The seed of the faults.
        smooth: Whether live motion is smoothed.
    """

    def __init__(
        self, lifter: Lifter, fps: float, seed: int = 0, smooth: bool = False
    ) -> None:
        self.fps = fps
        self.smooth = smooth
        lifter.smooth = False
        self.rng = np.random.default_rng(seed)
        self.xy = people()
        self.score = np.full((LOOP, 17), 0.9)
        self.expected: list[np.ndarray] = []  # [LOOP, 17, 3] of each person
        for number, xy in enumerate(self.xy):
            track = Track(
                str(number),
                np.arange(3 * LOOP),
                np.tile(xy, (3, 1, 1)),
                np.tile(self.score, (3, 1)),
            )
            video = Keypoints('h36m17', (track,), 'bench', SIZE, fps)
            (person,) = lifter.lift(video)
            self.expected.append(person.pose[LOOP : 2 * LOOP])
        lifter.smooth = smooth
        self.live = LiveLifter(lifter, 'h36m17', max_tracks=4)
        reach = self.live.network.info.frames + self.live.delay + 1
        self.window = 2 * reach  # frames without faults before a comparison
        self.clean = [0, 0]  # each person has no faults since this frame
        self.swapped = self.strangers = 0
        self.frame = 0
        self.counts: Counter[str] = Counter()
        self.worst = 0.0
        self.cpu_time = LatencyHistogram()

    def step(self) -> None:
        """Simulates one frame."""
        rng, self.frame = self.rng, self.frame + 1
        event = 20 * self.fps * rng.random()  # each kind every 20 s
        if event < 1:
            self.frame += round(self.fps)
            self.fault(0, 'stop')
            self.fault(1, 'stop')
        elif event < 2:
            self.swapped = int(rng.integers(1, 40))
        elif event < 3:
            self.strangers = int(rng.integers(1, 40))
        for number in (0, 1):
            self.person(number)
        if self.strangers:
            self.strangers -= 1
            for name in ('x', 'y', 'z', f'{self.frame}'):
                xy = rng.normal(size=(17, 2)) * 200 + 500
                self.push(self.frame, xy, None, name)
        self.swapped = max(0, self.swapped - 1)

    def person(self, number: int) -> None:
        """Pushes one person of this frame, or a fault instead."""
        rng, name = self.rng, str(number)
        who = 1 - number if self.swapped else number
        if self.swapped:
            self.fault(number, 'swapped')
        at = self.frame % LOOP
        xy, score = self.xy[who][at], self.score[at]
        chance = rng.random()
        if chance < 0.03:
            self.fault(number, 'dropped')
            return
        if chance < 0.05:
            garbage: Any = (
                (self.frame, None),
                (self.frame, 'x'),
                (None, xy),
                (self.frame, xy[:5]),
                (self.frame, xy * 1e9),
                (-1, xy),
                (float('nan'), xy),
                (10**30, xy),
            )[int(rng.integers(8))]
            self.push(*garbage, score, name)
        elif chance < 0.07:
            behind = int(rng.integers(1, round(6 * self.fps)))
            late = max(0, self.frame - behind)
            self.push(late, self.xy[who][late % LOOP], score, name)
        elif chance < 0.08:
            self.fault(number, 'no hips')
            score = score.copy()
            score[[0, 1, 4]] = 0.0
        self.push(self.frame, xy, score, name)
        if chance > 0.98:
            self.push(self.frame, xy, score, name)

    def fault(self, number: int, kind: str) -> None:
        """Counts a fault that affects the poses of a person."""
        self.clean[number] = self.frame + 1
        self.counts[kind] += 1

    def push(self, *args: object) -> None:
        """Pushes keypoints, and checks the poses that are returned."""
        self.counts['pushed'] += 1
        start = time.thread_time()
        poses = self.live.push(*args)  # type: ignore[arg-type]
        self.cpu_time.add(time.thread_time() - start)
        for pose in poses:
            self.check(pose)

    def check(self, pose: LivePose) -> None:
        """Compares a pose with that of the video without faults."""
        self.counts['poses'] += 1
        if pose.track not in ('0', '1') or self.swapped:
            return
        number, at = int(pose.track), pose.frame % LOOP
        if pose.frame < self.clean[number]:
            return
        self.counts['compared by root'] += 1
        root = FOCAL * pose.root[:2] / pose.root[2] + CENTER  # pixels
        off = [np.linalg.norm(root - xy[at, 0]) for xy in self.xy]
        self.counts['wrong person'] += int(off[number] > off[1 - number])
        clean = pose.frame - self.clean[number]
        if clean >= self.window and not self.smooth:
            self.counts['compared'] += 1
            gap = np.abs(pose.pose - self.expected[number][at]).max()
            self.worst = max(self.worst, float(gap))


def memory() -> float:
    """The resident memory of this process in MB."""
    return int(Path('/proc/self/statm').read_text().split()[1]) * PAGE / 1e6


def main(argv: list[str] | None = None) -> dict[str, object]:
    """Runs the command line; returns what it prints."""
    parser = CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--hours', type=float, default=24.0)
    parser.add_argument('--fps', type=float, default=30.0)
    parser.add_argument('--seconds', type=float, help='stop after this time')
    parser.add_argument('--weights', default='auto')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--smooth', choices=['on', 'off'], default='off')
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    lifter = Lifter(args.weights, focal=FOCAL, image_size=SIZE, fps=args.fps)
    bench = Bench(lifter, args.fps, args.seed, args.smooth == 'on')
    frames = round(args.hours * 3600 * args.fps)
    start, used = time.perf_counter(), []
    for done in range(frames):
        bench.step()
        if done % max(1, min(frames // 20, 20000)) == 0:
            used.append(round(memory(), 1))
            print(f'{done} frames, {used[-1]} MB', file=sys.stderr)
        if args.seconds and time.perf_counter() - start > args.seconds:
            frames = done + 1
            break
    seconds = time.perf_counter() - start
    out = {
        'frames': frames,
        'hours': round(frames / args.fps / 3600, 2),
        'frames_per_s': round(frames / seconds, 1),
        'memory_mb': used + [round(memory(), 1)],
        'counts': dict(bench.counts),
        'largest_gap_mm': bench.worst,
        'cpu_p50_ms': 1e3 * bench.cpu_time.quantile(0.5),
        'cpu_p99_ms': 1e3 * bench.cpu_time.quantile(0.99),
        'stats': bench.live.stats(),
    }
    print(json.dumps(out, indent=1))
    return out


if __name__ == '__main__':
    run_command(main)
