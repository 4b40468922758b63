"""Do TensorBoard's files hold what the training tells them?"""

import sys

import numpy as np
import pytest

from understudy.errors import RequestError
from understudy.pictures import decode_picture
from understudy.training import train
from understudy.training.tensorboard import TensorBoardSink

accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="no tensorboard")


def read(folder):
    found = accumulator.EventAccumulator(str(folder))
    found.Reload()
    return found


def scalars(folder, tag):
    return [(event.step, round(event.value, 5)) for event in read(folder).Scalars(tag)]


class Clock:
    """Tells a time that only tests move."""

    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


def test_losses_previews_and_measures_are_read_back(tmp_path, clock):
    picture = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    with TensorBoardSink(tmp_path, clock) as sink:
        for step in (1, 2, 3):
            sink.losses(step, {"source": 1.0 / step, "target": 2.0})
            clock.now_s += 1.0
        sink.preview(3, picture)
        sink.measures(3, {"score": 0.25})
    assert scalars(tmp_path, "loss/source") == [(1, 1.0), (2, 0.5), (3, 0.33333)]
    assert scalars(tmp_path, "loss/target") == [(1, 2.0), (2, 2.0), (3, 2.0)]
    assert scalars(tmp_path, "quality/score") == [(3, 0.25)]
    (image,) = read(tmp_path).Images("preview")
    assert (image.step, image.width, image.height) == (3, 12, 8)
    np.testing.assert_array_equal(decode_picture(image.encoded_image_string, "preview"), picture)


def test_ten_steps_a_second_are_written_at_most(tmp_path, clock):
    with TensorBoardSink(tmp_path, clock) as sink:
        for step in range(1, 41):
            sink.losses(step, {"source": 1.0})
            clock.now_s += 0.03125
    assert [step for step, _ in scalars(tmp_path, "loss/source")] == list(range(1, 41, 4))


def test_steps_learnt_anew_replace_the_old_ones(tmp_path, clock):
    with TensorBoardSink(tmp_path, clock) as sink:
        for step, loss in ((1, 1.0), (2, 9.0), (3, 9.0), (2, 0.5)):
            sink.losses(step, {"source": loss})
            clock.now_s += 1.0
    assert scalars(tmp_path, "loss/source") == [(1, 1.0), (2, 0.5)]


def test_a_training_tells_it_every_loss(training, tmp_path, clock):
    def now_s():
        clock.now_s += 1.0
        return clock.now_s

    with TensorBoardSink(tmp_path / "events", now_s) as sink:
        job = training(sinks=(sink,))
        outcome = train(job)
    assert [step for step, _ in scalars(tmp_path / "events", "loss/target")] == list(range(1, job.steps + 1))
    assert scalars(tmp_path / "events", "loss/target")[-1][1] == pytest.approx(outcome.losses["target"], abs=1e-5)


def test_without_tensorboard_it_says_what_to_install(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "tensorboard"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(RequestError, match=r'pip install "understudy\[tensorboard\]"'):
        TensorBoardSink(tmp_path)
