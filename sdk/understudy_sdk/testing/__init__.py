"""Contract tests for plugin authors: subclass the one of your stage, give the fixture, done.

Needs pytest. Every class tests shapes, types, order, purity, and that a batch gives what its members give alone.
"""
