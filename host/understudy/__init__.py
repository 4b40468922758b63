"""Understudy: replaces a face in footage by a face a network has learnt."""

__version__ = "0.1.0"
