"""Chance for oddities, the same in every run: a verdict that hangs on it can be had again."""

import random

uniform = random.Random(1).uniform  # noqa: S311 - no secret
"""A number between two others."""
