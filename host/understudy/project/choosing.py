"""Which plugin does each stage of a project name, and are the settings right by that plugin's own model?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from understudy.errors import PluginFailedError
from understudy.plugin_record import PluginRecord
from understudy.plugins import Offer, Registry, blaming
from understudy_sdk import CHANGEABLE, INPUT_PATH, FaceType, StageConfig

from .chosen import Chosen, expanded, marked_fields
from .form import EXTRACT_DEFAULTS
from .keying import keyframe_problems, model_problems, validate_keyframes
from .layers import Layer, Settings, laid_over
from .meaning import meant
from .paid_work import PAID, paid_work_faults
from .places import Loc, Problem
from .raw import items_at, mapping_at
from .wording import problems_of

__all__ = ["EXTRACT_STAGES", "Choices", "choose_stages"]

EXTRACT_STAGES: Final = ("detector", "aligner", "masker")
"""Those that every faceset from clips needs."""

_OF_LEARNING: Final = ("iterations", "schedule", "start_from", "use_step", "training")
"""Keys of a model that mean nothing to one that needs no training."""

Choices = dict[Loc, Chosen]
"""By the place of the stage: ``("facesets", "anna", "masker", 0)``, ``("swaps", 0, "ranges", 1)``.

Under ``("swaps", 0, "keyframes", 2)`` stands the merger with the settings that hold at that keyframe.
"""


def choose_stages(
    data: object, registry: Registry, root: Path, record: PluginRecord | None = None
) -> tuple[Choices, list[Problem]]:
    """Look up and validate the choice of every stage in a project's data, whatever else is wrong with it.

    ``root`` is the project's folder, where paths in settings start; ``record`` knows how plugins were at its last run.
    """
    is_paid = isinstance(data, dict) and data.get("licence") == PAID
    chooser = _Chooser(registry, root, record or PluginRecord(root / "none"), is_paid=is_paid)
    defaults = mapping_at(data, "extract")
    for stage in (*EXTRACT_STAGES, "recognizer"):
        if isinstance(defaults.get(stage), dict) and "use" in defaults[stage]:
            chooser.choose(stage, ("extract", stage), [(("extract", stage), defaults[stage])])
    for name, faceset in mapping_at(data, "facesets").items():
        chooser.choose_extraction(name, defaults, mapping_at(faceset, "extract"))
        if "faces" not in (faceset if isinstance(faceset, dict) else {}):
            chooser.check_extraction(name, defaults, mapping_at(faceset, "extract"))
    for index, swap in enumerate(items_at(data, "swaps")):
        here = ("swaps", index)
        merger = ((*here, "merger"), mapping_at(swap, "merger"))
        chooser.choose("model", (*here, "model"), [((*here, "model"), mapping_at(swap, "model"))])
        chooser.check_learning((*here, "model"), mapping_at(swap, "model"))
        chooser.choose_changes((*here, "model"), mapping_at(swap, "model"))
        chooser.choose("masker", (*here, "mask_swaps"), [((*here, "mask_swaps"), mapping_at(swap, "mask_swaps"))])
        chooser.check_mask_swaps(here, swap)
        chooser.choose("enhancer", (*here, "enhancer"), [((*here, "enhancer"), mapping_at(swap, "enhancer"))])
        chooser.choose("merger", (*here, "merger"), [merger])
        chooser.choose_keyframes(here, swap, [merger])
        chooser.choose_model_keyframes(here, swap)
        for number, part in enumerate(items_at(swap, "ranges")):
            at = (*here, "ranges", number)
            layers = [merger, ((*at, "merger"), mapping_at(part, "merger"))]
            chooser.choose("merger", at, layers)
            chooser.choose_keyframes(at, part, layers)
        chooser.check_predicted_masks(here)
    return chooser.choices, chooser.problems


class _Chooser:
    """Makes choices and keeps what is wrong with them."""

    def __init__(self, registry: Registry, root: Path, record: PluginRecord, *, is_paid: bool) -> None:
        self.registry = registry
        self.record = record
        self.is_paid = is_paid
        self.root = root
        self.choices: Choices = {}
        self.problems: list[Problem] = []

    def choose(self, stage: str, key: Loc, layers: Sequence[Layer]) -> bool:
        """Lay the layers over each other and validate the result; tell whether a plugin was named."""
        laid = laid_over(layers)
        if laid is None:
            return True  # of the wrong shape, which the first pass reports
        use, by, settings = laid
        if use is None:
            return False
        offer = meant(self.registry, stage, use, by)
        if isinstance(offer, Problem):
            self._note(offer.loc, offer.text)
            return True
        self._validate(key, offer, (*use[0][:-1], "with"), settings)
        if self.is_paid and key in self.choices and key[0] != "extract":  # what no faceset uses is not refused
            self._check_paid_work(use[0], self.choices[key])
        return True

    def _check_paid_work(self, loc: Loc, chosen: Chosen) -> None:
        """Note what must not be used where somebody pays."""
        try:
            for text in paid_work_faults(chosen.offer, chosen.config):
                self._note(loc, text)
        except PluginFailedError as error:
            self._note(loc, str(error).splitlines()[0])

    def choose_keyframes(self, loc: Loc, node: object, layers: Sequence[Layer]) -> None:
        """Check the keyframes of a swap or a range, whose merger stands in layers."""
        self.problems += keyframe_problems(loc, node)
        use, by, settings = laid_over(layers) or (None, None, {})
        offer = meant(self.registry, "merger", use, by) if use else None
        if isinstance(offer, Offer):
            validate_keyframes(loc, node, offer, settings, self._validate)

    def choose_model_keyframes(self, loc: Loc, swap: object) -> None:
        """Check what keyframes say of the model."""
        model = self.choices.get((*loc, "model"))
        if model is None:
            return
        _, _, settings = laid_over([((*loc, "model"), mapping_at(swap, "model"))]) or (None, None, {})
        validate_keyframes(loc, swap, model.offer, settings, self._validate)
        self.problems += model_problems(loc, swap, model.offer, is_range=False)
        for number, part in enumerate(items_at(swap, "ranges")):
            self.problems += model_problems((*loc, "ranges", number), part, model.offer, is_range=True)

    def choose_extraction(self, name: str, defaults: dict[str, Any], own: dict[str, Any]) -> None:
        """Choose the stages that find a faceset's faces."""
        for stage in (*EXTRACT_STAGES, "recognizer"):
            layers: list[Layer] = [
                (("extract", stage), defaults.get(stage)),
                (("facesets", name, "extract", stage), own.get(stage)),
            ]
            if stage == "masker":
                self._choose_maskers(("facesets", name, stage), layers)
            elif not self.choose(stage, ("facesets", name, stage), layers) and stage in EXTRACT_STAGES:
                self.miss(stage)

    def _choose_maskers(self, key: Loc, layers: Sequence[Layer]) -> None:
        """Choose one masker from both layers, or several from the upper layer that names some."""
        loc, node = next((layer for layer in reversed(layers) if layer[1] is not None), layers[0])
        parts = items_at(node, "of")
        for number, part in enumerate(parts):
            self.choose("masker", (*key, number), [((*loc, "of", number), part)])
        plain = [(where, what) for where, what in layers if not items_at(what, "of")]
        if not parts and not self.choose("masker", (*key, 0), plain):
            self.miss("masker")

    def check_extraction(self, name: str, defaults: dict[str, Any], own: dict[str, Any]) -> None:
        """Note what the chosen aligner cannot do that a faceset's other choices need."""
        aligner = self.choices.get(("facesets", name, "aligner"))
        if aligner is None:
            return
        layers = ((("facesets", name, "extract"), own), (("extract",), defaults))
        stated = {key: ((*loc, key), node[key]) for loc, node in reversed(layers) for key in node}
        loc, every = stated.get("detect_every", ((), 1))
        if every != 1 and not aligner.offer.spec.follows:
            self._note(loc, f"must be 1: the aligner {aligner.name!r} does not follow faces from frame to frame")
        if aligner.offer.spec.gives_mesh:
            return
        loc, face_type = stated.get("face_type", ((), EXTRACT_DEFAULTS["face_type"]))
        if face_type == FaceType.MESH:
            self._note(loc, f"must be another: the aligner {aligner.name!r} gives no dense mesh")
        for key, chosen in list(self.choices.items()):
            if key[:3] == ("facesets", name, "masker") and chosen.offer.spec.needs_mesh:
                text = f"{chosen.name!r} needs a dense mesh, which the aligner {aligner.name!r} does not give"
                self._note(stated["masker"][0] if "masker" in stated else ("extract", "masker"), text)

    def check_predicted_masks(self, loc: Loc) -> None:
        """Note mergers that need a mask of the face the model draws, where nothing makes one."""
        if (*loc, "mask_swaps") in self.choices:
            return
        for key, chosen in list(self.choices.items()):
            if key[: len(loc)] == loc and chosen.stage == "merger" and chosen.config.needs_predicted_mask:
                place = key if key[-1] == "merger" else (*key, "merger")
                text = f"{chosen.name!r} needs a mask of the face that the model draws; add mask_swaps: {{use: NAME}}"
                self._note(place, text)

    def check_mask_swaps(self, loc: Loc, swap: object) -> None:
        """Note a masker of swaps that needs a mesh, where the target's aligner gives none."""
        chosen = self.choices.get((*loc, "mask_swaps"))
        target = swap.get("target") if isinstance(swap, dict) else None
        aligner = self.choices.get(("facesets", str(target), "aligner"))
        if chosen is None or aligner is None or not chosen.offer.spec.needs_mesh or aligner.offer.spec.gives_mesh:
            return
        text = f"{chosen.name!r} needs a dense mesh, which the aligner {aligner.name!r} does not give"
        self._note((*loc, "mask_swaps"), text)

    def _note(self, loc: Loc, text: str) -> None:
        problem = Problem(loc, text)
        if problem not in self.problems:
            self.problems.append(problem)

    def miss(self, stage: str) -> None:
        """Note that neither a faceset nor the project's defaults name a plugin for a stage."""
        offered = ", ".join(self.registry.offers(stage)) or "none"
        self.problems.append(Problem(("extract", stage, "use"), f"is missing; offered: {offered}"))

    def check_learning(self, loc: Loc, node: dict[str, Any]) -> None:
        """Note keys that would do nothing, because the model does not learn."""
        offer = self._model_of(node)
        if offer is None or offer.spec.learns:
            return
        for key in _OF_LEARNING:
            if node.get(key):
                self.problems.append(Problem((*loc, key), f"{offer.spec.name!r} needs no training; drop this key"))

    def _model_of(self, node: dict[str, Any]) -> Offer | None:
        """Return the model that a choice names, if it is one."""
        by = ((), node["from"]) if isinstance(node.get("from"), str) else None
        offer = meant(self.registry, "model", ((), str(node.get("use"))), by)
        return None if isinstance(offer, Problem) else offer

    def choose_changes(self, loc: Loc, node: dict[str, Any]) -> None:
        """Choose the settings that a model's schedule leads to, each over all that hold before it."""
        offer, first = self._model_of(node), self.choices.get(loc)
        if offer is None or first is None or not offer.spec.learns:
            return  # said already
        settings = {name: ((*loc, "with", name), value) for name, value in mapping_at(node, "with").items()}
        before = 0
        for number, change in enumerate(items_at(node, "schedule")):
            here = (*loc, "schedule", number)
            settings |= {name: ((*here, "set", name), value) for name, value in mapping_at(change, "set").items()}
            self._validate(here, offer, (*here, "set"), settings)
            self._check_change(here, first, mapping_at(change, "set"))
            after = change.get("after") if isinstance(change, dict) else None
            if isinstance(after, int):
                if after <= before:
                    self._note((*here, "after"), f"must be more than {before}, where the change before it comes")
                before = after

    def _check_change(self, here: Loc, first: Chosen, given: dict[str, Any]) -> None:
        """Note settings that stay as they are from the first step to the last."""
        changeable = marked_fields(first.config, CHANGEABLE)
        for name in given:
            if name in type(first.config).model_fields and name not in changeable:
                text = f"stays as it is from the first step on; these may change: {', '.join(changeable)}"
                self.problems.append(Problem((*here, "set", name), text, at_key=True))

    def _validate(self, key: Loc, offer: Offer, home: Loc, settings: Settings) -> None:
        values = {name: value for name, (_, value) in settings.items()}
        try:
            with blaming(offer, "checking its settings"):
                config, faults = _validated(offer.spec.config, values)
        except PluginFailedError as error:
            self.problems.append(Problem(home, str(error).splitlines()[0]))
            return
        for problem in faults:
            first = str(problem.loc[0]) if problem.loc else ""
            loc = (*settings[first][0], *problem.loc[1:]) if first in settings else (*home, *problem.loc)
            self.problems.append(Problem(loc, problem.text + self.record.about(offer, first), problem.at_key))
        if config is not None:
            self.choices[key] = Chosen(offer.stage, offer, self._with_absolute_paths(config, home, settings))

    def _with_absolute_paths(self, config: StageConfig, home: Loc, settings: Settings) -> StageConfig:
        """Return settings whose files are named from anywhere, and note those that are not there."""

        def absolute(value: Any, loc: Loc) -> Any:
            if isinstance(value, dict):
                return {key: absolute(inner, (*loc, key)) for key, inner in value.items()}
            if isinstance(value, (list, tuple)):
                return type(value)(absolute(inner, (*loc, place)) for place, inner in enumerate(value))
            if not isinstance(value, str) or not value:
                return value
            path = self.root / expanded(value)
            if not path.exists():
                self._note(loc, f"there is no file {path}")
            return str(path)

        fields = marked_fields(config, INPUT_PATH)
        found = {
            name: absolute(getattr(config, name), settings[name][0] if name in settings else (*home, name))
            for name in fields
        }
        return config.model_copy(update=found) if found else config


def _validated(model: type[StageConfig], values: dict[str, Any]) -> tuple[StageConfig | None, list[Problem]]:
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        return None, problems_of(error, model)
