"""Does a layer, laid over the source, give the merged clip within one code value?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk import ColorDescription
from understudy_sdk.linear_light import from_light, to_light

from .conftest import over_movie, picture_of, planes_from, planes_of, rgb_from, worst


def pictures(folder):
    return [picture_of(path) for path in sorted(folder.glob("*[0-9].*"))]


@pytest.mark.parametrize(("pixel_format", "bits"), [("yuv420p", 8), ("yuv422p10le", 10), ("yuv444p", 8)])
@pytest.mark.parametrize("alpha", ["straight", "premultiplied"])
def test_a_movie_over_the_source_is_the_merged_clip(project, blue, tmp_path, pixel_format, bits, alpha):
    source = planes_of(blue(pixel_format, size=(161, 121) if pixel_format == "yuv444p" else (160, 120)))
    result = project.run(f"{{kind: prores4444, alpha: {alpha}, path: '{{clip}}-{{swap}}.mov'}}")
    merged, layer = planes_of(result.outputs[0]), planes_of(tmp_path / "blue-1.mov")
    assert [time for time, _ in layer] == [time for time, _ in source]
    is_premultiplied = alpha == "premultiplied"
    for (_, under), (_, wanted), (_, over) in zip(source, merged, layer, strict=True):
        assert worst(over_movie(under, over, is_premultiplied=is_premultiplied, bits=bits), wanted) <= 1
    assert worst(layer[2][1][3:], [0.0]) == 0  # no face in that frame


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "gbrp10le"])
@pytest.mark.parametrize(
    ("kind", "alpha"), [("png16", "straight"), ("png16", "premultiplied"), ("exr", "premultiplied")]
)
def test_pictures_over_the_source_are_the_merged_clip(project, calm, tmp_path, pixel_format, kind, alpha):
    source = planes_of(calm(pixel_format))
    bits = 10 if "10" in pixel_format else 8
    result = project.run(f"{{kind: {kind}, alpha: {alpha}, path: layer}}")
    layer = pictures(tmp_path / "layer")
    assert len(layer) == len(source)
    for (_, under), (_, wanted), over in zip(source, planes_of(result.outputs[0]), layer, strict=True):
        is_rgb, top = pixel_format.startswith("gbr"), 1023
        rgb = np.stack(under, axis=2) / top if is_rgb else rgb_from(under, bits)
        share = over[..., 3:]
        laid = rgb * (1 - share) + over[..., :3] * (1 if alpha == "premultiplied" else share)
        found = list(np.rint(laid * top).transpose(2, 0, 1)) if is_rgb else planes_from(laid, under, bits)
        assert worst(found, wanted) <= 1


@pytest.mark.parametrize("kind", ["png16", "exr"])
def test_colours_beyond_rgb_are_kept_or_are_as_a_program_reads_them_that_cuts_them_off(project, blue, tmp_path, kind):
    source = planes_of(blue())
    result = project.run(f"{{kind: {kind}, alpha: premultiplied, path: layer}}")
    for (_, under), (_, wanted), over in zip(
        source, planes_of(result.outputs[0]), pictures(tmp_path / "layer"), strict=True
    ):
        assert rgb_from(wanted).min() < -0.01
        if kind == "exr":
            assert worst(planes_from(rgb_from(under) * (1 - over[..., 3:]) + over[..., :3], under), wanted) <= 1
        else:
            laid = np.clip(rgb_from(under), 0, 1) * (1 - over[..., 3:]) + over[..., :3]
            # rounding the merged clip's luma and blue difference moves RGB by half a step of each at most
            half_steps = 0.5 / 219 + 0.5 * 1.772 / 224
            assert np.abs(laid - np.clip(rgb_from(wanted), 0, 1)).max() < half_steps * 1.05


def test_a_linear_layer_is_laid_in_linear_light(project, blue, tmp_path):
    source = planes_of(blue("yuv420p"))
    result = project.run("{kind: exr, linear: true, path: layer}")
    color = ColorDescription(matrix=6, primaries=6, transfer=6)
    for (_, under), (_, wanted), over in zip(
        source, planes_of(result.outputs[0]), pictures(tmp_path / "layer"), strict=True
    ):
        light = to_light(rgb_from(under).astype(np.float32), color) * (1 - over[..., 3:]) + over[..., :3]
        assert worst(planes_from(from_light(light.astype(np.float32), color), under), wanted) <= 1


def test_the_second_swaps_layer_lies_over_the_first(project, blue, tmp_path):
    source = planes_of(blue("yuv420p"))
    result = project.run("{kind: prores4444, path: '{clip}-{swap}.mov'}", "output.label=ALTERED", swaps=2)
    first, second = planes_of(tmp_path / "blue-1.mov"), planes_of(tmp_path / "blue-2.mov")
    merged = planes_of(result.outputs[0])
    for (_, under), (_, wanted), (_, lower), (_, upper) in zip(source, merged, first, second, strict=True):
        assert worst(over_movie(over_movie(under, lower), upper), wanted) <= 1
    assert worst(over_movie(over_movie(source[0][1], second[0][1]), first[0][1]), merged[0][1]) > 5
    assert second[2][1][3].max() > 0  # the words stand in frames without a face, too
    assert first[2][1][3].max() == 0


def test_the_mask_alone_is_the_layers_alpha(project, blue, tmp_path):
    blue()
    project.run("{kind: prores4444, path: a.mov}")
    for (_, layer), (_, mask) in zip(planes_of(tmp_path / "a.mov"), planes_of(tmp_path / "a.mask.mov"), strict=True):
        assert np.abs((mask[0] / 4 - 64) / 876 - layer[3] / 4095).max() < 0.004
    for kind in ("png16", "exr"):
        project.run(f"{{kind: {kind}, path: {kind}}}")
        for layer, mask in zip(pictures(tmp_path / kind), pictures(tmp_path / f"{kind}.mask"), strict=True):
            assert np.array_equal(layer[..., 3], mask[..., 0])
