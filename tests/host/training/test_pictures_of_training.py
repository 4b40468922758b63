"""Do the preview and the loss plot show what they should, where they should?"""

import cv2
import numpy as np
import pytest

from understudy.training import DeckData, LoopSettings, preview, train
from understudy.training.history import LossTable
from understudy.training.plot import COLORS, loss_plot
from understudy.training.preview import COLUMNS, HEADER_PX, preview_sheet, write_preview
from understudy_sdk import CropSpec, FaceType, Side, Swap
from understudy_sdk.testing.values import plain_crop

SIZE = 128
SHIFTS = {"source rebuilt": 0.1, "target rebuilt": 0.2, "target swapped": 0.3}


class Shifting:
    """Draws every crop in one colour: the crop's own level, brightened by what was asked."""

    crop_spec = CropSpec(FaceType.FULL, SIZE)

    def rebuild(self, crops, side):
        return self._shift(crops, "source rebuilt" if side is Side.SOURCE else "target rebuilt")

    def swap(self, crops):
        return self._shift(crops, "target swapped")

    def _shift(self, crops, name):
        levels = [float(crop.rgb.mean()) / 255 + SHIFTS[name] for crop in crops]
        color = np.array([1.0, 0.5, 0.0])  # so that swapped channels would show
        return [Swap((np.ones((64, 64, 3)) * level * color).astype(np.float32)) for level in levels]


def read(path):
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def test_columns_show_what_their_titles_say():
    source, target = ([plain_crop(level, SIZE) for level in levels] for levels in ((40, 60), (80, 100)))
    sheet = preview_sheet(Shifting(), source, target)
    assert sheet.shape == (HEADER_PX + 2 * SIZE, 5 * SIZE, 3)
    for row in range(2):
        cells = [
            sheet[HEADER_PX + row * SIZE :][:SIZE, column * SIZE : (column + 1) * SIZE]
            for column in range(len(COLUMNS))
        ]
        np.testing.assert_array_equal(cells[0], source[row].rgb)
        np.testing.assert_array_equal(cells[2], target[row].rgb)
        for column, crop, name in ((1, source, COLUMNS[1]), (3, target, COLUMNS[3]), (4, target, COLUMNS[4])):
            level = float(crop[row].rgb.mean()) + 255 * SHIFTS[name]
            np.testing.assert_allclose(cells[column].mean(axis=(0, 1)), [level, level / 2, 0], atol=1)


def test_every_column_has_a_title_within_its_bounds():
    sheet = preview_sheet(Shifting(), [plain_crop(40, SIZE)], [plain_crop(80, SIZE)])
    header = sheet[:HEADER_PX].max(axis=(0, 2)).reshape(len(COLUMNS), SIZE)
    assert (header.max(axis=1) > 150).all()
    assert (header[:, [0, -1]] == 0).all()


def test_rows_are_pairs():
    sheet = preview_sheet(Shifting(), [plain_crop(40, SIZE)] * 3, [plain_crop(80, SIZE)])
    assert sheet.shape[0] == HEADER_PX + SIZE


def test_small_crops_are_enlarged():
    sheet = preview_sheet(Shifting(), [plain_crop(40, 16)], [plain_crop(80, 16)])
    assert sheet.shape == (HEADER_PX + 96, 5 * 96, 3)


def test_preview_is_written_by_number_and_as_the_latest(tmp_path):
    for step, level in ((250, 10), (500, 200)):
        path = write_preview(tmp_path, step, np.full((8, 8, 3), (level, 0, 0), np.uint8))
    assert path == tmp_path / "preview-00000500.png"
    assert sorted(found.name for found in tmp_path.iterdir()) == [
        "preview-00000250.png",
        "preview-00000500.png",
        "preview-latest.png",
    ]
    assert read(tmp_path / "preview-latest.png")[0, 0].tolist() == [200, 0, 0]
    assert read(tmp_path / "preview-00000250.png")[0, 0].tolist() == [10, 0, 0]


def test_many_previews_are_thinned_out_evenly(tmp_path, monkeypatch):
    monkeypatch.setattr(preview, "_KEPT", 10)
    for step in range(1, 61):
        write_preview(tmp_path, step, np.zeros((4, 4, 3), np.uint8))
    steps = sorted(int(path.stem[8:]) for path in tmp_path.glob("preview-0*.png"))
    assert len(steps) == 10
    assert (steps[0], steps[-1]) == (1, 60)
    assert max(np.diff(steps)) <= 2 * 60 / 10


def test_training_draws_previews_when_due_and_at_the_end(training, tiny, tmp_path):
    crops = [plain_crop(level, tiny.SIZE) for level in (60, 120)]
    job = training(
        draw_preview=lambda model: preview_sheet(model, crops, crops),
        settings=LoopSettings(save_every_steps=50, preview_every_steps=5),
    )
    train(job)
    numbered = sorted(path.name for path in job.folder.glob("preview-0*.png"))
    assert numbered == [f"preview-{step:08d}.png" for step in (1, 5, 10, 12)]
    assert read(job.folder / "preview-latest.png").shape == (HEADER_PX + 2 * 96, 5 * 96, 3)
    assert read(job.folder / "losses.png").shape == (420, 900, 3)


def test_previews_do_not_alter_what_is_learnt(training, tiny, faces):
    crops = [plain_crop(60, tiny.SIZE)]
    seen = training(
        folder="seen",
        draw_preview=lambda model: preview_sheet(model, crops, crops),
        settings=LoopSettings(save_every_steps=50, preview_every_steps=1),
        data=DeckData(*faces, seed=0, device="cpu"),
    )
    unseen = training(folder="unseen")
    assert train(seen).losses == train(unseen).losses


def where(picture, color):
    return np.argwhere((picture == color).all(axis=2))


@pytest.fixture
def falling():
    """Give losses that fall, the source's from 4 to 2, the target's from 2 to 1."""
    table = LossTable()
    for step, share in enumerate(np.linspace(1.0, 0.5, 3000), 1):
        table.add(step, {"source": 4 * share, "target": 2 * share})
    return table


def test_curves_fall_from_left_to_right(falling):
    picture = loss_plot(falling)
    for color in (COLORS["source"], COLORS["target"]):
        points = where(picture, color)
        points = points[points[:, 0] > 40]  # below the legend
        left, right = points[points[:, 1] < 120], points[points[:, 1] > 800]
        assert left[:, 0].mean() + 50 < right[:, 0].mean()


def test_the_loss_of_a_masker_is_drawn():
    table = LossTable()
    for step in range(1, 400):
        table.add(step, {"mask": 4.0 / step})
    assert len(where(loss_plot(table)[40:], COLORS["mask"])) > 200


def test_higher_loss_is_drawn_higher(falling):
    picture = loss_plot(falling)
    source, target = (where(picture[40:], COLORS[name])[:, 0].mean() for name in ("source", "target"))
    assert source < target


def test_few_or_no_losses_can_be_drawn():
    table = LossTable()
    assert loss_plot(table).shape == (420, 900, 3)
    table.add(1, {"source": float("nan"), "target": 1.0})
    assert loss_plot(table).shape == (420, 900, 3)
