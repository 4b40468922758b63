"""Is a face left out where the mesh network doubts it?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from understudy_plugins.aligner.mediapipe import MediaPipeAlignerConfig, aligner
from understudy_sdk.testing.values import face_frame, plain_face

SURE, UNSURE = 5.0, -5.0


@pytest.mark.parametrize(
    ("passes", "has_eyes", "logits", "looks", "kept"),
    [
        (2, True, [SURE, SURE], 2, 1),
        (2, True, [SURE, UNSURE], 2, 0),
        (2, True, [UNSURE, SURE], 1, 0),  # nobody convinced the first look, so there is no second
        (1, True, [SURE], 1, 1),
        (1, False, [SURE, SURE], 2, 1),  # a box alone places the crop roughly only
    ],
)
def test_every_look_must_be_sure(monkeypatch, passes, has_eyes, logits, looks, kept):
    seen = []

    class FakeNetwork:
        side = 192

        def __init__(self, path, threads):
            self.mesh = np.random.default_rng(0).uniform(40, 150, (468, 3)).astype(np.float32)

        def __call__(self, picture):
            seen.append(picture)
            return self.mesh, logits[len(seen) - 1]

    monkeypatch.setattr(aligner, "Network", FakeNetwork)
    stage = aligner.MediaPipeAligner(MediaPipeAlignerConfig(passes=passes), Path("unused"), 1)
    (faces,) = stage.align([face_frame()], [[plain_face(eyes=has_eyes)]])
    assert (len(seen), len(faces)) == (looks, kept)
    assert all(picture.shape == (192, 192, 3) and 0 <= picture.min() <= picture.max() <= 1 for picture in seen)
