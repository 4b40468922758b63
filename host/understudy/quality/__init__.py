"""How good is a model, on faces that it has never learnt from?

``held_out`` says which faces those are and keeps where they were cut; ``similarity``, ``places`` and ``motion`` hold
the measures, each on plain arrays; ``measuring`` measures a model with them, ``records`` keeps what came of it.
"""
