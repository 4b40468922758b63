"""Do mattes from an editor land where and when they belong, and does every mismatch say what to do?"""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from understudy_plugins.masker.external import ExternalConfig
from understudy_plugins.masker.external.masker import ExternalMasker
from understudy_sdk import ClipPosition, Crop, FaceType, StageError
from understudy_sdk.geometry import invert, transform_points
from understudy_sdk.testing.values import plain_crop, plain_landmarks

WIDTH, HEIGHT, SIZE = 160, 120, 64


def level_of(number):
    """The grey level of a matte: tells which one was used."""
    return 20 + 5 * number


def at_frame(frame, rate=25, clip="scene", size=(WIDTH, HEIGHT)):
    return ClipPosition(clip, Fraction(frame) / rate, frame, *size)


def crop_at(at, affine=None):
    affine = np.array([[1.0, 0.0, -40.0], [0.0, 1.0, -30.0]]) if affine is None else affine
    rgb = np.zeros((SIZE, SIZE, 3), np.uint8)
    return Crop(rgb, affine, FaceType.FULL, plain_landmarks(SIZE), at=at)


def masker(mattes, **settings):
    mattes = {name: str(path) for name, path in mattes.items()} if isinstance(mattes, dict) else str(mattes)
    return ExternalMasker(ExternalConfig(mattes=mattes, **settings), 1)


def number_seen(stage, at):
    """Which matte a masker takes for a moment."""
    values = stage.mask([crop_at(at)])[0].values
    assert values.min() == pytest.approx(values.max(), abs=0.02)
    return round((values.mean() * 255 - 20) / 5)


def write_sequence(folder, numbers, name="matte_{:04d}.png"):
    folder.mkdir()
    for number in numbers:
        grey = np.full((HEIGHT, WIDTH), level_of(number - numbers[0]), np.uint8)
        assert cv2.imwrite(str(folder / name.format(number)), grey)
    return folder


