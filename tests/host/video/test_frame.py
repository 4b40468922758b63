"""Is a frame shown in its true colours, and changed under the mask and nowhere else?"""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from understudy.errors import MediaError
from understudy.video import ClipReader, probe
from understudy.video.codes import brightness_weights
from understudy.video.frame import DecodedFrame
from understudy.video.planes import layout_of, samples
from understudy_sdk import InvalidValueError, Layer

YCC = ["yuv420p", "yuv422p", "yuv444p", "yuv411p", "yuv440p", "yuv420p10le", "yuv422p10le", "yuv444p12le", "yuva420p"]
RAW = ["nv12", "yuyv422", "gray", "gray10le", "rgb24"]
RGB = ["bgr0", "gbrp", "gbrp10le", "bgra"]
CODECS = {"gbrp": "utvideo", **dict.fromkeys(RAW, "rawvideo")}


@pytest.fixture
def first_frame(make_clip):
    """Give a function that makes a lossless clip and returns its first frame."""
    readers = []

    def make(pixel_format: str = "yuv420p", **differences):
        codec = CODECS.get(pixel_format, "ffv1")
        time_base = Fraction(1, 25)
        recipe = {"codec": codec, "options": {}, "pixel_format": pixel_format, "count": 1, "time_base": time_base}
        path = make_clip("a.nut" if pixel_format in CODECS else "a.mkv", **{**recipe, **differences})
        assert probe(path).pixel_format == pixel_format
        readers.append(ClipReader(path))
        return next(iter(readers[-1].frames()))

    yield make
    for reader in readers:
        reader.close()


