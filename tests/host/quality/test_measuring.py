"""Are a model's measures those of its pictures, and are they kept with step and time?"""

import json

import numpy as np
import pytest

from understudy.errors import StoreError
from understudy.quality.faces import MeasuredFaces, measured_faces
from understudy.quality.held_out import HeldFace, write_held
from understudy.quality.looking import looking_with
from understudy.quality.measuring import MEASURES, Measuring
from understudy.quality.records import measures_at, read_quality, write_quality
from understudy.quality.watching import Watching
from understudy.training import save_arrays
from understudy_sdk import Crop, CropSpec, Face, FaceType, Side, Swap
from understudy_sdk.testing.values import plain_landmarks

SIZE = 96
SPEC = CropSpec(FaceType.FULL, SIZE)
LANDMARKS = np.asarray(plain_landmarks(SIZE), np.float32)


class Worsening:
    """Draws every crop as it is, but darker by some share; its mask misses some columns."""

    crop_spec, batch_size = SPEC, 1

    def __init__(self, darker=0.0, missed=0):
        self.darker, self.missed, self.most = darker, missed, 0

    def rebuild(self, crops, side):
        self.most = max(self.most, len(crops))
        darker = self.darker if side is Side.SOURCE else self.darker / 2
        return [self._draw(crop, darker) for crop in crops]

    def swap(self, crops):
        return [self._draw(crop, self.darker) for crop in crops]

    def _draw(self, crop, darker):
        mask = np.zeros((SIZE, SIZE), np.float32)
        mask[24:72, 24 + self.missed : 72] = 1.0
        rgb = crop.rgb.astype(np.float32) / 255 * np.float32(1 - darker)
        return Swap(rgb, source_mask=mask, target_mask=mask)

    def train_step(self, data, step, batch_size): ...
    def weights(self): ...
    def load_weights(self, weights): ...
    def optimizer_state(self): ...
    def load_optimizer_state(self, state): ...
    def lower_learning_rate(self, factor): ...


class Lower:
    """An aligner that sees the known face, lower by as much as the picture is dark, and none on black."""

    def align(self, frames, faces):
        return [
            [self._placed(frame, face) for face in found if frame.rgb.max()]
            for frame, found in zip(frames, faces, strict=True)
        ]

    def _placed(self, frame, face):
        # the box is drawn around the landmarks, so that they can be told from it
        low, high = LANDMARKS.min(axis=0), LANDMARKS.max(axis=0)
        scale = (face.box[2:] - face.box[:2]) / (high - low)
        points = (LANDMARKS - low) * scale + face.box[:2]
        return Face(face.box, 1.0, landmarks=(points + np.array([0, 255.0 - frame.rgb.max()])).astype(np.float32))


@pytest.fixture
def faces(portrait, middle):
    rgb = np.rint(portrait * 255).astype(np.uint8)
    rgb[0, 0] = 255
    crops = tuple(Crop(rgb, np.eye(2, 3), FaceType.FULL, LANDMARKS) for _ in range(20))
    return MeasuredFaces(crops, (middle,) * 20, ((0, 1), (1, 2)), is_held_out=True)


def test_a_perfect_model_has_perfect_measures(faces):
    model = Worsening()
    found = Measuring(faces, faces, looking_with(Lower()))(model)
    assert found.keys() == MEASURES.keys()
    for name, value in found.items():
        perfect = 1.0 if MEASURES[name].is_more_better else 0.0
        assert value == pytest.approx(perfect, abs=1e-3), name
    assert model.most == 16  # crops come in batches that any device takes


def test_a_darker_model_is_worse_by_as_much_as_its_pictures(faces):
    found = Measuring(faces, faces, looking_with(Lower()))(Worsening(darker=0.2, missed=12))
    assert found["haarpsi_source"] < found["haarpsi_target"] < 1.0  # the target's side is darkened half as much
    assert found["score"] == pytest.approx(1 - (found["haarpsi_source"] + found["haarpsi_target"]) / 2)
    assert found["ssim_source"] < found["ssim_target"] < 1.0
    assert found["color_source"] > found["color_target"] > 1.0
    assert found["mask_iou"] == pytest.approx(36 / 48)
    assert found["aligned"] == 1.0


def test_landmarks_are_compared_in_the_pixels_of_the_crop(faces):
    look = looking_with(Lower())
    dark = np.full((SIZE, SIZE, 3), (255 - 24) / 255, np.float32)
    (found,) = look([dark], [LANDMARKS])
    np.testing.assert_allclose(found - LANDMARKS, np.tile([0, 24 * SIZE / 256], (68, 1)), atol=0.01)
    assert look([dark * 0], [LANDMARKS]) == [None]


def test_what_cannot_be_measured_is_left_out(faces):
    class SwapsAlone:
        crop_spec = SPEC

        def swap(self, crops):
            return [Swap(np.zeros((48, 48, 3), np.float32)) for _ in crops]

    lone = MeasuredFaces(faces.crops, faces.masks, (), is_held_out=False)
    assert Measuring(None, lone)(SwapsAlone()) == {}
    found = Measuring(None, faces, lambda crops, about: [None] * len(crops))(SwapsAlone())
    assert found.keys() == {"flicker", "flicker_swap", "flicker_target"}


def stored(folder, count):
    random = np.random.default_rng(0)
    faces = [
        (random.integers(0, 255, (3, 16, 16), dtype=np.uint8), np.full((1, 16, 16), 255, np.uint8), np.full((68, 2), n))
        for n in range(count)
    ]
    save_arrays(folder, 16, count, ((rgb, mask, points.astype(np.float32)) for rgb, mask, points in faces))
    return faces


