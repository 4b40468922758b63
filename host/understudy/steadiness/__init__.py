"""How do the points of a track become steady, and how steady is it?

``noise_of`` measures a track, ``steadying_plan`` takes the finder's trembling out of it and leaves its motion in,
``fill_gaps`` puts faces into the frames where nobody saw it, ``track_figures`` reports, and ``look_of`` tells what a
crop shows. This loads OpenCV.
"""

from .figures import PITCH_EDGES_DEG, YAW_EDGES_DEG, Range, TrackFigures, clip_figures, track_figures
from .gaps import SUPPORT_S, fill_gaps
from .jitter import Jitter, eye_opening, jitter_of, second_differences
from .look import look_of
from .noise import Noise, noise_of
from .parts import parts_of_mesh
from .steadying import REACH_S, SteadyingPlan, steady, steadying_plan

__all__ = [
    "PITCH_EDGES_DEG",
    "REACH_S",
    "SUPPORT_S",
    "YAW_EDGES_DEG",
    "Jitter",
    "Noise",
    "Range",
    "SteadyingPlan",
    "TrackFigures",
    "clip_figures",
    "eye_opening",
    "fill_gaps",
    "jitter_of",
    "look_of",
    "noise_of",
    "parts_of_mesh",
    "second_differences",
    "steady",
    "steadying_plan",
    "track_figures",
]
