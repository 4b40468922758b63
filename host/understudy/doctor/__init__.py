"""Is this machine fit for the work, or for one project, and if not, which command mends it?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from understudy.plugins import discover
from understudy.project import LoadedProject
from understudy.weights import WeightCache

from .codecs import codec_findings
from .finding import Finding
from .machine import device_findings, disk_findings, memory_finding
from .needs import need_findings
from .parts import key_findings, plugin_findings, weight_findings
from .versions import version_findings

__all__ = ["Finding", "examine"]


def examine(folder: Path = Path(), project: LoadedProject | None = None) -> tuple[Finding, ...]:
    """Look at everything that the work needs.

    Args:
        folder: Where the work will lie; its disk is looked at.
        project: Also looks at what this project needs: its weights, clips, certificate, device and room on the disk.
    """
    return tuple(_looked_at(folder, project))


def _looked_at(folder: Path, project: LoadedProject | None) -> Iterator[Finding]:
    registry, cache = project.registry if project else discover(), WeightCache()
    yield from version_findings()
    yield from device_findings(project.device if project else "auto")
    yield memory_finding()
    yield from disk_findings(project.root if project else folder, cache.cache)
    yield from codec_findings()
    yield from plugin_findings(registry)
    yield from weight_findings(registry, cache, project)
    yield from key_findings(project)
    if project is not None:
        yield from need_findings(project)
