"""Fixtures of the measures' tests."""

import numpy as np
import pytest
from skimage.data import astronaut
from skimage.transform import resize


@pytest.fixture(scope="session")
def portrait():
    """Give a face: float32 (96, 96, 3), 0 to 1, RGB."""
    return resize(astronaut()[0:200, 120:320], (96, 96), anti_aliasing=True).astype(np.float32)


@pytest.fixture(scope="session")
def middle():
    """Give a mask of the middle, float32 (96, 96)."""
    mask = np.zeros((96, 96), np.float32)
    mask[24:72, 24:72] = 1.0
    return mask
