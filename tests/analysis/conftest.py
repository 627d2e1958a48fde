"""Strict settings for this room's tests."""

import jax
import pytest


@pytest.fixture(autouse=True)
def _no_silent_rank_promotion():
    with jax.numpy_rank_promotion("raise"):
        yield