def write_clip(path, pictures, rate=25, codec="ffv1", pix_fmt="gray", options=None, shift=0):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="gray" if picture.ndim == 2 else "rgba")
            frame.pts, frame.time_base = number + shift, 1 / Fraction(rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def flat(count, size=(WIDTH, HEIGHT)):
    return [np.full(size[::-1], level_of(number), np.uint8) for number in range(count)]


class TestSequences:
    def test_pictures_are_matched_frame_by_frame_from_the_lowest_number(self, tmp_path):
        stage = masker(write_sequence(tmp_path / "m", range(1001, 1011)))
        assert [number_seen(stage, at_frame(frame)) for frame in (0, 4, 9, 2)] == [0, 4, 9, 2]

    def test_names_are_sorted_by_their_number_not_as_text(self, tmp_path):
        stage = masker(write_sequence(tmp_path / "m", range(8, 13), name="shot2_matte.{}.png"))
        assert [number_seen(stage, at_frame(frame)) for frame in range(5)] == list(range(5))

    def test_a_rate_matches_by_time(self, tmp_path):
        stage = masker(write_sequence(tmp_path / "m", range(12)), rate="24000/1001")
        rate = Fraction(24000, 1001)
        assert [number_seen(stage, at_frame(frame, rate)) for frame in range(12)] == list(range(12))
        double = masker(tmp_path / "m", rate="12")
        assert [number_seen(double, at_frame(frame, 24)) for frame in range(6)] == [0, 0, 1, 1, 2, 2]

    def test_start_number_and_offset_say_where_the_clip_begins(self, tmp_path):
        folder = write_sequence(tmp_path / "m", range(100, 110))
        assert number_seen(masker(folder, start_number=95), at_frame(8)) == 3
        assert number_seen(masker(folder, offset_frames=2), at_frame(3)) == 5
        assert number_seen(masker(folder, offset_frames=-2), at_frame(3)) == 1

    def test_a_gap_is_outside(self, tmp_path):
        folder = write_sequence(tmp_path / "m", range(10))
        (folder / "matte_0004.png").unlink()
        with pytest.raises(StageError, match=r"nothing for frame 4 .*0\.160 s.*number 4.*9 pictures"):
            number_seen(masker(folder), at_frame(4))
        assert number_seen(masker(folder, outside="hold"), at_frame(4)) == 3
        assert masker(folder, outside="empty").mask([crop_at(at_frame(4))])[0].values.max() == 0.0
        assert masker(folder, outside="full").mask([crop_at(at_frame(4))])[0].values.min() == 1.0
        assert number_seen(masker(folder, outside="hold", start_number=5, offset_frames=-9), at_frame(0)) == 0

    def test_two_sequences_in_a_folder_are_told_apart(self, tmp_path):
        folder = write_sequence(tmp_path / "m", range(3))
        cv2.imwrite(str(folder / "beauty_0001.png"), np.zeros((4, 4), np.uint8))
        with pytest.raises(StageError, match=r"more than one sequence: beauty_0001\.png and matte_0000\.png"):
            number_seen(masker(folder), at_frame(0))

    def test_other_files_do_not_matter_and_an_empty_folder_is_said(self, tmp_path):
        folder = write_sequence(tmp_path / "m", range(2))
        (folder / "notes1.txt").write_text("keep")
        (folder / "._matte_0001.png").write_bytes(b"")
        assert number_seen(masker(folder), at_frame(1)) == 1
        (tmp_path / "empty").mkdir()
        with pytest.raises(StageError, match="no numbered pictures"):
            number_seen(masker(tmp_path / "empty"), at_frame(0))

    def test_a_damaged_picture_is_named(self, tmp_path):
        folder = write_sequence(tmp_path / "m", range(3))
        (folder / "matte_0001.png").write_bytes(b"no picture")
        with pytest.raises(StageError, match=r"matte_0001\.png cannot be read"):
            number_seen(masker(folder), at_frame(1))

    def test_16_bits_and_alpha_count(self, tmp_path):
        folder = tmp_path / "m"
        folder.mkdir()
        deep = np.zeros((HEIGHT, WIDTH, 4), np.uint16)
        deep[..., :3], deep[..., 3] = 60_000, 12_345
        cv2.imwrite(str(folder / "a1.png"), deep)
        crop = crop_at(at_frame(0))
        (alpha,), (luma,) = masker(folder).mask([crop]), masker(folder, channel="luma").mask([crop])
        np.testing.assert_allclose(alpha.values, 12_345 / 65_535, atol=1e-4)
        np.testing.assert_allclose(luma.values, 60_000 / 65_535, atol=1 / 255)  # FFmpeg's way to grey is no finer


class TestClips:
    def test_frames_are_matched_in_any_order(self, tmp_path):
        """With a codec whose frames depend on each other, far enough apart that it seeks."""
        grey = [20 + number * 37 % 200 for number in range(200)]
        levels = [np.full((HEIGHT, WIDTH), level, np.uint8) for level in grey]
        path = write_clip(
            tmp_path / "m.mp4", levels, codec="libx264", pix_fmt="yuv420p", options={"crf": "4", "g": "30"}
        )
        stage = masker(path)
        for frame in (0, 1, 150, 151, 30, 29, 199, 100, 5, 70):
            values = stage.mask([crop_at(at_frame(frame))])[0].values
            assert values.mean() * 255 == pytest.approx(grey[frame], abs=2.0), frame

    @pytest.mark.parametrize(("rate", "container"), [(24, "nut"), (50, "mkv"), (Fraction(24000, 1001), "mkv")])
    def test_another_rate_is_matched_by_time(self, tmp_path, rate, container):
        stage = masker(write_clip(tmp_path / f"m.{container}", flat(30), rate))
        for frame in range(12):
            exact = Fraction(frame, 25) * rate
            number = number_seen(stage, at_frame(frame))
            assert exact - 1 < number <= exact + Fraction(1, 4)
        same = [number_seen(stage, at_frame(frame, rate)) for frame in range(30)]
        assert same == list(range(30))

    def test_time_counts_from_the_first_frame(self, tmp_path):
        stage = masker(write_clip(tmp_path / "m.mkv", flat(10), shift=50))
        assert [number_seen(stage, at_frame(frame)) for frame in (0, 7)] == [0, 7]

    def test_a_shorter_clip_is_said(self, tmp_path):
        path = write_clip(tmp_path / "m.mkv", flat(10))
        stage = masker(path)
        assert number_seen(stage, at_frame(9)) == 9
        with pytest.raises(
            StageError, match=r"frame 10 of the clip 'scene', at 0\.400 s.*has 10 frames and lasts 0\.400 s"
        ):
            number_seen(stage, at_frame(10))
        assert number_seen(masker(path, outside="hold"), at_frame(500)) == 9
        assert number_seen(masker(path, offset_frames=-5), at_frame(14)) == 9
        assert masker(path, outside="empty").mask([crop_at(at_frame(10))])[0].values.max() == 0.0

    @pytest.mark.parametrize(("codec", "pix_fmt"), [("qtrle", "argb"), ("prores_ks", "yuva444p10le")])
    def test_alpha_is_taken_where_there_is_some(self, tmp_path, codec, pix_fmt):
        rgba = np.full((HEIGHT, WIDTH, 4), 200, np.uint8)
        rgba[..., 0], rgba[..., 3] = 10, 100
        path = write_clip(tmp_path / "m.mov", [rgba] * 2, codec=codec, pix_fmt=pix_fmt)
        crop = crop_at(at_frame(1))
        seen = {
            channel: masker(path, channel=channel).mask([crop])[0].values.mean() for channel in ("auto", "red", "luma")
        }
        assert seen["auto"] * 255 == pytest.approx(100, abs=1)
        assert seen["red"] * 255 == pytest.approx(10, abs=2)
        assert seen["luma"] * 255 == pytest.approx(200 - 0.299 * 190, abs=3)

    def test_wanted_alpha_that_is_not_there_is_said(self, tmp_path):
        path = write_clip(tmp_path / "m.mkv", flat(2))
        with pytest.raises(StageError, match=r"has no alpha[\s\S]*channel: luma"):
            number_seen(masker(path, channel="alpha"), at_frame(0))

    def test_limited_range_reaches_black_and_white(self, tmp_path):
        picture = np.zeros((HEIGHT, WIDTH), np.uint8)
        picture[:, WIDTH // 2 :] = 255
        path = write_clip(tmp_path / "m.mp4", [picture], codec="libx264", pix_fmt="yuv420p", options={"crf": "1"})
        values = masker(path).mask([crop_at(at_frame(0))])[0].values
        assert values[:, :30].max() < 0.01
        assert values[:, 50:].min() > 0.99

    def test_a_file_that_is_no_clip_is_named(self, tmp_path):
        (tmp_path / "m.mov").write_bytes(b"no clip")
        with pytest.raises(StageError, match=r"m\.mov cannot be opened"):
            number_seen(masker(tmp_path / "m.mov"), at_frame(0))


class TestPlaces:
    @pytest.fixture
    def square(self):
        """A white square on black, and its corners in a frame of 160 x 120."""
        return np.array([[60.0, 40.0], [100.0, 40.0], [100.0, 80.0], [60.0, 80.0]])

    @pytest.mark.parametrize("factor", [0.25, 0.5, 1, 4])
    def test_a_matte_of_another_resolution_covers_the_same_place(self, tmp_path, square, factor):
        grey = np.zeros((int(HEIGHT * factor), int(WIDTH * factor)), np.uint8)
        grey[int(40 * factor) : int(80 * factor), int(60 * factor) : int(100 * factor)] = 255
        cv2.imwrite(str(tmp_path / "still.png"), grey)
        turn = np.array([[1.1, -0.4], [0.4, 1.1]])
        affine = np.column_stack([turn, (SIZE / 2, SIZE / 2) - turn @ (80.0, 60.0)])
        values = masker(tmp_path / "still.png").mask([crop_at(at_frame(3), affine)])[0].values
        row, column = np.mgrid[0:SIZE, 0:SIZE]
        x, y = transform_points(invert(affine), np.stack([column, row], axis=-1).reshape(-1, 2)).T.reshape(
            2, SIZE, SIZE
        )
        # pixel 60 is the first white one, so the square's edge lies at 59.5
        depth = np.minimum.reduce([x - 59.5, 99.5 - x, y - 39.5, 79.5 - y])
        soft = 1.0 / factor + 1.0
        assert values[depth > soft].min() > 0.99
        assert values[depth < -soft].max() < 0.01
        assert np.abs(values - np.clip(depth + 0.5, 0, 1)).mean() < 0.03 * soft

    def test_the_frames_edge_goes_on_beyond_it(self, tmp_path):
        cv2.imwrite(str(tmp_path / "still.png"), np.full((HEIGHT, WIDTH), 255, np.uint8))
        aside = np.array([[1.0, 0.0, 30.0], [0.0, 1.0, 500.0]])
        assert masker(tmp_path / "still.png").mask([crop_at(at_frame(0), aside)])[0].values.min() > 0.99

    def test_inverted(self, tmp_path):
        cv2.imwrite(str(tmp_path / "still.png"), np.full((HEIGHT, WIDTH), 51, np.uint8))
        values = masker(tmp_path / "still.png", invert=True).mask([crop_at(at_frame(0))])[0].values
        np.testing.assert_allclose(values, 0.8, atol=1e-3)

    def test_another_shape_is_refused(self, tmp_path):
        cv2.imwrite(str(tmp_path / "still.png"), np.zeros((HEIGHT, HEIGHT), np.uint8))
        with pytest.raises(StageError, match=r"120x120, but .* 160x120"):
            number_seen(masker(tmp_path / "still.png"), at_frame(0))


def test_every_clip_may_have_its_own(tmp_path):
    folders = {name: write_sequence(tmp_path / name, range(start, 20)) for name, start in (("one", 0), ("two", 10))}
    stage = masker(folders)
    assert number_seen(stage, at_frame(3, clip="one")) == 3
    assert number_seen(stage, at_frame(3, clip="two")) == 3
    with pytest.raises(StageError, match=r"for the clip 'three', only for: one, two[\s\S]*add three: PATH"):
        number_seen(stage, at_frame(3, clip="three"))


def test_without_mattes_the_whole_crop_is_taken():
    (mask,) = ExternalMasker(ExternalConfig(), 1).mask([plain_crop()])
    assert mask.values.min() == 1.0


def test_a_face_of_no_clip_is_refused(tmp_path):
    with pytest.raises(StageError, match="comes from no clip"):
        masker(write_sequence(tmp_path / "m", range(2))).mask([plain_crop()])


@pytest.mark.parametrize("rate", ["-25", "fast", "24/0"])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(ValidationError, match="24000/1001"):
        ExternalConfig(rate=rate)
