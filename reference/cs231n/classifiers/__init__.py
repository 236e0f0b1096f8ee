"""Whole networks, put together from the layers of this package."""
