"""Is dlib's file read as it is written, and does the network do what dlib's does?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy_plugins.recognizer.dlib.network import LAYERS, FaceNet, load_parameters
from understudy_plugins.recognizer.dlib.reading import read_parameters
from understudy_plugins.recognizer.dlib.recognizer import align
from understudy_sdk import Crop, FaceType, StageError
from understudy_sdk.landmarks import TEMPLATE


def integer(value):
    count = max(1, (value.bit_length() + 7) // 8)
    return bytes([count]) + value.to_bytes(count, "little")


def layer(name, values, *lengths, before=()):
    """Write a layer as dlib does: its name, what stands before, a tensor, and some empty ones after it."""
    head = integer(len(name)) + name.encode() + b"".join(map(integer, before))
    shape = b"".join(map(integer, (2, *lengths, *(1,) * (4 - len(lengths)))))
    return head + shape + np.asarray(values, "<f4").tobytes() + b"110" + (integer(2) + 4 * integer(0)) * 3


CONV, SCALE, FULL = np.arange(300) / 7, [1.5, -2.0], np.arange(6) / 3
FILE = (
    b"\x01\x01\x01\x0dloss_metric_2" + bytes(range(1, 40)) + b"\x01\x15input_rgb_image_sized"
    + layer("con_4", CONV, 300) + layer("affine_", SCALE, 2) + layer("relu_", [])
    + layer("fc_2", FULL, 2, 3, before=(3, 2))
)  # fmt: skip


def test_layers_that_learn_are_read_in_their_order():
    found = read_parameters(FILE, ("con_4", "affine_", "fc_2"))
    for values, written in zip(found, (CONV, SCALE, FULL), strict=True):
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, np.asarray(written, np.float32))


@pytest.mark.parametrize(
    ("content", "layers", "message"),
    [
        (FILE, ("con_4", "con_4"), "no layer 2 called 'con_4'"),
        (b"", ("con_4",), "no layer 1"),
        (FILE[:400], ("con_4",), "cut short"),
        (FILE.replace(b"\x07affine_\x01\x02", b"\x07affine_\x01\x03"), ("con_4", "affine_"), "version 3"),
        (FILE.replace(b"\x07affine_\x01\x02", b"\x07affine_\x81\x02"), ("affine_",), "no number at byte"),
    ],
)
def test_a_wrong_file_is_said(content, layers, message):
    with pytest.raises(StageError, match=message):
        read_parameters(content, layers)


def some_parameters(seed=0):
    """Return arrays of the sizes that the network wants."""
    random, network = np.random.default_rng(seed), FaceNet()
    convolutions = [module for module in network.modules() if isinstance(module, torch.nn.Conv2d)]
    arrays = []
    for convolution in convolutions:
        inputs = convolution.weight[0].numel()
        size = convolution.weight.numel() + convolution.out_channels
        arrays.append(random.normal(size=size).astype(np.float32) / np.float32(np.sqrt(inputs)))
        arrays.append(random.uniform(0.5, 1.5, 2 * convolution.out_channels).astype(np.float32))
    return [*arrays, random.normal(size=128 * 256).astype(np.float32)]


def test_the_network_has_the_layers_that_the_file_names():
    assert len(some_parameters()) == len(LAYERS) == 59


def test_folded_scales_give_what_a_layer_after_the_other_gives():
    network, parameters = FaceNet(), some_parameters()
    load_parameters(network, parameters)
    picture = torch.from_numpy(np.random.default_rng(1).uniform(0, 255, (1, 3, 150, 150)).astype(np.float32))
    first, scale = parameters[0], torch.from_numpy(parameters[1])
    filters, shift = torch.from_numpy(first[:-32].reshape(32, 3, 7, 7)), torch.from_numpy(first[-32:])
    centred = (picture - network.mean) / 256
    plain = torch.nn.functional.conv2d(centred, filters, shift, stride=2)
    expected = plain * scale[:32].reshape(1, -1, 1, 1) + scale[32:].reshape(1, -1, 1, 1)
    torch.testing.assert_close(network.stem(centred), expected, atol=1e-4, rtol=1e-4)
    assert network(picture).shape == (1, 128)


def test_the_last_layer_reads_inputs_by_row():
    network, parameters = FaceNet(), some_parameters()
    load_parameters(network, parameters)
    unit = torch.eye(256)[5:6]
    np.testing.assert_array_equal(network.head(unit).detach().numpy()[0], parameters[-1].reshape(256, 128)[5])


def test_a_shortcut_that_is_larger_or_narrower_counts_as_zero_where_it_is_not():
    """8 px at stride 2: three rows are learnt, four come through the shortcut; half the channels are new."""
    block = FaceNet().blocks[3]
    with torch.no_grad():
        for convolution in (block.first, block.second):
            convolution.weight.zero_()
            convolution.bias.zero_()
        block.second.bias.fill_(5.0)
        answer = block(torch.full((1, 32, 8, 8), 2.0))
    assert answer.shape == (1, 64, 4, 4)
    assert (answer[0, :32, :3, :3] == 7).all()
    assert (answer[0, :32, 3] == 2).all()
    assert (answer[0, 32:, :3, :3] == 5).all()
    assert (answer[0, 32:, 3] == 0).all()


def test_a_layer_of_another_size_is_said():
    with pytest.raises(StageError, match="a layer of 10 numbers, not"):
        load_parameters(FaceNet(), [np.zeros(10, np.float32)] * 59)


def test_faces_are_aligned_with_a_quarter_around_them():
    """A crop whose mean face fills the middle 100 of 150 px is taken as it is."""
    landmarks = np.concatenate([np.zeros((17, 2)), TEMPLATE * 100 + 25]).astype(np.float32)
    rgb = np.random.default_rng(0).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    aligned = align(Crop(rgb, np.eye(2, 3), FaceType.FULL, landmarks))
    assert np.abs(aligned.astype(int) - rgb).max() <= 1
