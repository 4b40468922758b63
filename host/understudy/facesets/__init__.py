"""What can be done with a faceset once it is there: look, order, set aside, choose, unite?

``opening`` finds the faceset that a command means. ``info`` describes it. ``orders`` puts its faces in order by one of
``metrics``: ``sharpness`` and ``chains`` compute these on the pictures that ``looking`` opens; ``groups`` divides it.
``filters`` says which faces to set aside, ``balance`` which few to keep. ``uniting`` writes a new faceset of others,
and ``viewing`` a page to look at. Nothing here renames or deletes a picture.
"""