def flat_clip(path, values, *, pixel_format="yuv420p", tags=(1, 1, 1, 1), size=(64, 48), rotation=0):
    """Write one lossless frame of one colour, given as code values."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        stream.colorspace, stream.color_primaries, stream.color_trc, stream.color_range = tags
        if rotation:
            stream.set_display_rotation(rotation)
        picture = av.VideoFrame(*size, pixel_format)
        layout = layout_of(pixel_format)
        for channel, value in enumerate(values):
            samples(picture, layout, channel)[...] = value
        picture.pts = 0
        out.mux(stream.encode(picture))
        out.mux(stream.encode())
    return path


def soft_mask(height, width):
    """A disc in the middle with a soft edge; 0 in the corners and along the sides."""
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.clip((0.9 - np.hypot(rows, columns)) * 3, 0, 1).astype(np.float32)


@pytest.mark.parametrize(
    ("tags", "values", "rgb"),
    [
        # 8-bit limited codes of an orange of R 0.8, G 0.5, B 0.2, worked out by each standard's formula
        ((1, 1, 1, 1), (135, 87, 165), (0.8, 0.5, 0.2)),
        ((6, 6, 6, 1), (138, 83, 167), (0.8, 0.5, 0.2)),
        ((9, 9, 14, 1), (139, 85, 164), (0.8, 0.5, 0.2)),
        ((1, 1, 1, 2), (138, 81, 170), (0.8, 0.5, 0.2)),
    ],
)
def test_known_colours_by_matrix_and_range(tmp_path, tags, values, rgb):
    with ClipReader(flat_clip(tmp_path / "flat.mkv", values, tags=tags)) as reader:
        frame = next(iter(reader.frames()))
        assert np.abs(frame.region(0, 0, 64, 48).rgb - rgb).max() < 1.5 / 219  # the codes are rounded
        assert np.abs(frame.frame().rgb - np.multiply(rgb, 255)).max() <= 2.5


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "yuv444p", "yuv420p12le", "gbrp10le", "gray"])
@pytest.mark.parametrize("rotation", [0, 90])
def test_region_and_frame_agree_where_it_is_flat(tmp_path, pixel_format, rotation):
    depth = layout_of(pixel_format).depth
    values = [value << (depth - 8) for value in (120, 90, 160)][: 1 if pixel_format == "gray" else 3]
    path = flat_clip(tmp_path / "flat.mkv", values, pixel_format=pixel_format, rotation=rotation)
    with ClipReader(path) as reader:
        frame = next(iter(reader.frames()))
        assert np.abs(frame.frame().rgb / 255 - frame.region(0, 0, 48, 48).rgb[0, 0]).max() <= 2 / 255


def test_an_unstated_matrix_is_told_to_the_scaler_as_assumed(tmp_path):
    path = flat_clip(tmp_path / "hd.mkv", (63, 102, 240), tags=(2, 2, 2, 0), size=(1280, 16))
    with ClipReader(path) as reader:
        assert reader.info.color_is_assumed
        assert np.abs(next(iter(reader.frames())).frame().rgb[0, 0].astype(int) - (255, 0, 0)).max() <= 2


@pytest.mark.parametrize("size", [(96, 64), (95, 63)])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_regions_are_upright(make_clip, rotation, size):
    path = make_clip(codec="libx264", size=size, rotation=rotation, pixel_format="yuv444p", count=1)
    with ClipReader(path) as reader:
        frame = next(iter(reader.frames()))
        whole = frame.frame().rgb
        assert whole.shape == (reader.info.height, reader.info.width, 3)
        part = frame.region(10, 20, 40, 50)
        assert (part.x0, part.y0, part.rgb.shape) == (10, 20, (30, 30, 3))
        assert np.abs(part.rgb.clip(0, 1) * 255 - whole[20:50, 10:40]).max() < 4


def test_regions_are_clamped_and_grown_to_whole_chroma_samples(first_frame):
    frame = first_frame(size=(95, 63))
    part = frame.region(-5, 11, 200, 22)
    assert (part.x0, part.y0, part.rgb.shape) == (0, 10, (12, 95, 3))
    corner = frame.region(93, 61, 95, 63)
    assert (corner.x0, corner.y0, corner.rgb.shape) == (92, 60, (3, 3, 3))
    with pytest.raises(InvalidValueError, match="95 x 63"):
        frame.region(95, 0, 120, 10)


def test_a_region_is_the_same_cut_from_a_larger_one(first_frame):
    frame = first_frame()
    large, small = frame.region(0, 0, 96, 64), frame.region(20, 16, 60, 40)
    assert np.array_equal(large.rgb[16:40, 20:60], small.rgb)


@pytest.mark.parametrize("pixel_format", [*YCC, *RGB, *RAW])
def test_samples_change_under_the_mask_and_nowhere_else(first_frame, codes, pixel_format):
    frame = first_frame(pixel_format)
    before = [plane.copy() for plane in codes(frame.to_av())]
    region = frame.region(17, 9, 79, 55)
    height, width = region.rgb.shape[:2]
    mask = soft_mask(height, width)
    wanted = np.clip(region.rgb * 0.5 + 0.3, 0, 1).astype(np.float32)
    wanted[mask == 0] = np.nan  # means nothing there
    frame.lay(region, Layer(wanted, mask))
    after = codes(frame.to_av())
    layout = layout_of(pixel_format)
    covered = np.zeros((64, 96), bool)
    covered[region.y0 : region.y0 + height, region.x0 : region.x0 + width] = mask > 0
    for channel, (old, new) in enumerate(zip(before, after, strict=True)):
        down, across = (layout.sub_y, layout.sub_x) if channel and layout.model == "ycc" else (1, 1)
        grid = np.zeros(new.shape, bool)
        for row, column in np.argwhere(covered):
            grid[row // down, column // across] = True
        assert np.array_equal(old[~grid], new[~grid]), f"channel {channel} changed outside the mask"
        assert (old[grid] != new[grid]).mean() > 0.5, f"channel {channel} did not change inside"


@pytest.mark.parametrize(("pixel_format", "plane", "step"), [("yuva420p", 3, 1), ("bgra", 0, 4)])
def test_alpha_stays_as_it_is(first_frame, pixel_format, plane, step):
    frame = first_frame(pixel_format)

    def alpha():
        lines = frame.to_av().planes[plane]
        return np.frombuffer(lines, np.uint8).reshape(-1, lines.line_size)[:, step - 1 : 96 * step : step]

    alpha()[...] = 77
    region = frame.region(0, 0, 96, 64)
    frame.lay(region, Layer(np.ones_like(region.rgb), np.ones(region.rgb.shape[:2], np.float32)))
    assert (alpha() == 77).all()


def test_half_planar_ten_bits_change_like_planar_ones(first_frame, make_clip, codes):
    """What hardware decoders give; no encoder here writes it, so the frame is turned by FFmpeg."""
    planar = first_frame("yuv420p10le")
    info = dataclasses.replace(planar._info, pixel_format="p010le")
    half = DecodedFrame(planar.to_av().reformat(format="p010le"), info, 0, VideoReformatter())
    for frame in (planar, half):
        region = frame.region(10, 10, 70, 50)
        frame.lay(region, Layer(1 - region.rgb, soft_mask(*region.rgb.shape[:2])))
    assert all(np.array_equal(a, b) for a, b in zip(codes(planar.to_av()), codes(half.to_av()), strict=True))


@pytest.mark.parametrize("pixel_format", [*YCC, *RGB, *RAW])
@pytest.mark.parametrize("color_range", [1, 2])
def test_laying_the_region_itself_changes_nothing(first_frame, codes, pixel_format, color_range):
    frame = first_frame(pixel_format, tags=(1, 1, 1, color_range))
    before = [plane.copy() for plane in codes(frame.to_av())]
    region = frame.region(3, 3, 90, 60)
    frame.lay(region, Layer(region.rgb.copy(), np.ones(region.rgb.shape[:2], np.float32)))
    assert all(np.array_equal(old, new) for old, new in zip(before, codes(frame.to_av()), strict=True))


def test_not_even_samples_beyond_the_legal_range_change_without_reason(tmp_path, codes):
    with ClipReader(flat_clip(tmp_path / "extreme.mkv", (255, 0, 255))) as reader:
        frame = next(iter(reader.frames()))
        region = frame.region(0, 0, 64, 48)
        frame.lay(region, Layer(region.rgb.copy(), np.ones((48, 64), np.float32)))
        assert [set(plane.ravel().tolist()) for plane in codes(frame.to_av())] == [{255}, {0}, {255}]


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "yuv444p12le", "gbrp10le", "nv12", "rgb24"])
@pytest.mark.parametrize("rotation", [0, 90])
def test_the_blend_is_what_was_asked_for(first_frame, make_clip, pixel_format, rotation):
    """A smooth layer comes back from the frame as laid, to the rounding of its samples."""
    frame = first_frame(pixel_format, size=(95, 63), **({"rotation": 90} if rotation else {}))
    region = frame.region(5, 7, 60, 57)
    height, width = region.rgb.shape[:2]
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    wanted = np.stack([0.3 + 0.3 * rows, 0.7 - 0.3 * columns, 0.4 + 0.2 * rows * columns], 2).astype(np.float32)
    frame.lay(region, Layer(wanted, np.ones((height, width), np.float32)))
    again = frame.region(region.x0, region.y0, region.x0 + width, region.y0 + height)
    inner = (slice(4, -4), slice(4, -4))  # chroma at the hard edge mixes with what lies beyond
    levels = 220 << (layout_of(pixel_format).depth - 8)
    assert np.abs(again.rgb[inner] - wanted[inner]).max() < 2.5 / levels + (2e-3 if "20" in pixel_format else 1e-3)


def test_old_colours_leave_nothing_behind(tmp_path, codes):
    """Under a full mask, chroma becomes the layer's, whatever pattern lay there before."""
    path = tmp_path / "busy.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        picture = av.VideoFrame(64, 48, "yuv420p")
        layout = layout_of("yuv420p")
        random = np.random.default_rng(1)
        for channel in range(3):
            view = samples(picture, layout, channel)
            view[...] = random.integers(60, 190, view.shape)
        picture.pts = 0
        out.mux(stream.encode(picture))
        out.mux(stream.encode())
    with ClipReader(path) as reader:
        frame = next(iter(reader.frames()))
        region = frame.region(0, 0, 64, 48)
        frame.lay(region, Layer(np.full_like(region.rgb, 0.5), np.ones((48, 64), np.float32)))
        luma, blue, red = codes(frame.to_av())
        assert np.abs(luma.astype(int) - 126).max() <= 1
        assert set(blue.ravel().tolist()) | set(red.ravel().tolist()) <= {127, 128, 129}


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "gbrp", "gray", "nv12"])
def test_what_is_told_of_a_layer_is_what_it_did_to_the_samples(first_frame, codes, pixel_format):
    frame = first_frame(pixel_format)
    before = codes(frame.to_av())
    region = frame.region(9, 7, 40, 37)
    mask = np.zeros(region.rgb.shape[:2], np.float32)
    mask[3:20, 5:22] = np.linspace(0, 1, 17, dtype=np.float32)
    laying = frame.lay(region, Layer(1 - region.rgb, mask))
    after, top = codes(frame.to_av()), (1 << layout_of(pixel_format).depth) - 1
    for change, old, new in zip(laying.planes, before, after, strict=True):
        told = old.astype(np.float32)
        height, width = change.where.shape
        part = told[change.top : change.top + height, change.left : change.left + width]
        assert np.array_equal(part, change.before)
        part[change.where] = np.clip(np.rint(change.before + change.step), 0, top)[change.where]
        assert np.array_equal(told, new)


