"""What does each swap's model answer for the faces of a clip? Kept, so that another merger needs no network.

An answer is a face as the model saw it and what it drew, masks included. Answers are made and kept in units of a few
frames (``units``), by what decides them and nothing else: not by the merger, its ranges or the encoder.
"""

from .answers import Answer
from .kept import AnswerBook, KeptAnswers, answers_of
from .predicting import Missing, answerer_of, predicted_units
from .units import BATCH_FRAMES, UNIT_FRAMES, Span, answers_name, predict_artifact, recipe_of_answers, units_over

__all__ = [
    "BATCH_FRAMES",
    "UNIT_FRAMES",
    "Answer",
    "AnswerBook",
    "KeptAnswers",
    "Missing",
    "Span",
    "answerer_of",
    "answers_name",
    "answers_of",
    "predict_artifact",
    "predicted_units",
    "recipe_of_answers",
    "units_over",
]
