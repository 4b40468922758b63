"""What does a head in a demo clip do from frame to frame, and what does it sound like?

The same seed gives the same performance: the head sweeps through its poses, speaks in phrases, smiles, lifts its brows
and blinks, and a hum follows the mouth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from understudy_sdk.types import F32

from .expression import Expression
from .puppet import Pose

__all__ = ["SOUND_RATE", "Moment", "perform", "voice"]


SOUND_RATE: Final = 48000
"""Samples per second of the sound."""
FORMANTS: Final = ((700.0, 130.0, 1.0), (1150.0, 160.0, 0.5), (2500.0, 250.0, 0.12))
"""Resonances of an open vowel: frequency and width in Hz, strength."""
BLINK_EVERY_S: Final = 2.1
BLINK_S: Final = 0.28


@dataclass(frozen=True, slots=True)
class Moment:
    """Pose and expression at one frame."""

    pose: Pose
    expression: Expression


def perform(frames: int, rate: int, seed: int) -> list[Moment]:
    """Return what the head does at each frame of a clip of ``rate`` frames per second."""
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, 8)
    return [_moment(number / rate, phases) for number in range(frames)]


def _moment(time_s: float, phases: npt.NDArray[np.float64]) -> Moment:
    def wave(which: int, period_s: float) -> float:
        return float(np.sin(2 * np.pi * time_s / period_s + phases[which]))

    pose = Pose(
        yaw_deg=20 * wave(0, 4.1),
        pitch_deg=2 + 9 * wave(1, 2.7),
        roll_deg=5 * wave(2, 3.3),
        shift=(0.012 * wave(3, 5.3), 0.008 * wave(4, 3.7)),
        zoom=1.02 + 0.02 * wave(5, 6.1),
    )
    phrase = max(0.0, wave(6, 2.4) + 0.45) / 1.45
    syllable = 0.5 + 0.5 * float(np.sin(2 * np.pi * 2.6 * time_s))
    since_blink = (time_s + phases[7]) % BLINK_EVERY_S
    expression = Expression(
        mouth_open=phrase * (0.25 + 0.75 * syllable),
        smile=0.2 + 0.7 * wave(7, 3.1),
        blink=max(0.0, 1 - abs(float(since_blink) / (BLINK_S / 2) - 1)) ** 0.6,
        brows=0.6 * wave(5, 1.9),
    )
    return Moment(pose, expression)


def voice(moments: list[Moment], rate: int, seed: int) -> F32:
    """Return a hum, float32 (N,), -1 to 1, ``SOUND_RATE`` samples per second, as loud as the mouth is open."""
    count = len(moments) * SOUND_RATE // rate
    time_s = np.arange(count) / SOUND_RATE
    open_at = np.array([moment.expression.mouth_open for moment in moments])
    loudness = np.interp(time_s * rate, np.arange(len(moments)), open_at)
    pitch_hz = 150 + 30 * (seed % 3) + 8 * np.sin(2 * np.pi * 0.9 * time_s) + 3 * np.sin(2 * np.pi * 5.2 * time_s)
    turns = np.cumsum(pitch_hz) / SOUND_RATE
    sound = np.zeros(count)
    for harmonic in range(1, 20):
        strength = sum(s / (1 + ((harmonic * pitch_hz - f) / w) ** 2) for f, w, s in FORMANTS)
        sound += (strength + 0.3 / harmonic**2) * np.sin(2 * np.pi * harmonic * turns)
    return np.asarray(0.25 * loudness * sound / np.abs(sound).max(), np.float32)
