"""Backgrade grades the NumPy part of a deep-learning course. Start at grader.engine."""

__version__ = "0.1.0"
