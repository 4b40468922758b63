"""How does a project file name a plugin and its settings?"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Form", "StageForm", "StageLayer"]


class Form(BaseModel):
    """A mapping of the project file: unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


_ORIGIN: Final = "The distribution that brings it, where several bring one of that name."


class StageLayer(Form):
    """Part of a stage's choice; what it leaves out comes from the choice that it lies over."""

    use: Annotated[str | None, Field(description="Name of the plugin.")] = None
    origin: Annotated[str | None, Field(alias="from", min_length=1, description=_ORIGIN)] = None
    settings: Annotated[dict[str, Any], Field(alias="with", description="Its settings.")] = {}


class StageForm(Form):
    """A stage's choice."""

    use: Annotated[str, Field(description="Name of the plugin.")]
    origin: Annotated[str | None, Field(alias="from", min_length=1, description=_ORIGIN)] = None
    settings: Annotated[dict[str, Any], Field(alias="with", description="Its settings.")] = {}
