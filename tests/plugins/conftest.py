"""Fixtures for tests of the built-in plugins."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
import pytest
import skimage.data

from understudy.plugins import discover
from understudy.weights import WeightCache
from understudy_sdk import Frame, MissingWeightsError
from understudy_sdk.testing.values import TIME_BASE, frozen, offline_cpu


@pytest.fixture(scope="session")
def released():
    """Give a builder of a registered plugin with its released weights; skips with the command where they are missing.

    ``released("detector", "mediapipe", tiles="auto")`` gives the stage with those settings.
    """
    registry = discover()

    def build(stage: str, name: str, **settings: object):
        spec = registry.offer(stage, name).spec
        try:
            return spec.build(spec.config(**settings), offline_cpu(WeightCache().find))
        except MissingWeightsError as error:
            pytest.skip(str(error))

    return build


@pytest.fixture(scope="session")
def sampled(footage):
    """Give some frames of a clip of the shared footage, one of every ``step``."""

    def frames(name: str, step: int) -> Iterator[Frame]:
        with av.open(str(footage(name))) as container:
            for index, picture in enumerate(container.decode(video=0)):
                if index % step == 0:
                    yield Frame(frozen(picture.to_ndarray(format="rgb24")), picture.pts, picture.time_base)

    return frames


@pytest.fixture(scope="session")
def astronaut() -> Frame:
    """Give a public-domain portrait, 512 px square, with one face near its top middle."""
    return Frame(frozen(np.array(skimage.data.astronaut())), 0, TIME_BASE)
