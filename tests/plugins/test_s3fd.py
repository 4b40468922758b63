"""Does S3FD compute what DeepFaceLab and face-alignment compute, and does its search find its way through frames?"""

from __future__ import annotations

import zlib
from fractions import Fraction

import numpy as np
import pytest
import skimage.data
import torch

from understudy_plugins.detector.s3fd import S3FDConfig
from understudy_plugins.detector.s3fd.decode import decode, suppress
from understudy_plugins.detector.s3fd.detector import S3FDDetector, choose_precision, search_side
from understudy_plugins.detector.s3fd.network import STRIDES_PX, S3FDNetwork, tensor_shapes
from understudy_plugins.detector.s3fd.weights import untrained_weights
from understudy_sdk import Frame, Resources, StageError
from understudy_sdk.testing.values import frozen, offline_cpu


def recipe(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Give the weights of a tensor that the golden numbers were made with; shape and name are DeepFaceLab's."""
    random = np.random.RandomState(zlib.crc32(name.encode()) & 0xFFFFFFFF)
    drawn = random.standard_normal(shape)
    fan = int(np.prod(shape[:-1])) if len(shape) > 1 else 1
    if name.endswith("/bias:0"):
        return (0.05 * drawn).astype(np.float32)
    return (drawn * np.sqrt(2.0 / fan) if fan > 1 else 1 + 0.1 * drawn).astype(np.float32)


def recipe_weights() -> dict[str, np.ndarray]:
    weights = {}
    for name, shape in tensor_shapes().items():
        foreign = name.replace(".", "/") + ":0"
        if len(shape) == 4:
            out, inside, height, width = shape
            weights[name] = recipe(foreign, (height, width, inside, out)).transpose(3, 2, 0, 1)
        elif name.endswith("_norm.weight"):
            weights[name] = recipe(foreign, (1, 1, 1, *shape)).reshape(shape)
        else:
            weights[name] = recipe(foreign, shape)
    return weights


def network_of(weights: dict[str, np.ndarray]) -> S3FDNetwork:
    network = S3FDNetwork()
    network.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    return network.requires_grad_(False)


@pytest.fixture(scope="module")
def weights():
    """Give drawn weights under which some tens of boxes lie in a picture, on all levels."""
    return untrained_weights(seed=5)


@pytest.fixture(scope="module")
def resources():
    return offline_cpu()


def detector_of(weights, resources, **settings) -> S3FDDetector:
    settings = {"min_size_px": 0, "extend_chin": 0, "precision": "float32", "search_size": 128} | settings
    return S3FDDetector(S3FDConfig(weights="untrained", **settings), weights, resources)


def frame_of(rgb: np.ndarray) -> Frame:
    return Frame(frozen(np.ascontiguousarray(rgb)), 0, Fraction(1, 25))


ASTRONAUT = skimage.data.astronaut()
PICTURES = {
    "wide": ASTRONAUT[40:232, 100:356],
    "tall": skimage.data.chelsea()[20:276, 120:280],
    "texture": skimage.data.coffee()[100:324, 100:356],
}


# -- the network


def test_has_the_published_networks_tensors():
    assert len(tensor_shapes()) == 65
    assert sum(int(np.prod(shape)) for shape in tensor_shapes().values()) == 22_459_110


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_computes_deepfacelabs_numbers(golden, layout):
    numbers = np.load(golden / "s3fd" / "s3fd.npz")
    network = network_of(recipe_weights()).to(memory_format=layout)
    rgb = numbers["s3fd_in_rgb"].astype(np.float32) - np.array([104, 117, 123], np.float32)
    levels = network(torch.from_numpy(rgb).permute(2, 0, 1)[None].contiguous(memory_format=layout))
    assert len(levels) == 6
    for level, (scores, offsets) in enumerate(levels):
        for kind, found in (("cls", scores), ("reg", offsets)):
            expected = numbers[f"s3fd_{kind}{level}"]
            difference = np.abs(found.permute(0, 2, 3, 1).numpy() - expected).max()
            assert difference < 1e-4 * expected.std(), (level, kind)


def test_decodes_deepfacelabs_boxes_exactly(golden):
    numbers = np.load(golden / "s3fd" / "s3fd.npz")
    maps = [numbers[f"refine_in{index}"][0] for index in range(12)]
    levels = [
        (maps[2 * level][..., 1], maps[2 * level + 1].transpose(2, 0, 1), stride)
        for level, stride in enumerate(STRIDES_PX)
    ]
    found = suppress(decode(levels, 0.5), 0.3)
    np.testing.assert_array_equal(np.trunc(found[:, :4]), numbers["refine_out_ltrb"])
    assert len(found) == 40


# -- against face-alignment's own detector


def face_alignment_boxes(weights, rgb: np.ndarray, min_score: float) -> np.ndarray:
    """Give what face-alignment finds with these weights: (N, 5), best score first."""
    pytest.importorskip("face_alignment", reason="face-alignment is not installed")
    from face_alignment.detection.sfd.bbox import nms
    from face_alignment.detection.sfd.detect import detect
    from face_alignment.detection.sfd.net_s3fd import s3fd

    network = s3fd()
    network.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    found = detect(network.eval(), rgb, "cpu")[0]
    found = found[nms(found, 0.3)]
    return found[found[:, 4] > min_score]


@pytest.mark.parametrize("name", PICTURES)
def test_finds_the_boxes_that_face_alignment_finds(weights, resources, name):
    rgb = PICTURES[name]
    (faces,) = detector_of(weights, resources, search_size=256).detect([frame_of(rgb)])
    expected = face_alignment_boxes(weights, rgb, 0.5)
    assert len(faces) == len(expected) >= 20
    boxes = np.array([face.box for face in faces])
    nearest = np.abs(expected[:, None, :4] - boxes[None]).max(axis=2).argmin(axis=1)
    assert len(set(nearest)) == len(expected)  # the order of equal scores is anybody's
    np.testing.assert_allclose(boxes[nearest], expected[:, :4], atol=1e-3)
    np.testing.assert_allclose([faces[index].score for index in nearest], expected[:, 4], atol=1e-5)


def test_swapped_channels_find_other_boxes(weights, resources):
    """The picture with red and blue swapped, searched as RGB, is the picture searched as BGR."""
    rgb = PICTURES["wide"]
    (right,) = detector_of(weights, resources).detect([frame_of(rgb)])
    (same,) = detector_of(weights, resources, channel_order="rgb").detect([frame_of(rgb[..., ::-1])])
    (other,) = detector_of(weights, resources, channel_order="rgb").detect([frame_of(rgb)])
    np.testing.assert_array_equal([face.box for face in right], [face.box for face in same])
    assert [face.score for face in right] != [face.score for face in other]


def all_boxes(detector, pictures) -> np.ndarray:
    """Give the boxes of all cells of some pictures of one size, (N, 5); overlapping ones among them.

    For where drawn weights are equally sure of two overlapping boxes, either may stay.
    """
    inputs = torch.from_numpy(np.stack([detector._to_network(rgb) for rgb in pictures])).to(detector._device)
    levels = detector._network(inputs.contiguous(memory_format=torch.channels_last))
    found = []
    for number in range(len(pictures)):
        maps = [(scores[number, 1].cpu().numpy(), offsets[number].cpu().numpy()) for scores, offsets in levels]
        found.append(decode([(*pair, px) for pair, px in zip(maps, STRIDES_PX, strict=True)], 0))
    return np.concatenate(found)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize(
    ("precision", "within_px", "within_share", "within_score"),
    [("bfloat16", 0.5, 0.01, 0.02), ("float16", 0.05, 0.002, 0.002)],
)
def test_16_bits_move_boxes_by_fractions_of_a_pixel(
    weights, resources, name, precision, within_px, within_share, within_score
):
    """Half a pixel, for boxes of more than 50 px a hundredth of their side; float16 less than that."""
    exact, rounded = (
        all_boxes(detector_of(weights, resources, search_size=256, precision=chosen), [PICTURES[name]])
        for chosen in ("float32", precision)
    )
    assert len(exact) > 3000
    moved = np.abs(rounded - exact)
    sides = (exact[:, 2:4] - exact[:, :2]).max(axis=1)
    assert moved[:, :4].max() > 0
    assert (moved[:, :4].max(axis=1) < np.maximum(within_px, within_share * sides)).all()
    assert moved[:, 4].max() < within_score


def test_float16_holds_features_beyond_its_range(weights, resources):
    """Features a hundred thousand times as large, in heads that divide by as much, change nothing."""
    factor = 100_000
    large = {**weights, "conv1_1.weight": weights["conv1_1.weight"] * factor}
    for name in weights:
        if "_mbox_" in name and name.endswith(".weight") and "_norm_" not in name:
            large[name] = weights[name] / factor
    detector = detector_of(large, resources, precision="float16")
    peaks = []
    for name in ("conv3_3", "conv5_3", "fc7"):
        layer = detector._network.get_submodule(name)
        layer.register_forward_hook(lambda _module, _inputs, output: peaks.append(16 * output.float().max()))
    rounded = all_boxes(detector, [PICTURES["wide"]])
    exact = all_boxes(detector_of(weights, resources), [PICTURES["wide"]])
    assert max(peaks) > 100_000  # float16 ends at 65 504
    np.testing.assert_allclose(rounded[:, :4], exact[:, :4], atol=0.3)


# -- the search


@pytest.mark.parametrize(
    ("setting", "size", "expected"),
    [
        ("auto", (1920, 1080), 640),
        ("auto", (1280, 720), 640),
        ("auto", (640, 1278), 639),
        ("auto", (640, 360), 320),
        ("auto", (100, 90), 64),
        (512, (1920, 1080), 512),
        (512, (200, 100), 512),
    ],
)
def test_search_size(setting, size, expected):
    assert search_side(setting, *size) == expected


def test_boxes_are_in_the_frames_pixels(weights, resources):
    """A frame of twofold pixels shows every box at twice the place and size."""
    small = ASTRONAUT[:128:2, :256:2]
    large = frame_of(small.repeat(2, axis=0).repeat(2, axis=1))
    detector = detector_of(weights, resources)
    (faces,) = detector.detect([frame_of(small)])
    halved = detector._search(detector._to_network(small)[None])[0]
    (doubled,) = detector.detect([large])
    assert len(faces) > 5
    np.testing.assert_allclose([face.box for face in faces], halved[:, :4], atol=1e-4)
    scaled = detector._search(detector._to_network(large.rgb)[None])[0]
    np.testing.assert_allclose([face.box for face in doubled], 2 * scaled[:, :4], atol=1e-3)


def test_odd_frames_lose_their_last_row_and_column(weights, resources):
    detector = detector_of(weights, resources)
    odd, even = detector.detect([frame_of(ASTRONAUT[:129, :161]), frame_of(ASTRONAUT[:128, :160])])
    assert len(odd) > 5
    np.testing.assert_array_equal([face.box for face in odd], [face.box for face in even])


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_search_finds_the_boxes_of_the_turned_picture(weights, resources, degrees):
    rgb = ASTRONAUT[:120, :160]
    turned = np.rot90(rgb, -degrees // 90)
    (upright,) = detector_of(weights, resources, extend_chin=0.1).detect([frame_of(rgb)])
    (back,) = detector_of(weights, resources, extend_chin=0.1, rotations=(degrees,)).detect(
        [frame_of(np.rot90(rgb, degrees // 90))]
    )
    assert turned.shape != rgb.shape or degrees == 180
    assert len(back) == len(upright) > 5
    width, height = (160, 120) if degrees == 180 else (120, 160)  # of the frame that was turned the other way
    for face, other in zip(back, upright, strict=True):
        x0, y0, x1, y1 = other.box
        corners = {
            90: (y0, height - x1, y1, height - x0),
            180: (width - x1, height - y1, width - x0, height - y0),
            270: (width - y1, x0, width - y0, x1),
        }[degrees]
        np.testing.assert_allclose(face.box, corners, atol=1e-3)


def test_further_turns_are_searched_only_where_nothing_was_found(weights, resources, monkeypatch):
    detector = detector_of(weights, resources, rotations=(0, 90, 270, 180), min_score=0.999)
    searched = []
    search = detector._search_all
    monkeypatch.setattr(detector, "_search_all", lambda pictures: searched.append(len(pictures)) or search(pictures))
    assert detector.detect([frame_of(ASTRONAUT[:64, :64])] * 2) == [[], []]
    assert searched == [2, 2, 2, 2]


def test_a_face_found_upright_is_not_searched_again(weights, resources, monkeypatch):
    detector = detector_of(weights, resources, rotations=(0, 90, 180))
    nobody, somebody = np.zeros((0, 5)), np.array([[1, 2, 3, 5, 0.9]])
    answers = iter([[nobody, somebody, nobody], [somebody, nobody], [nobody]])
    monkeypatch.setattr(detector, "_search_all", lambda pictures: next(answers))
    first, second, third = detector.detect([frame_of(ASTRONAUT[:64, :64])] * 3)
    np.testing.assert_array_equal(first[0].box, [2, 61, 5, 63])
    np.testing.assert_array_equal(second[0].box, [1, 2, 3, 5])
    assert third == []
    assert next(answers, None) is None


def test_settings_drop_faces(weights, resources):
    frame = frame_of(PICTURES["wide"])
    (faces,) = detector_of(weights, resources).detect([frame])
    sides = np.array([min(face.box[2:] - face.box[:2]) for face in faces])
    scores = np.array([face.score for face in faces])
    limit, least = float(np.median(sides)), float(np.median(scores))
    (large,) = detector_of(weights, resources, min_size_px=int(limit)).detect([frame])
    assert 0 < len(large) == (sides >= int(limit)).sum() < len(faces)
    (sure,) = detector_of(weights, resources, min_score=least).detect([frame])
    assert 0 < len(sure) == (scores >= least).sum() < len(faces)
    (apart,) = detector_of(weights, resources, iou=0.01).detect([frame])
    assert 0 < len(apart) < len(faces)
    assert detector_of(weights, resources, min_frame_px=200).detect([frame]) == [[]]


def test_whole_pixels_and_the_chin_follow_deepfacelab(weights, resources):
    frame = frame_of(ASTRONAUT[:256, :384])  # searched at a third
    (exact,) = detector_of(weights, resources).detect([frame])
    (whole,) = detector_of(weights, resources, whole_pixels=True, extend_chin=0.1).detect([frame])
    assert len(exact) == len(whole) > 10
    for one, other in zip(exact, whole, strict=True):
        left, top, right, bottom = (np.trunc(one.box.astype(np.float64) / 3 + 1e-9 * np.sign(one.box)) * 3).tolist()
        np.testing.assert_array_equal(other.box, [left, top, right, int(bottom + 0.1 * (bottom - top))])


def test_a_batch_is_its_frames_one_by_one(weights, resources):
    frames = [frame_of(ASTRONAUT[row : row + 96, :128]) for row in (0, 100, 200)]
    detector = detector_of(weights, resources)
    together = detector.detect(frames)
    assert min(len(faces) for faces in together) > 5
    for frame, faces in zip(frames, together, strict=True):
        (alone,) = detector.detect([frame])
        np.testing.assert_array_equal([face.box for face in faces], [face.box for face in alone])


def test_numbers_out_of_range_are_an_error(weights, resources):
    broken = {**weights, "fc7_mbox_loc.bias": np.full(4, np.inf, np.float32)}
    with pytest.raises(StageError, match="precision: float32"):
        detector_of(broken, resources).detect([frame_of(ASTRONAUT[:64, :64])])


def test_precision_is_what_was_asked_for():
    cpu = torch.device("cpu")
    assert choose_precision("float32", cpu) is torch.float32
    assert choose_precision("bfloat16", cpu) is torch.bfloat16
    assert choose_precision("float16", cpu) is torch.float16
    assert choose_precision("auto", torch.device("mps")) is torch.float32


@pytest.mark.parametrize("has_it", [True, False])
def test_auto_takes_bfloat16_where_the_processor_has_it(monkeypatch, has_it):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has_it)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    expected = torch.bfloat16 if has_it else torch.float32
    assert choose_precision("auto", torch.device("cpu")) is expected


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize(("precision", "tolerance_px"), [("float32", 0.05), ("bfloat16", 0.5), ("float16", 0.1)])
def test_a_gpu_finds_what_the_processor_finds(weights, resources, precision, tolerance_px):
    pictures = [PICTURES["wide"], PICTURES["wide"][:, ::-1]]
    device = Resources("cuda", resources.weights, resources.threads)
    on_gpu = detector_of(weights, device, search_size=256, precision=precision)
    exact = all_boxes(detector_of(weights, resources, search_size=256), pictures)
    moved = np.abs(all_boxes(on_gpu, pictures) - exact)[:, :4].max(axis=1)
    sides = (exact[:, 2:4] - exact[:, :2]).max(axis=1)
    assert (moved < np.maximum(tolerance_px, tolerance_px / 50 * sides)).all()
    assert all(len(faces) > 10 for faces in on_gpu.detect([frame_of(rgb) for rgb in pictures]))


@pytest.mark.weights
def test_finds_the_astronaut(released, astronaut):
    (faces,) = released("detector", "s3fd").detect([astronaut])
    assert len(faces) == 1
    x0, y0, x1, y1 = faces[0].box
    assert x0 < 200
    assert x1 > 240
    assert y0 < 100
    assert y1 > 140
