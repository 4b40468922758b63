"""Fixtures of the tests of examples and documents."""

import numpy as np
import pytest
from ruamel.yaml import YAML

from understudy.demo.film import film


@pytest.fixture
def beside_plain_clips(tmp_path):
    """Copy a project file next to grey clips at the places that it names."""

    def put(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        for faceset in YAML(typ="safe").load(text)["facesets"].values():
            for clip in faceset["clips"]:
                place = tmp_path / clip
                place.parent.mkdir(parents=True, exist_ok=True)
                grey = (np.full((64, 64, 3), 90 + number % 2, np.uint8) for number in range(150))
                film(place, grey, 25, (np.zeros(288000, np.float32), 48000), {})
        return path

    return put
