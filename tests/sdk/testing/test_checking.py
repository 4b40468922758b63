"""Does the check without pytest find what a stage gets wrong, and say it in its author's words?"""

import json
import subprocess
import sys
from dataclasses import replace
from typing import Annotated

import numpy as np
import pytest
from pydantic import Field

from understudy.plugins import STAGES, discover
from understudy_sdk import (
    Face,
    Layer,
    Mask,
    MissingWeightsError,
    Resources,
    StageConfig,
    StageSpec,
    Swap,
    UrlSource,
    WeightFile,
)
from understudy_sdk.testing.checking import check_offer, check_package, stage_contracts
from understudy_sdk.testing.promises import topic_of
from understudy_sdk.testing.values import offline_cpu

REGISTRY = discover()


class Config(StageConfig):
    """Settings of stages that are wrong."""


def offer(stage, **words):
    base = StageSpec(name="odd", summary="Odd.", config=Config, tiny=Config(), build=lambda config, resources: stage())
    return replace(base, **words)


def wrong(stage, spec):
    return [finding for finding in check_offer(stage, spec, offline_cpu()) if finding.status != "ok"]


class Masker:
    def mask(self, crops):
        return [Mask(np.full((crop.size, crop.size), crop.rgb.mean() / 255, np.float32)) for crop in crops]


class Doubled(Masker):
    def mask(self, crops):
        return [Mask(np.zeros((crop.size, crop.size))) for crop in crops]


class Bright(Masker):
    def mask(self, crops):
        return [Mask(mask.values + 2) for mask in super().mask(crops)]


class Small(Masker):
    def mask(self, crops):
        return [Mask(np.ascontiguousarray(mask.values[::2, ::2])) for mask in super().mask(crops)]


class Backwards(Masker):
    def mask(self, crops):
        return super().mask(crops)[::-1]


class Scribbling(Masker):
    def mask(self, crops):
        for crop in crops:
            crop.rgb[0, 0] = 0
        return super().mask(crops)


class Unlocking(Masker):
    def mask(self, crops):
        for crop in crops:
            crop.rgb.flags.writeable = True
            crop.rgb[0, 0] ^= 1
        return super().mask(crops)


class Growing(Masker):
    seen = 0

    def mask(self, crops):
        self.seen += len(crops)
        return [Mask((mask.values / self.seen).astype(np.float32)) for mask in super().mask(crops)]


class Arrays(Masker):
    def mask(self, crops):
        return [mask.values for mask in super().mask(crops)]


class Generator(Masker):
    def mask(self, crops):
        yield from super().mask(crops)


class Failing(Masker):
    def mask(self, crops):
        raise KeyError("nose")


@pytest.mark.parametrize(
    ("stage", "topic", "expected", "found"),
    [
        (Doubled, "dtype", "Mask.values: float32 (any, any)", "float64 (64, 64)"),
        (Bright, "range", "Mask.values: 0 to 1", "2.47064 to 2.47064"),
        (Small, "shape", "masks of 64 and 48 px for crops of 64 and 48 px", "[(32, 32), (24, 24)]"),
        (Backwards, "batch", "the same Mask.values in a batch as alone, to within 1e-05", "numbers up to"),
        (Scribbling, "purity", "inputs that are left as they are", "the stage writes to one (test_checking.py, line"),
        (Unlocking, "purity", "Crop.rgb left as it was given", "the stage wrote to it"),
        (Growing, "repeats", "the same Mask.values asked again as at first, to the bit", "numbers up to"),
        (Arrays, "answers", "a list of 3 Mask, one per crop", "ndarray in the list"),
        (Generator, "answers", "a list of 3 Mask, one per crop", "a generator"),
        (Failing, "answers", "an answer", "KeyError: 'nose' (test_checking.py, line"),
    ],
)
def test_what_a_masker_gets_wrong_is_told(stage, topic, expected, found):
    told = [finding for finding in wrong("masker", offer(stage)) if finding.topic == topic]
    assert any(expected in one.expected and found in one.found for one in told), told
    assert {finding.status for finding in told} == {"wrong"}


def test_a_sound_masker_keeps_every_promise():
    assert wrong("masker", offer(Masker)) == []


class Detector:
    def detect(self, frames):
        return [[Face(np.array([0, 0, 5, 5], np.float32), score) for score in (0.2, 0.9)] for _ in frames]


class Merger:
    def merge(self, region, swap, crop, mask):
        return Layer(region.rgb, np.ones(region.rgb.shape[:2], np.float32))


class Recognizer:
    same_person = 7

    def embed(self, crops):
        return np.ones((len(crops), 4))


class Enhancer:
    size = 64

    def enhance(self, swaps, crops):
        return [Swap(crop.rgb.astype(np.float32) / 100) for crop in crops]


