"""Does the detector lbp keep the contract, and find a face?"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import skimage.data
from understudy_lbp import understudy_detectors

from understudy_sdk import Detector, Frame, StageSpec
from understudy_sdk.testing.detector import DetectorContract
from understudy_sdk.testing.offer import OfferContract
from understudy_sdk.testing.package import PackageContract
from understudy_sdk.testing.values import frozen, offline_cpu

(SPEC,) = understudy_detectors()


def portrait() -> Frame:
    """Return Eileen Collins, by NASA, in the public domain; her face is at 225, 120."""
    return Frame(frozen(skimage.data.astronaut().copy()), 3, Fraction(1, 25))


class TestDetector(DetectorContract):
    @pytest.fixture
    def detector(self) -> Detector:
        return SPEC.build(SPEC.tiny, offline_cpu())

    def frames(self) -> list[Frame]:
        return [*super().frames(), portrait()]


class TestOffer(OfferContract):
    @pytest.fixture
    def spec(self) -> StageSpec[Any]:
        return SPEC


class TestPackage(PackageContract):
    @pytest.fixture
    def module(self) -> str:
        return "understudy_lbp"


def test_finds_the_face_of_a_portrait() -> None:
    ((face, *_),) = SPEC.build(SPEC.tiny, offline_cpu()).detect([portrait()])
    x0, y0, x1, y1 = face.box
    assert x0 < 225 < x1
    assert y0 < 120 < y1
    assert 60 < x1 - x0 < 200
