"""What would be found out of a layer only after hours of work?"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from understudy.errors import RequestError
from understudy.project import LoadedProject
from understudy.video import ClipInfo
from understudy.video.planes import layout_of
from understudy_sdk.linear_light import has_light

__all__ = ["check_layers"]


def check_layers(project: LoadedProject, clip: Path, info: ClipInfo, inputs: Collection[Path]) -> None:
    """Refuse layers of a clip that cannot be made.

    Args:
        project: The project.
        clip: The clip.
        info: Its facts.
        inputs: What the project reads.

    Raises:
        RequestError: A folder cannot be written, a layer would cover an input, or light is asked for of a clip whose
            transfer gives none.
    """
    settings = project.output.layer
    if settings is None:
        return
    for swap in (one for one in project.swaps if clip in one.target.clips):
        path = project.layer_for(clip, swap.index).resolve()
        if path in inputs:
            raise RequestError(f"the layer {path} is one of the project's clips\n  choose another output.layer.path")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RequestError(f"the folder {path.parent} cannot be made: {error.strerror}") from error
        if not os.access(path.parent, os.W_OK):
            raise RequestError(f"the folder {path.parent} cannot be written\n  choose another output.layer.path")
    color, layout = info.color, layout_of(info.pixel_format)
    if layout is not None and layout.is_float:
        if settings.kind != "exr":
            raise RequestError(
                f"{clip.name} holds amounts of light as floats, which {settings.kind} does not\n"
                "  choose output.layer.kind: exr"
            )
    elif settings.is_linear and not has_light(color):
        raise RequestError(
            f"output.layer.linear asks for amounts of light, but {clip.name} is HDR (transfer {color.transfer}), where"
            " white is no fixed amount of it\n  drop linear: the layer then has the clip's own transfer"
        )