@pytest.mark.parametrize(
    ("stage", "kind", "topics"),
    [
        ("enhancer", Enhancer, {"range", "answers"}),
        ("detector", Detector, {"order"}),
        ("merger", Merger, {"range", "purity"}),
        ("recognizer", Recognizer, {"dtype", "range"}),
    ],
)
def test_other_stages_are_told_too(stage, kind, topics):
    assert {finding.topic for finding in wrong(stage, offer(kind))} >= topics


class Silent(StageConfig):
    strength: float = 2


class Unlimited(StageConfig):
    """Settings whose numbers are free."""

    sizes: Annotated[tuple[int, ...], Field(description="Of several.")] = (1,)


class Broken(StageConfig):
    """Settings that cannot be left alone."""

    path: Annotated[str, Field(description="Of something.")]


class Lax(StageConfig, extra="allow"):
    """Settings that take anything."""


def weight(**words):
    facts = {"code_licence": "MIT", "weights_licence": "MIT", "commercial": True, "sources": (UrlSource("x:"),)}
    return WeightFile(**({"name": "a.bin", "sha256": "0" * 64, "size": 9} | facts | words))


@pytest.mark.parametrize(
    ("words", "topic", "found"),
    [
        ({"name": "Odd Mask"}, "settings", "'Odd Mask'"),
        ({"summary": "Two\nlines"}, "settings", "Two\\nlines"),
        ({"config": Silent, "tiny": Silent()}, "settings", "none for strength"),
        ({"config": Unlimited, "tiny": Unlimited()}, "settings", "none for sizes"),
        ({"config": Broken, "tiny": Broken(path="x")}, "settings", "path: Field required"),
        ({"config": Lax, "tiny": Lax()}, "settings", "it is taken"),
        ({"tiny": Unlimited()}, "settings", "Unlimited"),
        ({"weights": (weight(weights_licence=" "),)}, "licence", "an empty text"),
        ({"weights": (weight(sources=()),)}, "licence", "none"),
        ({"weights": (weight(), weight())}, "licence", "['a.bin', 'a.bin']"),
        ({"weights_for": lambda config: (weight(),)}, "licence", "a.bin"),
        ({"learns": True}, "answers", "learns=True"),
    ],
)
def test_what_an_offer_leaves_unsaid_is_told(words, topic, found):
    told = [finding for finding in wrong("masker", offer(Masker, **words)) if finding.topic == topic]
    assert any(found in finding.found for finding in told), told


def test_missing_weights_leave_promises_unchecked():
    def build(config, resources):
        resources.weights(weight())

    (told,) = wrong("masker", offer(Masker, build=build, weights=(weight(),)))
    assert told.status == "not checked"
    assert told.found == "the weight file 'a.bin' is not here; understudy weights pull a.bin"
    with pytest.raises(MissingWeightsError):
        build(None, offline_cpu())


HEAVY = "import cv2\nfrom understudy.plugins import discover\n"


def test_an_expensive_import_and_the_host_are_told(tmp_path, monkeypatch):
    (tmp_path / "costly_stage.py").write_text(HEAVY)
    monkeypatch.syspath_prepend(str(tmp_path))
    cost, host = check_package("costly_stage")
    assert (cost.status, cost.found) == ("wrong", "it loads cv2")
    assert (host.status, host.found) == ("wrong", "costly_stage.py, line 2: understudy.plugins")


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("learns", [False, True])
def test_every_promise_says_what_it_is_about_and_needs_one_subject(stage, learns):
    for contract in stage_contracts(stage, learns):
        tests = [getattr(contract, name) for name in dir(contract or object) if name.startswith("test_")]
        assert all(topic_of(test) and test.__doc__ and test.__code__.co_argcount == 2 for test in tests), contract
        assert contract is None or tests


def test_the_check_needs_no_pytest():
    code = (
        "import sys; sys.modules['pytest'] = None\n"
        "from understudy_sdk.testing.checking import check_offer\n"
        "from understudy_sdk.testing.values import offline_cpu\n"
        "from understudy.plugins import discover\n"
        "import json\n"
        "found = check_offer('model', discover().models['quick96'], offline_cpu())\n"
        "print(json.dumps([one.status for one in found]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    states = json.loads(done.stdout)
    assert set(states) == {"ok"}
    assert len(states) > 20


@pytest.mark.parametrize(("stage", "name"), [(stage, name) for stage in STAGES for name in REGISTRY.offers(stage)])
def test_every_built_in_says_what_an_offer_has_to_say(stage, name):
    from understudy_sdk.testing.checking import check_contract
    from understudy_sdk.testing.offer import OfferContract

    class Words(OfferContract):
        def resources(self) -> Resources:
            raise MissingWeightsError("", [])  # tests of its stage build it

    spec = REGISTRY.offers(stage)[name].spec
    told = list(check_contract(Words, lambda: spec, ""))
    assert [finding for finding in told if finding.status == "wrong"] == []