def test_a_second_layer_goes_over_the_first(first_frame):
    frame = first_frame("yuv444p")
    ones = np.ones((20, 20), np.float32)
    first = frame.region(10, 10, 30, 30)
    frame.lay(first, Layer(np.full((20, 20, 3), 0.2, np.float32), ones))
    second = frame.region(20, 10, 40, 30)
    assert np.abs(second.rgb[:, :10] - 0.2).max() < 0.01, "a region shows what was laid before"
    frame.lay(second, Layer(np.full((20, 20, 3), 0.8, np.float32), ones * 0.5))
    assert np.abs(frame.region(20, 10, 30, 30).rgb - 0.5).max() < 0.01
    assert np.abs(frame.region(10, 10, 20, 30).rgb - 0.2).max() < 0.01


def test_a_change_does_not_reach_frames_decoded_later(make_clip, codes):
    """The decoder goes on predicting from the frame it lent, so the change must be made on a copy."""
    path = make_clip(options={"preset": "fast", "crf": "30", "bf": "0"}, count=12)
    with ClipReader(path, threads=1) as reader:
        untouched = [[plane.copy() for plane in codes(frame.to_av())] for frame in reader.frames()]
        for frame, planes in zip(reader.frames(), untouched, strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(codes(frame.to_av()), planes, strict=True)), frame.index
            region = frame.region(0, 0, 96, 64)
            frame.lay(region, Layer(np.zeros_like(region.rgb), np.ones((64, 96), np.float32)))


