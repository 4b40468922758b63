"""Does AMP draw, measure and learn as its definition says?

Against a second, plain statement of it, layer by layer and term by term, that works on DeepFaceLab's arrays as they
are: names, shapes, BGR. The layers themselves are compared with DeepFaceLab's numbers by SAEHD's tests, which also
hold here: encoder and decoder are those of its ``-udt``.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch.func import functional_call

from understudy_plugins.model.amp.learner import Lesson
from understudy_plugins.model.amp.network import Morpher
from understudy_sdk.autoencoder.architecture import Architecture, Widths
from understudy_sdk.autoencoder.deepfacelab import array_shapes, to_weight_name
from understudy_sdk.autoencoder.network import Decoder, Encoder

OF_SOURCE = [[True, False] * 11, [False] * 11 + [True] * 11]
"""Which of the 22 channels each of two faces takes from the source's inter: 11 of them, as half of them is."""


class PlainAMP:
    """AMP on DeepFaceLab's arrays, pictures (B, 3, S, S) in BGR."""

    def __init__(self, arrays):
        self.weights = {
            f"{part}/{name}": torch.from_numpy(array).clone().requires_grad_(part in {"encoder", "decoder"})
            for part, rows in arrays.items()
            for name, array in rows.items()
        }

    def conv(self, x, stem, stride=1):
        kernel = self.weights[f"{stem}/weight:0"].permute(3, 2, 0, 1)
        return F.conv2d(x, kernel, self.weights[f"{stem}/bias:0"], stride, padding=kernel.shape[-1] // 2)

    def dense(self, x, stem):
        return x @ self.weights[f"{stem}/weight:0"] + self.weights[f"{stem}/bias:0"]

    def residual(self, x, stem):
        inner = self.conv(F.leaky_relu(self.conv(x, f"{stem}/conv1"), 0.2), f"{stem}/conv2")
        return F.leaky_relu(x + inner, 0.2)

    def up(self, x, stem):
        return unfold(F.leaky_relu(self.conv(x, f"{stem}/conv1"), 0.1))

    def encode(self, x):
        for i in range(1, 6):
            x = F.leaky_relu(self.conv(x, f"encoder/down{i}/conv1", 2), 0.1)
            x = self.residual(x, f"encoder/res{i}") if i in (1, 5) else x
        x = x.flatten(1)
        return self.dense(x * torch.rsqrt((x * x).mean(1, keepdim=True) + 1e-6), "encoder/dense1")

    def inter(self, code, part):
        return self.dense(code, f"{part}/dense2").view(len(code), 22, 2, 2)

    def decode(self, x):
        mask = x
        for i in range(4):
            x = self.residual(self.up(x, f"decoder/upscale{i}"), f"decoder/res{i}")
        for i in range(5):
            mask = self.up(mask, f"decoder/upscalem{i}")
        pixels = [self.conv(x, f"decoder/out_conv{i or ''}") for i in range(4)]
        return torch.sigmoid(unfold(torch.cat(pixels, 1))), torch.sigmoid(self.conv(mask, "decoder/out_convm"))

    def mixed(self, code, of_source):
        share = torch.tensor(of_source).float().view(-1, 22, 1, 1)
        return self.inter(code, "inter_src") * share + self.inter(code, "inter_dst") * (1 - share)


def unfold(x):
    """Turn four blocks of channels into squares of 2 x 2 pixels, a pixel at a time."""
    count = x.shape[1] // 4
    out = x.new_zeros(x.shape[0], count, 2 * x.shape[2], 2 * x.shape[3])
    for block in range(4):
        out[:, :, block // 2 :: 2, block % 2 :: 2] = x[:, block * count : (block + 1) * count]
    return out


def gaussian(x, sigma):
    taps = max(3, int(4 * sigma))
    taps += 1 - taps % 2
    line = torch.tensor([math.exp(-((i - taps // 2) ** 2) / (2 * sigma**2)) for i in range(taps)])
    kernel = torch.outer(line, line) / line.sum() ** 2
    return F.conv2d(x, kernel.expand(x.shape[1], 1, taps, taps), padding=taps // 2, groups=x.shape[1])


def dissimilarity(a, b, taps):
    line = torch.tensor([math.exp(-((i - (taps - 1) / 2) ** 2) / (2 * 1.5**2)) for i in range(taps)])
    kernel = (torch.outer(line, line) / line.sum() ** 2).expand(3, 1, taps, taps)

    def mean(x):
        return F.conv2d(x, kernel, groups=3)

    c1, c2 = 1e-4, 9e-4
    product, squares = mean(a) * mean(b), mean(a) ** 2 + mean(b) ** 2
    ssim = (2 * product + c1) / (squares + c1)
    ssim = ssim * (2 * (mean(a * b) - product) + c2) / (mean(a * a + b * b) - squares + c2)
    return ((1 - ssim.mean((2, 3))) / 2).mean(1)


def variation(x):
    """Compare along the second and third axis, as DeepFaceLab does."""
    return ((x[:, 1:] - x[:, :-1]) ** 2).sum((1, 2, 3)) + ((x[:, :, 1:] - x[:, :, :-1]) ** 2).sum((1, 2, 3))


def mean(x):
    return x.mean((1, 2, 3))


def blurred(mask):
    return gaussian(mask, 2).clamp(0, 0.5) * 2  # 64 // 32


def reference_loss(rgb, mask, side):
    true, true_mask, features = side
    weight = blurred(true_mask)
    a, b = true * weight, rgb * weight
    structure = 5 * dissimilarity(a, b, 5) + 5 * dissimilarity(a, b, 2)  # 64 / 11.6 and 64 / 23.2
    pixels = 10 * mean((a - b) ** 2) + 300 * mean((true * features - rgb * features).abs())
    return structure + pixels + 10 * mean((true_mask - mask) ** 2)


def bgr(x):
    return x.flip(1)


def side_of(samples):
    return bgr(samples.true.rgb), samples.true.mask, samples.features


def lesson_of(batch):
    return Lesson(*batch, torch.tensor(OF_SOURCE)[:, :, None, None])


class PlainTraining:
    """A step of AMP's training, term by term, and AdaBelief."""

    def __init__(self, arrays, judge=None, power=0.0):
        self.model, self.judge, self.power = PlainAMP(arrays), judge, power
        self.moving = {name: value for name, value in self.model.weights.items() if value.requires_grad}
        self.slots = {}
        self.judged = {}
        if judge is not None:
            self.judged = {name: value.detach().clone() for name, value in judge.named_parameters()}

    def draw(self, batch):
        source, target = batch
        model = self.model
        source_drawn = model.decode(model.mixed(model.encode(bgr(source.seen)), OF_SOURCE))
        target_drawn = model.decode(model.inter(model.encode(bgr(target.seen)), "inter_dst"))
        return source_drawn, target_drawn

    def judgement(self, rgb, label):
        logits = functional_call(self.judge, self.judged, bgr(rgb))
        wanted = [torch.full_like(x, label) for x in logits]
        return sum(
            F.binary_cross_entropy_with_logits(x, y, reduction="none").mean((1, 2, 3))
            for x, y in zip(logits, wanted, strict=True)
        )

    def losses(self, batch):
        """Return the losses of source and target, and the GAN's."""
        (source, source_mask), (target, target_mask) = self.draw(batch)
        sides = [side_of(samples) for samples in batch]
        source_loss = reference_loss(source, source_mask, sides[0])
        target_loss = reference_loss(target, target_mask, sides[1])
        outside = 1 - blurred(sides[1][1])
        target_loss = target_loss + 0.1 * mean((target * outside - sides[1][0] * outside) ** 2)
        target_loss = target_loss + 1e-6 * variation(target * outside)
        other = torch.zeros(len(source))
        if self.judge is not None:
            weights = [blurred(mask) for _, mask, _ in sides]
            fooled = [self.judgement(rgb * at, 1.0) for rgb, at in zip((source, target), weights, strict=True)]
            outside = 1 - weights[0]
            other = self.power * sum(fooled) + 1e-6 * variation(source)
            other = other + 0.02 * mean((source * outside - sides[0][0] * outside) ** 2)
        return source_loss, target_loss, other

    def step(self, batch):
        source, target, other = self.losses(batch)
        (source + target + other).sum().backward()
        self.move("autoencoder", self.moving)
        if self.judge is not None:
            self.teach(batch)
        return source.detach(), target.detach()

    def teach(self, batch):
        self.judged = {name: value.detach().clone().requires_grad_(True) for name, value in self.judged.items()}
        with torch.no_grad():
            drawn = [rgb for rgb, _ in self.draw(batch)]
        terms = []
        for rgb, samples in zip(drawn, batch, strict=True):
            true, mask, _ = side_of(samples)
            weight = blurred(mask)
            terms += [self.judgement(true * weight, 1.0), self.judgement(rgb * weight, 0.0)]
        (sum(terms) / 8).sum().backward()
        self.move("judge", self.judged)

    def move(self, who, parameters):
        with torch.no_grad():
            for name, value in parameters.items():
                mean_, square = self.slots.get((who, name), (torch.zeros_like(value), torch.zeros_like(value)))
                mean_ = 0.9 * mean_ + 0.1 * value.grad
                square = 0.999 * square + 0.001 * (value.grad - mean_) ** 2
                self.slots[who, name] = mean_, square
                value.sub_(5e-5 * mean_ / (square.sqrt() + 1e-6))
                value.grad = None


def theirs_of(name, plain):
    """Return a weight of the plain model by our name, with our axes; BGR is left."""
    part, _, rest = name.partition(".")
    value = plain.model.weights[f"{part}/{rest.replace('.', '/')}:0"].detach()
    return value.permute(3, 2, 0, 1) if value.ndim == 4 else value.T if value.ndim == 2 else value


def turned(name, value):
    """Return a weight of ours with its colours in their order."""
    if name == "encoder.down1.conv1.weight":
        return value.flip(1)
    return value.flip(0) if name.split(".")[1] in {"out_conv", "out_conv1", "out_conv2", "out_conv3"} else value


def assert_weights_equal(network, plain, atol):
    for name, value in network.named_parameters():
        torch.testing.assert_close(turned(name, value.detach()), theirs_of(name, plain), atol=atol, rtol=0, msg=name)


def test_pictures_and_masks_are_those_of_the_definition(new_learner, arrays, batch):
    network, plain = new_learner().network, PlainAMP(arrays)
    with torch.no_grad():
        for v, count in ((0.0, 0), (0.3, 6), (0.5, 11), (0.99, 21), (1.0, 22)):  # of 22 channels, rounded down
            code = network.encoder(batch[1].seen)
            rgb, mask = network.decoder(network.mixed(code, network.swap_channels(torch.tensor([v]))))
            first = [[channel < count for channel in range(22)]] * 2
            their_rgb, their_mask = plain.decode(plain.mixed(plain.encode(bgr(batch[1].seen)), first))
            torch.testing.assert_close(bgr(rgb), their_rgb, atol=2e-5, rtol=0)
            torch.testing.assert_close(mask, their_mask, atol=2e-5, rtol=0)
            assert rgb.std() > 0.05  # not flat


def test_losses_and_gradients_are_those_of_the_definition(new_learner, arrays, batch):
    learner, plain = new_learner(), PlainTraining(arrays)
    source, target, others = learner.losses(lesson_of(batch))
    their_source, their_target, _ = plain.losses(batch)
    assert others == []
    torch.testing.assert_close(source, their_source, rtol=1e-5, atol=0)
    torch.testing.assert_close(target, their_target, rtol=1e-5, atol=0)
    (source + target).sum().backward()
    (their_source + their_target).sum().backward()
    assert all(value.grad is None for inter in ("inter_src", "inter_dst")
               for value in learner.network.get_submodule(inter).parameters())  # fmt: skip
    for name, value in learner.network.named_parameters():
        if value.grad is not None:
            part, _, rest = name.partition(".")
            theirs = plain.model.weights[f"{part}/{rest.replace('.', '/')}:0"].grad
            assert value.grad.norm().item() == pytest.approx(theirs.norm().item(), rel=1e-4), name


@pytest.mark.parametrize("power", [0.0, 0.1])
def test_three_steps_are_those_of_the_definition(new_learner, arrays, batch, power):
    learner = new_learner(gan_power=power, gan_patch_size=8)
    judge = learner.adversaries["gan"].network if power else None
    plain = PlainTraining(arrays, judge, power)
    for step in (1, 2, 3):
        ours = learner.learn([lesson_of(batch)], step, 1.0)
        theirs = plain.step(batch)
        for side, loss in zip(("source", "target"), theirs, strict=True):
            torch.testing.assert_close(ours[side], loss, rtol=2e-5, atol=0)
    assert_weights_equal(learner.network, plain, 2e-6)  # three steps of up to 3e-4 each
    if judge is not None:
        for name, value in judge.named_parameters():
            torch.testing.assert_close(value.detach(), plain.judged[name].detach(), atol=2e-6, rtol=0, msg=name)


def test_names_and_shapes_follow_the_rule(shapes_of, sizes):
    default = {"resolution": 224, "ae_dims": 256, "inter_dims": 1024, "e_dims": 64, "d_dims": 64, "d_mask_dims": 22}
    for given in (default, sizes, {**default, "resolution": 320, "inter_dims": 800, "d_mask_dims": 48}):
        rule = shapes_of(**given)
        widths = Widths(given["ae_dims"], given["e_dims"], given["d_dims"], given["d_mask_dims"])
        with torch.device("meta"):
            network = Morpher(given["resolution"], widths, given["inter_dims"])
        ours = array_shapes(dict(network.named_parameters()))
        assert {part: dict(rows) for part, rows in ours.items()} == rule
        total = sum(int(np.prod(shape)) for rows in rule.values() for shape in rows.values())
        assert sum(value.numel() for value in network.parameters()) == total


def test_encoder_and_decoder_are_those_of_the_saved_udt_models(golden):
    """Compare with layers that SAEHD's tests prove with DeepFaceLab's own pictures."""
    shape = Architecture.parse("df-udt")
    with torch.device("meta"):
        network = Morpher(64, Widths(12, 4, 4, 2), 12)
    network.to_empty(device="cpu")
    encoder, decoder = Encoder(4, shape), Decoder(12, 4, 2, shape)
    taken = [network.encoder.load_state_dict(encoder.state_dict(), strict=False)]
    network.decoder.load_state_dict(decoder.state_dict())
    assert set(taken[0].missing_keys) == {"dense1.weight", "dense1.bias"}
    assert taken[0].unexpected_keys == []
    random = torch.Generator().manual_seed(1)
    pictures, codes = torch.rand(2, 3, 64, 64, generator=random), torch.rand(2, 12, 2, 2, generator=random)
    with torch.no_grad():
        network.encoder.dense1.weight.copy_(torch.eye(12, 128))  # the first features, as they are
        network.encoder.dense1.bias.zero_()
        torch.testing.assert_close(network.encoder(pictures), encoder(pictures)[:, :12], atol=1e-6, rtol=0)
        for ours, proven in zip(network.decoder(codes), decoder(codes), strict=True):
            torch.testing.assert_close(ours, proven, atol=0, rtol=0)


def test_weights_are_named_as_in_the_references_udt_models(golden, shapes_of):
    import json

    reference = json.loads((golden / "saehd" / "architectures.json").read_text())["df-udt"]
    sizes = {name: reference[name] for name in ("resolution", "ae_dims", "e_dims", "d_dims", "d_mask_dims")}
    rule = shapes_of(**sizes, inter_dims=sizes["ae_dims"])
    for part, theirs in (("encoder", "encoder"), ("decoder", "decoder_src")):
        expected = {to_weight_name(part, name): tuple(shape) for name, shape in reference["weights"][theirs]}
        ours = {to_weight_name(part, name): shape for name, shape in rule[part].items() if "dense1" not in name}
        assert ours == expected
