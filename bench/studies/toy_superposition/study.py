"""The toy models of superposition of Elhage et al. (2022): every figure is measured, drawn and judged by a rule.

A figure is an experiment with networks of its own; those of one figure train side by side in one compiled call.
"""

from typing import Any

import jax

from bench.studies.toy_superposition.experiments import EXPERIMENTS
from bench.studies.toy_superposition.parameters import PRESETS, Fixed, Grid
from bench.study import Axis, Context, Point, Spec, Study, deferred


def worlds(spec: Spec, static: Point) -> list[tuple[Point, int]]:
    """The densities, importances and seeds of one figure."""
    fixed: Fixed = spec.fixed
    return EXPERIMENTS[str(static["figure"])].worlds(fixed, spec.trials)


def world(key: jax.Array, context: Context, values: dict) -> Any:
    """Train one network of the figure."""
    return EXPERIMENTS[str(context.static["figure"])].train(key, context.fixed, values)


def sample(key: jax.Array, context: Context, world: Any, values: dict) -> dict[str, jax.Array]:
    """Nothing: what a figure measures, it draws for itself."""
    return {}


def measure(key: jax.Array, context: Context, world: Any, data: dict, values: dict, method: str) -> dict[str, Any]:
    """The figure's scalars of one network, on fresh samples."""
    return EXPERIMENTS[str(context.static["figure"])].measure(key, context.fixed, world, values)


def check(spec: Spec) -> None:
    """Every combination of values is possible."""


STUDY = Study(
    name="toy-superposition",
    summary="the figures of Elhage et al. (2022): geometry, phases, dimensionality, each judged by a rule",
    grid_type=Grid,
    fixed_type=Fixed,
    axes={"figure": Axis("world", static=True), "density": Axis("world"), "importance": Axis("world")},
    methods={"toy-model": "the networks of the figures"},
    accepts=(),
    presets=PRESETS,
    world=world,
    sample=sample,
    measure=measure,
    report=deferred(f"{__package__}.report"),
    check=check,
    worlds=worlds,
)
