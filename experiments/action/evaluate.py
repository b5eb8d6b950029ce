"""Evaluates an action recognizer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.action.clips import ActionClips
from experiments.action.config import ActionConfig
from experiments.sweep.divergence import check_converged
from experiments.sweep.processes import progress
from pyg_hcsf.data.action_loader import ActionLoader
from pyg_hcsf.metrics import action as metrics
from pyg_hcsf.nn import ActionRecognizer


def make_loader(
    clips: ActionClips, config: ActionConfig, batch_size: int, **kwargs: Any
) -> ActionLoader:
    """A loader of clips with the settings of a run config."""
    c = config.clips
    return ActionLoader(
        clips.clips,
        clips.skeleton,
        batch_size,
        length=c.length,
        fit=c.fit,
        crop=c.crop,
        stream=c.stream,
        motion=c.motion,
        rotate=c.rotate,
        num_classes=len(clips.actions),
        **kwargs,
    )


def score_clips(
    scores: Tensor, label: Tensor, actions: Sequence[str]
) -> dict[str, Any]:
    """The metrics in percent of logits or other scores ``[K, C]``."""
    each = metrics.per_class_accuracy(scores, label)
    return {
        'top1': float(metrics.top_k_accuracy(scores, label)),
        'top5': float(
            metrics.top_k_accuracy(scores, label, min(5, scores.size(1)))
        ),
        'class_mean': float(each.nanmean()),
        'per_class': {
            name: float(value)
            for name, value in zip(actions, each, strict=True)
            if value == value  # not NaN, which means no clips
        },
        'confusion': metrics.confusion_matrix(scores, label).tolist(),
        'classes': list(actions),
        'clips': label.numel(),
    }


def fit_temperature(scores: Tensor, label: Tensor) -> float:
    """The temperature by which logits ``[K, C]`` are divided so that their
    probabilities are right on average: the one with the smallest
    cross-entropy (Guo et al., 2017), from 0.1 to 10.
    """
    values = torch.logspace(-1, 1, 401)
    losses = [F.cross_entropy(scores / value, label) for value in values]
    return float(values[torch.stack(losses).argmin()])


class Scores(NamedTuple):
    """The predictions of a network for every clip.

    Args:
        scores: Logits ``[K, C]``.
        label: True labels ``[K]``.
        clips_per_s: The speed of the network.
    """

    scores: Tensor
    label: Tensor
    clips_per_s: float


class ActionEvaluator:
    """Runs networks over all clips of a split and scores them."""

    def __init__(self, clips: ActionClips, config: ActionConfig) -> None:
        self.clips = clips
        self.loader = make_loader(clips, config, config.evaluate.batch_size)

    @torch.no_grad()
    def predict(
        self, model: ActionRecognizer, title: str = 'Testing'
    ) -> Scores:
        """Predicts every clip, in the order of the clips. A progress bar has
        the title; without one there is none.
        """
        device = next(model.parameters()).device
        model.eval()
        scores, labels, seconds = [], [], 0.0
        for batch in progress(self.loader, title):
            x = batch.x.to(device)
            begin = time.perf_counter()
            out = model(x).to('cpu', torch.float32)
            seconds += time.perf_counter() - begin
            scores.append(out)
            labels.append(batch.y)
        speed = self.loader.num_windows / seconds
        return Scores(torch.cat(scores), torch.cat(labels), speed)

    @torch.no_grad()
    def calibrate(self, model: ActionRecognizer) -> float:
        """Divides the logits of a network by a temperature that is fitted on
        these clips; returns it.
        """
        value = fit_temperature(*self.predict(model, 'Calibrating')[:2])
        for parameter in model.classifier.parameters():
            parameter.div_(value)
        return value

    def validate(self, model: ActionRecognizer) -> dict[str, float]:
        """The metrics of validation clips for the log."""
        out = self.predict(model, title='')
        if not bool(out.scores.isfinite().all()):
            return {'val_top1': 0.0, 'val_loss': float('nan')}
        return {
            'val_top1': float(metrics.top_k_accuracy(*out[:2])),
            'val_loss': float(F.cross_entropy(*out[:2])),
        }

    def score(self, out: Scores) -> dict[str, Any]:
        """All metrics, in percent."""
        zero = F.cross_entropy(torch.zeros_like(out.scores), out.label)
        loss = F.cross_entropy(*out[:2])
        what = 'the cross-entropy on the evaluated split'
        check_converged(float(loss), float(zero), what)
        scored = score_clips(*out[:2], self.clips.actions)
        if self.clips.has('source'):
            scored['by_source'] = self._by_source(out)
        return scored

    def _by_source(self, out: Scores) -> dict[str, dict[str, Any]]:
        """The metrics of true and of lifted poses, and of each person."""
        source = np.array(self.clips.column('source'))
        subject = np.array(self.clips.column('subject'))
        groups = {}
        for name in dict.fromkeys(source.tolist()):
            mine = source == name
            scores, label = (x[torch.from_numpy(mine)] for x in out[:2])
            correct = metrics.top_k_accuracy(scores, label, per_clip=True)
            right = correct.numpy()
            people = {
                person: 100 * float(right[subject[mine] == person].mean())
                for person in dict.fromkeys(subject[mine].tolist())
            }
            groups[name] = {
                **score_clips(scores, label, self.clips.actions),
                'top2': float(metrics.top_k_accuracy(scores, label, 2)),
                'clip_top1': self._clip_accuracy(out, mine),
                'person_mean': float(np.mean(list(people.values()))),
                'per_person': people,
            }
        return groups

    def _clip_accuracy(self, out: Scores, mine: np.ndarray) -> float:
        """The percentage of the clips that are classified correctly by the
        mean probabilities of their windows, which are named clip/...
        """
        names = [name.split('/')[0] for name in self.loader.names]
        right: dict[str, list[Tensor]] = {}
        shares = out.scores.softmax(dim=-1)
        for i in np.flatnonzero(mine):
            right.setdefault(names[i], []).append(
                torch.cat([shares[i], out.label[i : i + 1]])
            )
        means = torch.stack(
            [torch.stack(x).mean(dim=0) for x in right.values()]
        )
        found = means[:, :-1].argmax(dim=1) == means[:, -1].round()
        return 100 * float(found.float().mean())

    def arrays(self, out: Scores) -> dict[str, np.ndarray]:
        """The arrays of scores.npz."""
        return {
            'names': np.array(self.loader.names),
            'label': out.label.numpy(),
            'scores': out.scores.numpy(),
            'subject': np.array(self.clips.column('subject')),
            'action': np.array(self.clips.column('action')),
            'classes': np.array(self.clips.actions),
        }
