"""Does the way the machine is used leave alone what is learnt?"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch._dynamo.exc import TorchDynamoException

from understudy_sdk import CropSpec, FaceType, Parallel, Side
from understudy_sdk.autoencoder import engine as module
from understudy_sdk.autoencoder.engine import Engine
from understudy_sdk.autoencoder.network import Down, Residual, Up, channel_to_space
from understudy_sdk.autoencoder.settings import LearningSettings
from understudy_sdk.testing.processes import side_by_side
from understudy_sdk.testing.training_data import DrawnFaces
from understudy_sdk.testing.values import offline_cpu


def new_engine(parallel=None, **settings):
    return Engine(LearningSettings(**{"precision": "float32", **settings}), replace(offline_cpu(), parallel=parallel))


def faces(count=6):
    return DrawnFaces(CropSpec(FaceType.FULL, 16)).draw(Side.SOURCE, 0, count)


def network():
    torch.manual_seed(0)
    return nn.Sequential(Down(3, 8), Residual(8), Up(8, 3))


@pytest.mark.parametrize(("accumulate", "sizes"), [(1, [6]), (2, [3, 3]), (4, [1, 2, 1, 2]), (64, [1] * 6)])
def test_parts_hold_every_face_once_and_know_their_place(accumulate, sizes):
    batch = faces()
    parts = list(new_engine(accumulate=accumulate).parts(batch))
    assert [len(part.rgb) for part in parts] == sizes
    assert torch.equal(torch.cat([part.rgb for part in parts]), batch.rgb)
    if len(parts) > 1:
        assert [part.first for part in parts] == [sum(sizes[:i]) for i in range(len(sizes))]
        assert {part.whole for part in parts} == {6}


def test_processes_share_a_draw():
    batch = faces()
    shares = [new_engine(Parallel(rank, 3, lambda tensors: None)).share(batch) for rank in range(3)]
    assert [(len(share.rgb), share.first, share.whole) for share in shares] == [(2, 0, 6), (2, 2, 6), (2, 4, 6)]
    assert torch.equal(torch.cat([share.rgb for share in shares]), batch.rgb)
    assert new_engine().share(batch) is batch
    (_, last) = new_engine(accumulate=2).parts(shares[2])
    assert (last.first, last.whole) == (5, 6)


def test_gradients_of_all_processes_are_added_up(monkeypatch):
    monkeypatch.setattr(module, "_BUCKET", 10)  # several tensors in one bucket, and one that is larger than it
    shapes = [(3,), (2, 2), (4, 3, 1, 2), (1,)]

    def work(parallel):
        parameters = [torch.zeros(shape, requires_grad=True) for shape in shapes]
        parameters[2].data = parameters[2].data.contiguous(memory_format=torch.channels_last)
        for number, parameter in enumerate(parameters):
            parameter.grad = torch.arange(parameter.numel()).view(parameter.shape) * (parallel.rank + 1.0) + number
        still = torch.zeros(2, requires_grad=True)
        engine = new_engine(parallel)
        engine.gather([still, *parameters])
        assert still.grad is None
        losses = engine.mean_losses({"a": torch.full((2,), 1.0 + parallel.rank), "b": torch.ones(2)}, 4)
        return [parameter.grad for parameter in parameters], losses

    for gradients, losses in side_by_side(2, work):
        assert losses == {"a": 1.5, "b": 1.0}
        for number, (gradient, shape) in enumerate(zip(gradients, shapes, strict=True)):
            expected = torch.arange(gradient.numel()).view(shape) * 3.0 + 2 * number
            assert torch.equal(gradient, expected)


def test_a_failing_process_ends_the_others():
    def work(parallel):
        if parallel.rank == 1:
            raise ValueError("torn")
        parallel.add_up([torch.ones(1)])

    with pytest.raises(ValueError, match="torn"):
        side_by_side(2, work)


def test_recomputing_gives_the_same_gradients_to_the_bit():
    results = []
    for recompute in (False, True):
        net, x = network(), torch.linspace(0, 1, 2 * 3 * 8 * 8).view(2, 3, 8, 8)
        engine = new_engine(recompute=recompute)
        drawn = engine.recomputed(net[2], engine.recomputed(net[1], net[0](x)))
        drawn.square().sum().backward()
        results.append([drawn.detach(), *(parameter.grad for parameter in net.parameters())])
    assert all(torch.equal(plain, again) for plain, again in zip(*results, strict=True))


def test_recomputing_calls_twice_where_gradients_are_wanted():
    calls = []

    def double(x):
        calls.append(x)
        return x * x

    engine, x = new_engine(recompute=True), torch.ones(3, requires_grad=True)
    engine.recomputed(double, x).sum().backward()
    assert len(calls) == 2
    with torch.no_grad():
        engine.recomputed(double, x)
    assert len(calls) == 3


def test_layouts_draw_and_learn_alike():
    assert not new_engine().place(network())[0].conv1.weight.is_contiguous(memory_format=torch.channels_last)
    results = []
    for layout in ("contiguous", "channels_last"):
        net = new_engine(layout=layout).place(network())
        drawn = net(torch.linspace(0, 1, 2 * 3 * 8 * 8).view(2, 3, 8, 8))
        if layout == "channels_last":
            assert drawn.is_contiguous(memory_format=torch.channels_last)
        drawn.square().sum().backward()
        results.append([drawn.detach(), *(parameter.grad for parameter in net.parameters())])
    for plain, other in zip(*results, strict=True):
        torch.testing.assert_close(plain, other)


def test_channels_unfold_alike_in_either_layout():
    x = torch.arange(2.0 * 8 * 3 * 5).view(2, 8, 3, 5)
    assert torch.equal(channel_to_space(x), channel_to_space(x.contiguous(memory_format=torch.channels_last)))


def test_networks_compute_in_the_numbers_that_are_set():
    for precision, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        with new_engine(precision=precision).autocast():
            assert network()(torch.zeros(1, 3, 8, 8)).dtype is dtype


def test_without_a_compiler_it_learns_and_says_why_once(monkeypatch):
    def broken(function):
        def call(*args):
            raise TorchDynamoException("no working compiler\nand a long story")

        return call

    monkeypatch.setattr(torch, "compile", broken)
    engine, net, x = new_engine(compile=True), network(), torch.zeros(1, 3, 8, 8)
    names = list(net.state_dict())
    first, second = engine.compiled(net), engine.compiled(net[0])
    assert torch.equal(first(x), net(x))
    assert torch.equal(second(x), net[0](x))
    (remark,) = engine.remarks()
    assert remark == "torch cannot compile the networks here, so it learns without: no working compiler"
    assert engine.remarks() == []
    assert list(net.state_dict()) == names


def test_what_networks_raise_is_no_fault_of_the_compiler(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda function: function)
    engine = new_engine(compile=True)
    with pytest.raises(RuntimeError, match="size"):
        engine.compiled(lambda: torch.ones(2) + torch.ones(3))()
    assert engine.remarks() == []


def test_nothing_is_compiled_unasked():
    net = network()
    assert new_engine().compiled(net) is net


COMPILED = """
from dataclasses import replace
import torch
from understudy_sdk.autoencoder.engine import Engine
from understudy_sdk.autoencoder.settings import LearningSettings
from understudy_sdk.testing.values import offline_cpu

engine = Engine(LearningSettings(precision="float32", compile=True), replace(offline_cpu(), parallel=None))
x = torch.linspace(0, 1, 5)
found = engine.compiled(lambda x: torch.where(x > 0.5, x * 2, x))(x)
print(torch.equal(found, torch.where(x > 0.5, x * 2, x)), engine.remarks())
"""


@pytest.mark.slow
def test_compiled_functions_compute_the_same():
    if shutil.which("c++") is None:
        pytest.skip("there is no C++ compiler here")
    # in an interpreter of its own: torch's compiler minds warnings and threads that other tests leave behind
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True, check=False)
    assert done.stdout == "True []\n", done.stdout + done.stderr


def test_as_many_faces_as_fit_are_asked_for_with_zero():
    assert LearningSettings(batch_size="auto").faces_per_step == 0
    assert LearningSettings(batch_size=6).faces_per_step == 6
