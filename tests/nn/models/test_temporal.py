"""Temporal convolutions: strided, and added to networks of single frames."""

import pickle

import pytest
import torch
import torch.nn.functional as F
from torch_geometric.data import Batch, Data

from pyg_hcsf.nn import PoseLifter
from pyg_hcsf.nn.models.layers import TemporalConv
from tests.scale import deviation

ADD = {'frames': 9, 'temporal': 'add'}
KINDS = {
    'central': {},
    'causal': {'causal': True},
    'joint embedding': {'layer': 'gcn'},
    'fully connected': {'layer': 'fcn', 'causal': True},
    'offsets': {'layer_options': {'dynamic': {}}},
}
SMALL = {
    'skeleton': 'h36m23',
    'in_channels': 3,
    'hidden_channels': 8,
    'out_channels': 4,
    'output_scale': 0.01,
}


def make(kind, **options):
    """A network in evaluation mode with random running statistics."""
    torch.manual_seed(0)
    model = PoseLifter(**SMALL, **KINDS[kind], **options).double()
    for name, buffer in model.named_buffers():
        if name.endswith(('running_mean', 'running_var')):
            buffer.uniform_(0.5, 1.5)
    return model.eval()


def perturbed(kind, **options):
    """A network whose temporal convolutions have been trained."""
    model = make(kind, **options)
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model


def window(batch=3):
    generator = torch.Generator().manual_seed(1)
    shape = (batch, 9, 23, 3)
    return torch.rand(shape, generator=generator, dtype=torch.double) - 0.5


# Dynamic offsets see the frames around at once.
@pytest.mark.parametrize('kind', [*KINDS][:-1])
def test_starts_as_a_network_of_single_frames(kind):
    single, temporal = perturbed(kind), make(kind, **ADD)
    state = single.state_dict()
    loaded = temporal.load_state_dict(state, strict=False)
    assert not loaded.unexpected_keys
    assert {name.split('.')[0] for name in loaded.missing_keys} == {'mixers'}
    x = window()
    frame = -1 if temporal.causal else 4
    expected = single(x[:, frame])
    # With running means that are not zero, what is added is a constant, as
    # of a trained network: with those of a new one it is zero.
    for mixer in temporal.mixers:
        mixer.norm.reset_parameters()
        torch.nn.init.zeros_(mixer.norm.weight)
    assert deviation(temporal(x), expected) < 1e-12
    assert deviation(temporal.folded()(x), expected) < 1e-12
    temporal.reset_parameters()
    assert all(not mixer.norm.weight.any() for mixer in temporal.mixers)


@pytest.mark.parametrize('kind', KINDS)
def test_every_parameter_is_trained_after_one_step(kind):
    model = make(kind, **ADD)
    for name, parameter in model.named_parameters():
        if name.endswith('scale'):  # alpha starts at zero and hides O_k
            torch.nn.init.ones_(parameter)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    for _ in range(2):
        optimizer.zero_grad()
        model(window()).square().sum().backward()
        still = {
            name
            for name, parameter in model.named_parameters()
            if parameter.requires_grad and not parameter.grad.any()
        }
        optimizer.step()
    assert not still
    single = make(kind)
    expected = single(window()[:, -1 if model.causal else 4])
    assert deviation(model(window()), expected) > 1e-3


def over_time(unit, x, dilation):
    """A temporal convolution at all frames, and what follows it."""
    conv, norm = unit.layer.conv, unit.norm
    x = F.conv2d(
        x.permute(0, 3, 1, 2), conv.weight, conv.bias, dilation=(dilation, 1)
    )
    x = F.batch_norm(
        x,
        norm.running_mean,
        norm.running_var,
        norm.weight,
        norm.bias,
        eps=norm.eps,
    )
    return F.leaky_relu(x, 0.2).permute(0, 2, 3, 1)


def dilated(model, x):
    """The network as the paper has it, with dilations of 3^b."""

    def add(x, h):
        cut = x.size(1) - h.size(1)
        cut = cut if model.causal else cut // 2
        return x[:, cut : cut + h.size(1)] + h

    x = model.first(x)
    if model.embedding is not None:
        x = x + model.embedding
    for number, (first, second) in enumerate(model.blocks):
        if len(model.mixers):
            x = add(x, over_time(model.mixers[number], x, 3**number))
        h = first(x)
        if isinstance(second.layer, TemporalConv):
            h = over_time(second, h, 3**number)
        else:
            h = second(h)
        x = add(x, h)
    return model.output_scale * model.last(x).squeeze(1)


@pytest.mark.parametrize('temporal', ['replace', 'add'])
@pytest.mark.parametrize('kind', KINDS)
def test_strides_are_dilations(kind, temporal):
    model = perturbed(kind, frames=9, temporal=temporal)
    convs = [m.conv for m in model.modules() if isinstance(m, TemporalConv)]
    strides = {(conv.stride[0], conv.dilation[0]) for conv in convs}
    assert strides == ({(1, 1), (1, 3)} if kind == 'offsets' else {(3, 1)})
    x = window()
    assert deviation(model(x), dilated(model, x)) < 1e-12
    assert deviation(model.folded()(x), dilated(model, x)) < 1e-12


@pytest.mark.parametrize('kind', ['central', 'causal'])
def test_saved_copied_and_batched(kind):
    model = perturbed(kind, **ADD)
    assert 'frames=9' in repr(model)
    x = window(4)
    expected = model(x)
    other = make(kind, **ADD)
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(x), expected)
    assert torch.equal(pickle.loads(pickle.dumps(model))(x), expected)
    batch = Batch.from_data_list([Data(x=part.transpose(0, 1)) for part in x])
    out = model(batch.x, batch.batch)
    assert deviation(out.view(4, 23, 4), expected) < 1e-12


@pytest.mark.parametrize('kind', ['central', 'fully connected'])
def test_export(kind):
    model = perturbed(kind, **ADD).float().folded()
    x = window(2).float()
    program = torch.export.export(
        model, (x,), dynamic_shapes=({0: torch.export.Dim('batch')},)
    )
    more = window(5).float()
    assert deviation(program.module()(more), model(more)) < 1e-5


def test_other_ways_are_refused():
    with pytest.raises(ValueError, match="'temporal'.*'add'.*got 'ad'"):
        PoseLifter(frames=9, temporal='ad')
