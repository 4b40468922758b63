"""Does a seam's energy say how hard a step a mask leaves?"""

import numpy as np

from understudy.gates.seam import seam_of


def disc(softness):
    rows, columns = np.mgrid[:64, :64]
    return np.clip((20 - np.hypot(rows - 32, columns - 32)) / softness + 0.5, 0, 1).astype(np.float32)


def test_a_step_at_the_edge_has_energy_and_a_soft_one_less_and_no_change_none():
    before = np.full((64, 64, 3), 0.4, np.float32)
    found = []
    for softness in (0.5, 4.0, 12.0):
        mask = disc(softness)
        found.append(seam_of(before, before + 0.2 * mask[..., None], mask).added)
    assert found[0] > 1.5 * found[1] > 3 * found[2] > 0
    assert seam_of(before, before, disc(4.0)).added == 0.0
    assert seam_of(before, before, np.zeros((64, 64), np.float32)) is None


def test_a_ramp_of_known_steepness_measures_that():
    before = np.zeros((64, 64, 3), np.float32)
    mask = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))
    after = before + mask[..., None] * 0.5
    assert abs(seam_of(before, after, mask).added - 0.5 * 255 / 63) < 0.15
