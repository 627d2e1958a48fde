"""Strict settings for this room's tests."""

import jax
import pytest
from jaxtyping import install_import_hook

# Shapes and types of every argument and result are checked at run time, by the annotations.
with install_import_hook(["analysis.metrics", "analysis.certificates"], "beartype.beartype"):
    import analysis.certificates
    import analysis.metrics  # noqa: F401


@pytest.fixture(autouse=True)
def _no_rank_promotion():
    """An accidental broadcast between arrays of different rank is an error here."""
    with jax.numpy_rank_promotion("raise"):
        yield
