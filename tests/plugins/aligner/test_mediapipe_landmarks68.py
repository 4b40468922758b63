"""Are the 68 points the right points of the mesh?"""

from __future__ import annotations

import numpy as np

from understudy_plugins.aligner.mediapipe.landmarks68 import TABLE, landmarks_of_mesh


def test_the_table_has_68_entries_within_the_mesh():
    assert len(TABLE) == 68
    assert all(0 <= first < 468 and 0 <= second < 468 and 0 <= share < 1 for first, second, share in TABLE)


def test_a_landmark_lies_between_its_two_mesh_points():
    mesh = np.zeros((468, 3), np.float32)
    mesh[127], mesh[234] = (10, 20, 5), (30, 40, 5)
    landmarks = landmarks_of_mesh(mesh)
    assert landmarks.shape == (68, 2)
    assert landmarks.dtype == np.float32
    np.testing.assert_allclose(landmarks[0], [10 + 20 * 0.47, 20 + 20 * 0.47], rtol=1e-6)
