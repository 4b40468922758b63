"""How does a result say what it is, and how is that read back?

Four layers, of which each outlives another's loss: tags of the container (``merging``), a signed C2PA manifest
(``manifest``, ``signing``, ``reading``), a mark in the faces that nobody sees (``pattern``, ``marking``, ``finding``)
and, where a project asks for it, words that everybody sees (``label``). ``verdict`` reads all of them back.
"""
