"""How does a target's clip become the recast clip, chunk by chunk?"""

from __future__ import annotations

from .clip import MergeWay, merge_clip, missing_chunks
from .gated import ClipGates
from .jobs import ClipJob, jobs_of, marking_of, overlap_text, payload_of
from .layered import ClipLayers
from .recipe import CHUNK_FRAMES, chunk_files, merge_artifact, merge_progress
from .time_faults import check_people, check_times, compare_times

__all__ = [
    "CHUNK_FRAMES",
    "ClipGates",
    "ClipJob",
    "ClipLayers",
    "MergeWay",
    "check_people",
    "check_times",
    "chunk_files",
    "compare_times",
    "jobs_of",
    "marking_of",
    "merge_artifact",
    "merge_clip",
    "merge_progress",
    "missing_chunks",
    "overlap_text",
    "payload_of",
]
