"""Is a batch that does not fit noticed in time, with the right size named?"""

import pytest
import torch

from understudy.errors import RequestError, TrainingError
from understudy.training import Checkpoints, memory, sizing, train

MIB = 1 << 20


@pytest.fixture
def hungry(tiny):
    """Give a maker of models that fail above a size with a given exception."""

    def make(error, most):
        class Hungry(tiny.TinyModel):
            tried = ()

            def train_step(self, data, step, batch_size):
                self.tried = (*self.tried, batch_size)
                if batch_size > most:
                    raise error
                return super().train_step(data, step, batch_size)

        return Hungry()

    return make


ERRORS = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to allocate 4"),
    RuntimeError("MPS backend out of memory (MPS allocated: 17.06 GB)"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: str(error)[:20] or type(error).__name__)
def test_every_way_to_say_that_memory_is_short_is_understood(hungry, training, error):
    assert memory.attempt_step(hungry(error, 3), training().data, 1, 4) is None
    assert set(memory.attempt_step(hungry(error, 3), training().data, 1, 3)) == {"source", "target"}


def test_real_allocation_that_fails_is_understood(tiny, training):
    class Endless(tiny.TinyModel):
        def train_step(self, data, step, batch_size):
            torch.empty(1 << 60, dtype=torch.uint8)

    assert memory.attempt_step(Endless(), training().data, 1, 1) is None


def test_other_errors_go_on_as_they_came(hungry, training):
    with pytest.raises(RuntimeError, match="shapes"):
        memory.attempt_step(hungry(RuntimeError("shapes do not agree"), 0), training().data, 1, 4)


@pytest.mark.parametrize(("too_many", "most"), [(64, 63), (64, 11), (64, 32), (64, 1), (64, 0), (3, 2), (2, 1), (1, 0)])
def test_the_largest_batch_that_fits_is_found(hungry, training, too_many, most):
    model = hungry(MemoryError(), most)
    assert memory.largest_fitting(model, training().data, 1, too_many) == most
    assert max(model.tried, default=0) < too_many
    assert len(model.tried) <= 12


def test_error_tells_what_to_set():
    assert "set the model's batch_size to 5 or less" in str(memory.too_large(8, 5, "cuda"))
    assert "not even a batch of 1 fits" in str(memory.too_large(8, 0, "cuda"))


