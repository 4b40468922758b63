"""Does SAEHD draw, measure and learn as the reference does, with the reference's own saved models?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy_plugins.model.saehd.losses import aim_at
from understudy_sdk.autoencoder.architecture import Architecture, Widths
from understudy_sdk.autoencoder.autoencoder import Autoencoder
from understudy_sdk.autoencoder.deepfacelab import to_array, to_weight_name

ARCHIS = ["liae-ud", "df-udt"]

OPTIONS = {
    "default": {},
    "no_masked_training": {"masked_training": False},
    "eyes_mouth_prio": {"eyes_mouth_priority": True},
    "blur_out_mask": {"blur_out_mask": True},
    "face_style_10": {"face_style_power": 10.0},
    "bg_style_10": {"background_style_power": 10.0},
    "rmsprop": {"optimizer": "rmsprop"},
    "clipgrad": {"clip_gradients": True},
    "no_random_warp": {"random_warp": False},
    "gan_0.1_p8": {"gan_power": 0.1, "gan_patch_size": 8},
    "true_face_0.1": {"true_face_power": 0.1},
}
"""The reference's options by the names of its variants, as settings."""

VARIANTS = [(archi, name) for archi in ARCHIS for name in OPTIONS if (archi, name) != ("liae-ud", "true_face_0.1")]


def rgb_of(bgr):
    return torch.from_numpy(np.ascontiguousarray(bgr[..., ::-1].transpose(0, 3, 1, 2)))


def mask_of(mask):
    return torch.from_numpy(np.ascontiguousarray(mask.transpose(0, 3, 1, 2)))


def gradients_of(learner, source, target):
    """Return the first step's gradients by name, without taking it."""
    config = learner._config
    losses = learner.losses(source, target, aim_at(source, config), aim_at(target, config))
    total = losses[0].sum() + losses[1].sum() + sum(loss.sum() for loss in losses[2])
    moving = {name: value for name, value in learner.network.named_parameters() if value.requires_grad}
    return dict(zip(moving, torch.autograd.grad(total, list(moving.values())), strict=True))


@pytest.mark.parametrize("archi", ARCHIS)
def test_saved_models_draw_the_reference_pictures(archi, new_learner, stored, batch):
    network, io = new_learner(archi).network, stored(f"{archi}/io.npz")
    with torch.no_grad():
        codes = network.codes(batch[0].seen, batch[1].seen)
        drawn = {
            "pred_src_src": network.source_decoder.picture(codes.source),
            "pred_dst_dst": network.target_decoder.picture(codes.target),
            "pred_dst_dstm": network.target_decoder.outline(codes.target),
            "pred_src_dst": network.source_decoder.picture(codes.swap),
            "pred_src_dstm": network.source_decoder.outline(codes.swap),
        }
        swap_code, target_code = network.swap_codes(batch[1].seen)
        source_code = network.source_code(batch[0].seen)
    for name, ours in drawn.items():
        theirs = rgb_of(io[name]) if io[name].shape[-1] == 3 else mask_of(io[name])
        torch.testing.assert_close(ours, theirs, atol=2e-6, rtol=0)
    for ours, theirs in ((swap_code, codes.swap), (target_code, codes.target), (source_code, codes.source)):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize("archi", ARCHIS)
def test_five_steps_equal_the_reference(archi, new_learner, stored, batch):
    reference, learner = stored(f"{archi}/train5.npz"), new_learner(archi)
    gradients = gradients_of(learner, *batch)
    assert {name.removeprefix("gradnorm.") for name in reference if name.startswith("gradnorm.")} == set(gradients)
    for name, gradient in gradients.items():
        assert gradient.norm().item() == pytest.approx(reference[f"gradnorm.{name}"], rel=2e-5)
        theirs = reference[f"grad.{name}"]
        np.testing.assert_allclose(some_of(name, gradient), theirs, atol=1e-4 * np.abs(theirs).max())
    before = {name: value.detach().clone() for name, value in learner.network.named_parameters()}
    for step in range(5):
        source, target = learner.learn([batch], step + 1, 1.0)
        np.testing.assert_allclose(source.numpy(), reference["src_loss"][step], rtol=1e-5)
        np.testing.assert_allclose(target.numpy(), reference["dst_loss"][step], rtol=1e-5)
    for name, value in learner.network.named_parameters():
        moved = some_of(name, value.detach() - before[name])
        theirs = reference[f"delta5.{name}"]
        assert np.linalg.norm(moved - theirs) < 0.01 * np.linalg.norm(theirs), name


def some_of(name, tensor):
    """Return the elements that the reference stored of an array."""
    flat = to_array(name, tensor).ravel()
    return flat[np.unique(np.linspace(0, flat.size - 1, min(48, flat.size)).astype(np.int64))]


@pytest.mark.parametrize(("archi", "variant"), VARIANTS, ids=str)
def test_every_option_gives_the_reference_losses_and_gradients(archi, variant, new_learner, stored, batch):
    reference = stored("loss_variants.json")[f"{archi}/{variant}"]
    learner = new_learner(archi, **OPTIONS[variant])
    gradients = gradients_of(learner, *batch)
    assert len(gradients) == reference["trainable"]
    norms = {name: gradient.norm().item() for name, gradient in gradients.items()}
    is_clipped = variant == "clipgrad"
    if is_clipped:
        whole = np.linalg.norm(list(norms.values()))
        norms = {name: norm / whole for name, norm in norms.items()}
    errors = np.array([abs(norm / reference["grad_norm"][name] - 1) for name, norm in norms.items()])
    if is_clipped:
        assert errors.max() < 5e-5
    else:
        # unless it clips, the reference lets some weights move while gradients are still being worked out: those of
        # layers nearer to the input then come out otherwise, from run to run
        assert (errors < 5e-5).sum() >= 18
        assert np.median(errors) < 5e-3
        assert errors.max() < 0.5
    for step, losses in enumerate(reference["steps"]):
        ours = torch.stack(learner.learn([batch], step + 1, 1.0)).numpy()
        is_exact = is_clipped or step == 0
        np.testing.assert_allclose(ours, losses, rtol=5e-6 if is_exact else 1e-3, err_msg=f"step {step}")


def test_weights_have_the_reference_names_shapes_and_counts(stored):
    for reference in stored("architectures.json").values():
        widths = Widths(*(reference[name] for name in ("ae_dims", "e_dims", "d_dims", "d_mask_dims")))
        with torch.device("meta"):
            network = Autoencoder(reference["resolution"], widths, Architecture.parse(reference["archi"]))
        assert sum(value.numel() for value in network.parameters()) == reference["total"]
        order = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}
        for part, rows in reference["weights"].items():
            theirs = {to_weight_name(part, name): tuple(shape[i] for i in order[len(shape)]) for name, shape in rows}
            ours = {
                f"{part}.{name}": tuple(value.shape) for name, value in network.get_submodule(part).named_parameters()
            }
            assert ours == theirs
