"""Contract tests for plugin authors: subclass the one of your stage, give its fixture, done.

Every class tests shapes, types, range, order, purity, and that a batch gives what its members give. pytest runs them in
a plugin's own tests; ``understudy plugins check`` runs them without it (``understudy_sdk.testing.checking``).
"""