@pytest.fixture
def greedy(tiny):
    """Give a model that fills 24 MiB per face while it learns."""

    class Greedy(tiny.TinyModel):
        def train_step(self, data, step, batch_size):
            filled = torch.ones(batch_size, 24 * MIB // 4)
            losses = super().train_step(data, step, batch_size)
            assert filled[0, 0] == 1
            return losses

    return Greedy


def test_batch_that_would_fill_the_memory_is_refused_ahead(greedy, training, monkeypatch):
    monkeypatch.setattr(sizing, "free_bytes", lambda device: 480 * MIB)  # holds 18 faces at 90 %
    model = greedy(batch_size=200)
    with pytest.raises(TrainingError, match="a batch of 200 does not fit into the memory of cpu") as caught:
        sizing.batch_for(training(model), model, 1, is_new=True)
    named = int(str(caught.value).split("batch_size to ")[1].split()[0])
    assert 12 <= named <= 24


def test_measuring_ahead_leaves_no_trace(greedy, training, monkeypatch):
    monkeypatch.setattr(sizing, "free_bytes", lambda device: 1 << 40)
    model, untouched = greedy(batch_size=16), greedy(batch_size=16)
    sizing.batch_for(training(model), model, 1, is_new=True)
    assert model.steps_done == [1, 1, 1]
    for part in ("weights", "optimizer_state"):
        mine, wanted = getattr(model, part)(), getattr(untouched, part)()
        assert all(torch.equal(mine[name], wanted[name]) for name in wanted)


def test_small_batches_are_not_measured(greedy, training):
    model = greedy(batch_size=8)
    sizing.batch_for(training(model), model, 1, is_new=True)
    assert model.steps_done == []


def test_as_many_as_fit_are_taken_and_told(greedy, training, monkeypatch, listener):
    monkeypatch.setattr(sizing, "free_bytes", lambda device: 480 * MIB)  # holds 18 faces at 90 %
    model, untouched = greedy(batch_size=0), greedy(batch_size=0)
    job = training(model)
    size = sizing.batch_for(job, model, 1, is_new=True)
    assert 12 <= size <= 24
    (line,) = listener.lines
    assert f"taken: {size}" in line
    assert "0.5 GB are free" in line
    assert all(torch.equal(tensor, untouched.weights()[name]) for name, tensor in model.weights().items())
    assert max(model.steps_done) == 1


def test_as_many_as_fit_has_an_end_and_suits_the_processes(greedy, training, monkeypatch):
    monkeypatch.setattr(sizing, "free_bytes", lambda device: 1 << 40)
    assert sizing.batch_for(training(greedy(batch_size=0)), greedy(batch_size=0), 1, is_new=True) == sizing.MOST
    three = training(greedy(batch_size=0), processes=3)
    assert sizing.batch_for(three, greedy(batch_size=0), 1, is_new=True) == 63
    with pytest.raises(RequestError, match="a batch of 4 faces cannot be shared evenly by 3 processes"):
        sizing.batch_for(three, greedy(batch_size=4), 1, is_new=True)


def test_a_device_too_small_for_one_face_is_told(greedy, training, monkeypatch):
    monkeypatch.setattr(sizing, "free_bytes", lambda device: 10 * MIB)
    with pytest.raises(TrainingError, match="not even a batch of 1 fits"):
        sizing.batch_for(training(greedy(batch_size=0)), greedy(batch_size=0), 1, is_new=True)


def test_what_fits_is_found_where_not_even_the_measuring_does(hungry, training, listener):
    model = hungry(MemoryError(), 3)
    model.batch_size = 0
    assert sizing.batch_for(training(model), model, 1, is_new=True) == 3
    assert listener.lines == ["the largest batch that fits: 3; taken: 3"]
    model.batch_size = 16
    with pytest.raises(TrainingError, match=r"a batch of 16 does not fit .*\n  a batch of 3 fits"):
        sizing.batch_for(training(model), model, 1, is_new=True)


@pytest.mark.parametrize(("wanted", "most"), [(0, 8), (16, 8), (8, 8), (6, 6), (4, 4), (2, 3), (1, 3)])
def test_no_more_faces_are_tried_than_are_wanted_or_needed(wanted, most):
    assert sizing._probes("cuda", 1, wanted) == (1, 2, most)
    assert sizing._probes("cuda", 2, 2 * wanted) == (2, 4, 2 * most)
    assert sizing._probes("cpu", 1, wanted) == (1, 2, min(most, 4))


def test_a_resumed_training_keeps_the_batch_that_was_chosen(training, tiny, monkeypatch):
    monkeypatch.setattr(sizing, "free_bytes", lambda device: 1 << 40)
    first = tiny.TinyModel(batch_size=0)
    train(training(first, stop=lambda: True))
    monkeypatch.setattr(sizing, "free_bytes", lambda device: 0)  # would find no room now
    resumed = training(tiny.TinyModel(batch_size=0))
    train(resumed)
    state = Checkpoints(resumed.folder).peek()
    assert (state.batch_size, state.is_batch_chosen) == (sizing.MOST, True)
    fixed = training(tiny.TinyModel(batch_size=4), steps=13)
    train(fixed)
    state = Checkpoints(fixed.folder).peek()
    assert (state.batch_size, state.is_batch_chosen) == (4, False)


def test_free_memory_is_a_plausible_number():
    assert MIB < memory.free_bytes("cpu") < 1 << 50


def test_containers_limit_counts(tmp_path):
    assert memory._free_in_container(tmp_path) > 1 << 60
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._free_in_container(tmp_path) > 1 << 60
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 400\ninactive_file 200\n")
    assert memory._free_in_container(tmp_path) == 500  # a cache can be given back
