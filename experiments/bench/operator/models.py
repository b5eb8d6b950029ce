"""Pose networks: a training step, and inference."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from copy import deepcopy
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor
from torch.nn import L1Loss, Module

from experiments.bench.operator.floor import FLOOR, READ, floor, memory_read
from experiments.bench.operator.timing import HCSF, Candidate, tensor_bytes
from experiments.sweep.cost import products_of
from experiments.sweep.graphed import graphed
from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.skeleton import Skeleton

TRAIN, INFER = 'training step', 'inference'
MODELS: dict[str, dict[str, Any]] = {
    HCSF: {'layer': 'hcsf'},
    'HCSF, dynamic graph': {
        'layer': 'hcsf',
        'layer_options': {'dynamic': {}},
    },
    'LCN': {'layer': 'lcn'},
    'GCN': {'layer': 'gcn'},
    'MixHop': {'layer': 'mixhop'},
    'SemGCN': {'layer': 'sem_gcn'},
    'FCN': {'layer': 'fcn'},
}


@lru_cache
def inference_functions(model: PoseLifter) -> dict[str, Callable]:
    """Other ways to run a trained network, with the same results.

    To add one, add a name and a function from ``[B, N, 2]`` to ``[B, N, 3]``,
    or a module, whose number of bytes is then the lower bound for single
    poses.
    """
    folded = model.folded()
    functions: dict[str, Callable] = {'folded': folded}
    on_cpu = next(model.buffers()).device.type == 'cpu'
    if on_cpu and find_spec('onnxruntime') and find_spec('onnxscript'):
        functions['folded, ONNX Runtime'] = _onnx_runtime(folded)
    return functions


@lru_cache
def trained(
    name: str,
    skeleton: Skeleton,
    channels: int,
    long_hops: int,
    squeeze: float,
    device: str,
) -> PoseLifter:
    """A network for inference, with running statistics of random poses."""
    torch.manual_seed(0)
    settings = deepcopy(MODELS[name])
    options = settings.setdefault('layer_options', {})
    if settings['layer'] in ('hcsf', 'lcn'):
        options['long_hops'] = long_hops
    if settings['layer'] == 'hcsf':
        options['squeeze'] = squeeze
    model = PoseLifter(skeleton, hidden_channels=channels, **settings)
    with torch.no_grad():
        for _ in range(3):
            model(torch.rand(64, skeleton.num_joints, 2))
    return model.eval().to(device)


def model_candidates(
    skeleton: Skeleton,
    channels: int,
    long_hops: int,
    squeeze: float,
    batch: int,
    device: str,
) -> list[Candidate]:
    """All networks, and a lower bound for each: the matrix products of its
    layers, or for single poses the time to read its weights once from memory,
    as each weight is used only once or a few times.
    """
    torch.manual_seed(0)
    x = torch.rand(batch, skeleton.num_joints, 2, device=device)
    y = torch.rand(batch, skeleton.num_joints, 3, device=device)
    out = []
    for name in MODELS:
        model = trained(name, skeleton, channels, long_hops, squeeze, device)
        own = _variants(name, model, x, y)
        if batch == 1:
            for each in own:
                each.floor = f'{READ}, {each.name}'
                size = each.num_bytes or own[0].num_bytes
                out.append(memory_read(size, each.floor, INFER, device))
        else:
            low = floor(products_of(model, x), f'{FLOOR}, {name}', device)
            low.steps[INFER] = low.steps.pop('forward')
            low.steps[TRAIN] = low.steps.pop('forward+backward')
            for each in own:
                each.floor = low.name
            out.append(low)
        out += own
    return out


def _variants(
    name: str, model: PoseLifter, x: Tensor, y: Tensor
) -> list[Candidate]:
    """A network, and the other ways to run it."""
    macs = sum(product.macs for product in products_of(model, x))
    ends = tensor_bytes(x, y)
    steps = {INFER: infer(model, x)}
    if len(x) > 1:
        steps[TRAIN] = training_step(deepcopy(model), x, y, L1Loss())
    out = [Candidate(name, steps, macs=macs, num_bytes=_size(model) + ends)]
    if name != HCSF:
        return out
    if len(x) > 1 and x.is_cuda:
        step = training_step(deepcopy(model), x, y, L1Loss(), graph=True)
        graph = {TRAIN: step}
        out.append(Candidate(f'{name}, CUDA graph', graph, macs=macs))
    for form, function in inference_functions(model).items():
        num_bytes = 0
        if isinstance(function, Module):
            num_bytes = _size(function) + ends
        out.append(
            Candidate(
                f'{name}, {form}',
                steps={INFER: infer(function, x)},
                macs=macs,
                num_bytes=num_bytes,
                result=result({INFER: infer(function, x)}),
                expected=result(steps),
            )
        )
    return out


def training_step(
    model: Module, x: Tensor, y: Tensor, error: Module, graph: bool = False
) -> Callable[[], None]:
    """A training step with AdamW."""
    module: Module = graphed(model, x) if graph else model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)

    def step() -> None:
        loss = error(module(x), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step


def infer(function: Callable, x: Tensor) -> Callable[[], Any]:
    """A forward pass without gradients."""

    def step() -> Any:
        with torch.inference_mode():
            return function(x)

    return step


def result(steps: dict[str, Callable]) -> Callable[[], list[Tensor]]:
    """A function that returns the output of inference, for comparison."""
    return lambda: [steps[INFER]()]


def _size(model: Module) -> int:
    """The bytes of all parameters and floating-point buffers."""
    buffers = [b for b in model.buffers() if b.is_floating_point()]
    return tensor_bytes(*model.parameters(), *buffers)


def _onnx_runtime(model: PoseLifter) -> Callable[[Tensor], Tensor]:
    """The network in ONNX Runtime, with the same number of threads."""
    import onnxruntime

    example = torch.rand(2, model.skeleton.num_joints, 2)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    logging.disable(logging.WARNING)  # the exporter warns about internals
    with warnings.catch_warnings(), TemporaryDirectory() as folder:
        warnings.simplefilter('ignore')
        path = Path(folder) / 'model.onnx'
        torch.onnx.export(
            deepcopy(model).cpu(),
            (example,),
            path,
            dynamo=True,
            input_names=['keypoints'],
            output_names=['pose'],
            dynamic_shapes=({0: torch.export.Dim('batch')},),
            verbose=False,
        )
        session = onnxruntime.InferenceSession(
            path, options, providers=['CPUExecutionProvider']
        )
    logging.disable(logging.NOTSET)

    def run(x: Tensor) -> Tensor:
        (pose,) = session.run(None, {'keypoints': x.cpu().numpy()})
        return torch.from_numpy(pose).to(x)

    return run