def numbers(found):
    return [int(crop.landmarks[0, 0]) for crop in found.crops]


def test_held_out_faces_come_in_whole_blocks_with_their_neighbours(tmp_path):
    folder = tmp_path / "held-target"
    faces = stored(folder, 50)
    places = [HeldFace(f"{n}.png", "clip", n + 100 * (n // 10) + (n >= 5), 1, []) for n in range(50)]
    write_held(folder, places)
    found = measured_faces(folder, CropSpec(FaceType.FULL, 16), is_held_out=True, most=25)
    assert numbers(found) == [*range(10), *range(40, 50)]
    # frame 5 is missing from the first block, and the blocks are far apart
    assert found.neighbours == tuple((n, n + 1) for n in range(19) if n not in {4, 9})
    np.testing.assert_array_equal(found.crops[3].rgb, faces[3][0].transpose(1, 2, 0))
    np.testing.assert_array_equal(found.masks[3], 1.0)


def test_faces_of_two_people_in_turn_have_their_own_neighbours(tmp_path):
    folder = tmp_path / "held-target"
    stored(folder, 10)
    write_held(folder, [HeldFace(f"{n}.png", "clip", n // 2, n % 2 - 1, []) for n in range(10)])
    found = measured_faces(folder, CropSpec(FaceType.FULL, 16), is_held_out=True)
    assert found.neighbours == ((1, 3), (3, 5), (5, 7), (7, 9))  # the others are on no track


def test_other_faces_are_spread_and_have_no_neighbours(tmp_path):
    stored(tmp_path / "target", 9)
    found = measured_faces(tmp_path / "target", CropSpec(FaceType.FULL, 16), is_held_out=False, most=5)
    assert numbers(found) == [0, 2, 4, 6, 8]
    assert found.neighbours == ()


def test_records_are_kept_by_step_and_a_torn_line_is_passed_over(tmp_path):
    write_quality(tmp_path, 100, 1.5, {"score": 0.5, "flicker": float("nan")})
    with (tmp_path / "quality.jsonl").open("a") as file:
        file.write('{"step": 200, "sco')
    write_quality(tmp_path, 200, 3.0, {"score": 0.25})
    table = read_quality(tmp_path)
    assert table.steps.tolist() == [100, 200]
    assert table.losses("minutes").tolist() == [1.5, 3.0]
    assert measures_at(table, 200) == {"score": 0.25}
    assert measures_at(table, 150) == {}


def test_a_disk_that_takes_no_measures_is_named(tmp_path):
    (tmp_path / "quality.jsonl").mkdir()
    with pytest.raises(StoreError, match=r"quality\.jsonl"):
        write_quality(tmp_path, 1, 0.0, {})


class Passing:
    """Stands for a clock, on which a minute passes at each look."""

    def __init__(self):
        self.now_s = 0.0

    def monotonic(self):
        self.now_s += 60.0
        return self.now_s


def test_watching_keeps_measures_with_the_minutes_of_learning(tmp_path, monkeypatch):
    monkeypatch.setattr("understudy.quality.watching.time", Passing())
    told = []
    watching = Watching(lambda model: {"score": model}, tmp_path, lambda step, found: told.append((step, found)))
    assert watching(0.5, 10) == {"score": 0.5}
    watching(0.25, 20)
    lines = [json.loads(line) for line in (tmp_path / "quality.jsonl").read_text().splitlines()]
    assert [(line["step"], line["minutes"], line["score"]) for line in lines] == [(10, 1, 0.5), (20, 2, 0.25)]
    assert told == [(10, {"score": 0.5}), (20, {"score": 0.25})]


def test_a_resumed_training_counts_its_minutes_on(tmp_path, monkeypatch):
    class Found:
        def __init__(self, folder):
            pass

        def peek(self):
            return type("State", (), {"step": 30})

    monkeypatch.setattr("understudy.quality.watching.time", Passing())
    monkeypatch.setattr("understudy.quality.watching.Checkpoints", Found)
    write_quality(tmp_path, 20, 4.0, {"score": 1.0})
    write_quality(tmp_path, 40, 9.0, {"score": 1.0})  # of a past that was given up
    watching = Watching(lambda model: {"score": 0.5}, tmp_path)
    watching(None, 40)
    table = read_quality(tmp_path)
    assert table.steps.tolist() == [20, 40]
    assert table.losses("minutes").tolist() == [4.0, 4.0 * 30 / 20 + 1]


def test_with_no_weights_for_the_aligner_landmarks_are_left_out_and_it_is_said_once(faces):
    from understudy.quality.watching import look_of
    from understudy_sdk.errors import MissingWeightsError

    class Chosen:
        built = 0

        def build(self, resources):
            self.built += 1
            raise MissingWeightsError("fan.pth", ["elsewhere"])

    class Said:
        lines = ()

        def say(self, text):
            self.lines = (*self.lines, text)

    aligner, said = Chosen(), Said()
    extract = type("Extract", (), {"aligner": aligner})
    swap = type("Swap", (), {"target": type("Target", (), {"extract": extract})})
    look = look_of(swap, None, said)
    for _ in range(2):
        assert look([faces.pictures[0]] * 3, [LANDMARKS] * 3) == [None] * 3
    assert aligner.built == 1
    (line,) = said.lines
    assert line.startswith("landmarks of swaps are not measured: the weight file 'fan.pth' is missing")