def test_layers_that_do_not_fit_or_are_no_numbers_are_refused(first_frame):
    frame = first_frame()
    region = frame.region(0, 0, 32, 32)
    with pytest.raises(InvalidValueError, match="region's size"):
        frame.lay(region, Layer(np.zeros((16, 16, 3), np.float32), np.ones((16, 16), np.float32)))
    with pytest.raises(InvalidValueError, match="not a number"):
        frame.lay(region, Layer(np.full((32, 32, 3), np.nan, np.float32), np.ones((32, 32), np.float32)))


def test_formats_out_of_reach_can_be_seen_but_not_changed(make_clip, tmp_path):
    path = tmp_path / "bayer.nut"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("rawvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 16, "rgb565le"
        picture = av.VideoFrame(32, 16, "rgb565le")
        np.frombuffer(picture.planes[0], np.uint8)[:] = 255
        picture.pts = 0
        out.mux(stream.encode(picture))
        out.mux(stream.encode())
    with ClipReader(path) as reader:
        frame = next(iter(reader.frames()))
        assert frame.frame().rgb.min() >= 247
        with pytest.raises(MediaError, match="rgb565le"):
            frame.region(0, 0, 8, 8)


def test_a_frame_for_encoding_has_the_clips_time_and_tags(make_clip):
    path = make_clip(tags=(9, 9, 16, 1), rotation=90, pixel_format="yuv420p10le")
    with ClipReader(path) as reader:
        frame = next(iter(reader.frames(3, 4)))
        picture = frame.to_av()
    assert (picture.width, picture.height) == (96, 64)
    assert (picture.pts, picture.time_base, picture.pict_type) == (3 * 512, Fraction(1, 12800), 0)
    assert (picture.colorspace, picture.color_primaries, picture.color_trc, picture.color_range) == (9, 9, 16, 1)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "yuv444p12le", "gbrp10le", "gray", "nv12"])
@pytest.mark.parametrize("rotation", [0, 90, 180])
@pytest.mark.parametrize("matrix", [1, 6, 9])
def test_brightness_is_that_of_the_regions_colours_by_the_clips_own_weights(
    first_frame, pixel_format, rotation, matrix
):
    turned = {"rotation": rotation} if rotation else {}
    frame = first_frame(pixel_format, size=(95, 63), tags=(matrix, 1, 1, 1), **turned)
    region = frame.region(5, 7, 40, 37)
    found, weights = frame.brightness(*region.box), np.array(brightness_weights(region.color), np.float32)
    assert found.shape == region.rgb.shape[:2]
    np.testing.assert_allclose(found, region.rgb @ weights, atol=1e-4)


@pytest.mark.parametrize("pixel_format", [*YCC, *RGB, *RAW])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_layer_cut_to_its_mask_changes_the_same_samples(make_clip, codes, pixel_format, rotation):
    """Whatever lies around the mask, at each of the frame's edges, wherever the cut falls on the grid of the chroma."""
    if rotation and pixel_format in RAW:
        pytest.skip("a raw clip says nothing of a turn")
    recipe = {"codec": CODECS.get(pixel_format, "ffv1"), "options": {}, "pixel_format": pixel_format, "count": 1}
    path = make_clip("a.nut" if pixel_format in CODECS else "a.mkv", size=(95, 63), time_base=Fraction(1, 25),
                     **recipe, **({"rotation": rotation} if rotation else {}))  # fmt: skip
    with ClipReader(path) as reader:
        width, height = reader.info.width, reader.info.height
        middle = width // 2 - 9, height // 2 - 10
        for x, y in (middle, (0, middle[1]), (width - 20, middle[1]), (middle[0], 0), (middle[0], height - 21)):
            found = []
            for is_cut in (False, True):
                frame = next(iter(reader.frames()))
                region = frame.region(0, 0, width, height)
                mask = np.zeros((height, width), np.float32)
                mask[y : y + 21, x : x + 20] = np.linspace(0.1, 1, 420).reshape(21, 20)
                layer, box = Layer((1 - region.rgb).astype(np.float32), mask), (x, y, x + 20, y + 21)
                frame.lay(region.part(*box), layer.part(*box)) if is_cut else frame.lay(region, layer)
                found.append([plane.copy() for plane in codes(frame.to_av())])
            assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True)), (x, y)
