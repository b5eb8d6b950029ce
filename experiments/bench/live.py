"""Lifts days of live frames with faults in them, as fast as it can, and says
whether memory grew, how long a frame took, and whether anybody got the pose
of another.

    python -m experiments.bench.live --hours 24 --fps 10

Two people walk beside each other, over and over, each with a track.
Of 100 frames of a person about 3 are dropped, 2 sent twice, 2 late, 2 garbage
and 1 without hips; every 20 s or so the stream stops for a second, the
tracker swaps the two for a while, or strangers come by. A pose is compared
with what the lifter gives for that person and frame of a whole video, by the
place of the root, and by the pose where no fault is in its window.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from pyg_hcsf.cli.command import CommandParser, run_command
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry import Camera, human36m_cameras, project_views
from pyg_hcsf.keypoints import Keypoints, Track
from pyg_hcsf.lifting import Lifter, LiveLifter, LivePose
from pyg_hcsf.streaming import LatencyHistogram

SIZE, FOCAL, CENTER = (1920, 1080), 2112.0, (960.0, 540.0)
LOOP = 600  # frames until the people start over
SHIFT = 600.0  # pixels between the two
PAGE = resource.getpagesize()


def people() -> list[np.ndarray]:
    """The keypoints of two people: ``[LOOP, 17, 2]`` each."""
    place = human36m_cameras('S1')[2]
    camera = Camera(
        *('bench', *SIZE, (FOCAL, FOCAL), CENTER),
        orientation=place.orientation,
        translation=place.translation,
    )
    out = []
    for number, subject in enumerate(('S9', 'S11')):
        motion = motion_clip(subject, 'Greeting', 1, LOOP // 2)
        pos = motion.pos.transpose(0, 1)
        (view,) = project_views(pos, motion.clip, 0, [camera])
        there = view.keypoints.numpy() + [SHIFT * (number - 0.5), 0.0]
        out.append(np.concatenate([there, there[::-1]]))  # without a jump
    return out


class Bench:
    """The stream, its faults, and what came of it.

    Args:
        lifter: What lifts.
        fps: Frames per second of the stream.
        seed: Decides the faults.
    """

    def __init__(self, lifter: Lifter, fps: float, seed: int = 0) -> None:
        self.fps = fps
        self.live = LiveLifter(lifter, 'h36m17', max_tracks=4)
        self.rng = np.random.default_rng(seed)
        self.xy = people()
        self.score = np.full((LOOP, 17), 0.9)
        track = np.arange(3 * LOOP)
        self.expected: list[np.ndarray] = []
        for number, xy in enumerate(self.xy):
            whole = Track(
                *(str(number), track, np.tile(xy, (3, 1, 1))),
                np.tile(self.score, (3, 1)),
            )
            video = Keypoints('h36m17', (whole,), 'bench', SIZE, fps)
            (person,) = lifter.lift(video)
            middle = slice(LOOP, 2 * LOOP)
            self.expected.append(person.pose[middle])
        reach = self.live.network.info.frames + self.live.delay + 1
        self.window = 2 * reach  # frames without a fault, to be compared
        self.clean = [0, 0]  # since which frame
        self.swapped = self.strangers = 0
        self.frame = 0
        self.counts: Counter[str] = Counter()
        self.worst = 0.0
        self.work = LatencyHistogram()  # of the processor

    def step(self) -> None:
        """One frame of the video."""
        rng, self.frame = self.rng, self.frame + 1
        event = 20 * self.fps * rng.random()  # each every 20 s
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
        """One person in this frame, or what became of it."""
        rng, name = self.rng, str(number)
        who = 1 - number if self.swapped else number
        if self.swapped:
            self.fault(number, 'swapped')
        at = self.frame % LOOP
        xy, score = self.xy[who][at], self.score[at]
        fate = rng.random()
        if fate < 0.03:
            self.fault(number, 'dropped')
            return
        if fate < 0.05:
            garbage = (
                *((self.frame, None), (self.frame, 'x'), (None, xy)),
                *((self.frame, xy[:5]), (self.frame, xy * 1e9)),
                *((-1, xy), (float('nan'), xy), (10**30, xy)),
            )[int(rng.integers(8))]
            self.push(*garbage, score, name)
        elif fate < 0.07:
            behind = int(rng.integers(1, round(6 * self.fps)))
            late = max(0, self.frame - behind)
            self.push(late, self.xy[who][late % LOOP], score, name)
        elif fate < 0.08:
            self.fault(number, 'no hips')
            score = score.copy()
            score[[0, 1, 4]] = 0.0
        self.push(self.frame, xy, score, name)
        if fate > 0.98:
            self.push(self.frame, xy, score, name)

    def fault(self, number: int, kind: str) -> None:
        """A fault that windows see."""
        self.clean[number] = self.frame + 1
        self.counts[kind] += 1

    def push(self, *args: object) -> None:
        """One push, and a look at what it gives."""
        self.counts['pushed'] += 1
        start = time.thread_time()
        poses = self.live.push(*args)  # type: ignore[arg-type]
        self.work.add(time.thread_time() - start)
        for pose in poses:
            self.look(pose)

    def look(self, pose: LivePose) -> None:
        """Is that the person?"""
        self.counts['poses'] += 1
        if pose.track not in ('0', '1') or self.swapped:
            return
        number, at = int(pose.track), pose.frame % LOOP
        if pose.frame < self.clean[number]:
            return
        self.counts['compared by place'] += 1
        place = FOCAL * pose.root[:2] / pose.root[2] + CENTER
        off = [np.linalg.norm(place - xy[at, 0]) for xy in self.xy]
        self.counts['wrong person'] += int(off[number] > off[1 - number])
        if pose.frame - self.clean[number] >= self.window:
            self.counts['compared'] += 1
            gap = np.abs(pose.pose - self.expected[number][at]).max()
            self.worst = max(self.worst, float(gap))


def memory() -> float:
    """What the process holds now, in MB."""
    return int(Path('/proc/self/statm').read_text().split()[1]) * PAGE / 1e6


def main(argv: list[str] | None = None) -> dict[str, object]:
    """Runs the command line; returns what it prints."""
    parser = CommandParser(
        prog='bench_live.py', description=__doc__.split('\n\n')[0]
    )
    parser.add_argument('--hours', type=float, default=24.0)
    parser.add_argument('--fps', type=float, default=30.0)
    parser.add_argument('--seconds', type=float, help='stop after, if before')
    parser.add_argument('--weights', default='temporal')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    lifter = Lifter(args.weights, focal=FOCAL, image_size=SIZE, fps=args.fps)
    bench = Bench(lifter, args.fps, args.seed)
    frames = round(args.hours * 3600 * args.fps)
    start, told = time.perf_counter(), []
    for done in range(frames):
        bench.step()
        if done % max(1, min(frames // 20, 20000)) == 0:
            told.append(round(memory(), 1))
            print(f'{done} frames, {told[-1]} MB', file=sys.stderr)
        if args.seconds and time.perf_counter() - start > args.seconds:
            frames = done + 1
            break
    seconds = time.perf_counter() - start
    out = {
        'frames': frames,
        'hours': round(frames / args.fps / 3600, 2),
        'frames_per_s': round(frames / seconds, 1),
        'memory_mb': told + [round(memory(), 1)],
        'counts': dict(bench.counts),
        'largest_gap_mm': bench.worst,
        'cpu_p50_ms': 1e3 * bench.work.quantile(0.5),
        'cpu_p99_ms': 1e3 * bench.work.quantile(0.99),
        'stats': bench.live.stats(),
    }
    print(json.dumps(out, indent=1))
    return out


if __name__ == '__main__':
    run_command(main)
