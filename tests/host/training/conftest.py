"""Fixtures of the training loop's tests."""

import contextlib
import importlib.util
from pathlib import Path

import pytest
import torch

from understudy.progress import Silent
from understudy.training import DeckData, FaceArrays, LoopSettings, Training

TINY_MODEL = Path(__file__).with_name("tiny_model.py")


class Listener(Silent):
    """Keeps what is said."""

    def __init__(self):
        self.lines, self.starts, self.advanced = [], [], 0

    def start(self, phase, total, unit, *, done=0, device=""):
        self.starts.append((phase, total, unit, done, device))

    def advance(self, count=1, note=""):
        self.advanced += count

    def say(self, text):
        self.lines.append(text)


@pytest.fixture(autouse=True)
def _one_thread():
    """Use one thread: for a few hundred weights, waiting for a second one takes most of the time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny():
    """Give the file with the tiny model."""
    spec = importlib.util.spec_from_file_location("tiny_model", TINY_MODEL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def faces(tiny):
    """Give both sides' faces."""
    return FaceArrays(*tiny.face_arrays(6, 0)), FaceArrays(*tiny.face_arrays(5, 1))


@pytest.fixture
def listener():
    """Give a progress that keeps what it hears."""
    return Listener()


@pytest.fixture
def training(tiny, faces, listener, tmp_path):
    """Give a maker of trainings in a folder of the test; anything may be set otherwise."""

    def make(model=None, *, seed=0, folder="run", steps=12, **others):
        given = {
            "model": model or tiny.TinyModel(),
            "data": DeckData(*faces, seed=seed, device="cpu"),
            "folder": tmp_path / folder,
            "steps": steps,
            "offer_name": "tiny",
            "blame": lambda doing: contextlib.nullcontext(),
            "device": "cpu",
            "settings": LoopSettings(save_every_steps=5, preview_every_steps=10_000),
            "progress": listener,
        }
        return Training(**{**given, **others})

    return make
