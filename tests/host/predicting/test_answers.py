"""Do answers come back from their files as mergers are to see them, and is damage found?"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from understudy.errors import PluginFailedError
from understudy.plugins import discover
from understudy.predicting.answers import Answer, AnswerFile, is_whole, write_answers
from understudy.predicting.predicting import Answerer
from understudy_sdk import CropSpec, FaceType, Swap

SPEC = CropSpec(FaceType.FULL, 8)


def answer(rgb, **masks):
    return Answer(np.arange(192, dtype=np.uint8).reshape(8, 8, 3), Swap(rgb, **masks))


def test_what_comes_back_is_within_half_a_step_of_16_bits_and_8_bits_come_back_exactly(tmp_path):
    random = np.random.default_rng(1)
    rgb, mask = random.random((16, 16, 3), np.float32), random.random((4, 4), np.float32)
    eight = np.arange(256, dtype=np.float32).repeat(3).reshape(16, 16, 3) / np.float32(255)
    answers = {"a.png": answer(rgb, source_mask=mask), "b.png": answer(eight)}
    write_answers(tmp_path / "x", SPEC, answers)
    assert is_whole(tmp_path / "x")
    with AnswerFile(tmp_path / "x") as kept:
        assert kept.spec == SPEC
        found = kept.answer("a.png")
        np.testing.assert_array_equal(found.rgb, answers["a.png"].rgb)
        np.testing.assert_allclose(found.swap.rgb, rgb, atol=0.51 / 65535, rtol=0)
        np.testing.assert_allclose(found.swap.source_mask, mask, atol=0.51 / 65535, rtol=0)
        assert found.swap.target_mask is None
        np.testing.assert_array_equal(kept.answer("b.png").swap.rgb, eight)
        assert kept.answer("c.png") is None


def test_what_is_beyond_0_and_1_is_cut_there(tmp_path):
    rgb = np.linspace(-0.5, 1.5, 192, dtype=np.float32).reshape(8, 8, 3)
    write_answers(tmp_path / "x", SPEC, {"a": answer(rgb)})
    with AnswerFile(tmp_path / "x") as kept:
        found = kept.answer("a").swap.rgb
    assert (found.min(), found.max()) == (0.0, 1.0)
    np.testing.assert_allclose(found, rgb.clip(0, 1), atol=1 / 65535)


@pytest.mark.parametrize("harm", ["flipped", "short", "empty", "other"])
def test_damage_is_found_wherever_it_lies(tmp_path, harm):
    path = tmp_path / "x"
    write_answers(path, SPEC, {"a": answer(np.zeros((8, 8, 3), np.float32))})
    content = bytearray(path.read_bytes())
    content[-5] ^= 4
    path.write_bytes(
        {"flipped": bytes(content), "short": path.read_bytes()[:-1], "empty": b"", "other": b"no such thing" * 9}[harm]
    )
    assert not is_whole(path)


def test_an_answer_that_is_no_number_is_laid_at_the_models_door(square_plugin, monkeypatch):
    monkeypatch.syspath_prepend(str(square_plugin))
    offer = discover().offer("model", "mirror")
    rgb = np.full((64, 64, 3), 0.5, np.float32)
    rgb[3, 4, 1] = np.nan
    model = SimpleNamespace(crop_spec=CropSpec(FaceType.FULL, 64), swap=lambda crops: [Swap(rgb) for _ in crops])
    chosen = SimpleNamespace(model=SimpleNamespace(offer=offer), mask_swaps=None, enhancer=None)
    frame = SimpleNamespace(index=7, frame=lambda: SimpleNamespace(rgb=np.zeros((90, 90, 3), np.uint8)))
    points = np.random.default_rng(2).uniform(20, 70, (68, 2)).astype(np.float32)
    face = SimpleNamespace(landmarks=points, mesh=None)
    with pytest.raises(PluginFailedError, match=r"'mirror'.*frames 7 to 7.*finite"):
        Answerer(chosen, model).answers([frame], {7: [SimpleNamespace(name="a", face=face)]})
