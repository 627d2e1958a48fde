"""Real data: dictionaries of networks trained on digits or photographs, and of patches of photographs.

A trial of the networks is a split of the images, a network trained on nine of the ten classes (the tenth, another one
in each trial, is the anomaly), and a dictionary of its hidden layer. A trial of the photographs is a choice of patches.
"""

from typing import Any

import jax

from bench.errors import UserError
from bench.studies.real_data import images, networks, patches
from bench.studies.real_data.decompose import LEARNERS, RAW, Decomposition
from bench.studies.real_data.parameters import NETWORKS, PRESETS, Fixed, Grid
from bench.study import Axis, Context, Point, Spec, Study, deferred


def _part(context: Context) -> Any:
    """The module that knows this source."""
    return networks if context.static["source"] in NETWORKS else patches


def worlds(spec: Spec, static: Point) -> list[tuple[Point, int]]:
    """In each trial another class is held out; photographs come as they are, and scrambled."""
    kinds = (0,) if static["source"] in NETWORKS else (0, 1)
    return [
        ({**static, "held_out": trial % 10, "scrambled": kind}, trial) for kind in kinds for trial in range(spec.trials)
    ]


def world(key: jax.Array, context: Context, values: dict) -> Any:
    """A trained network with its images, or patches."""
    return _part(context).world(key, context, values)


def sample(key: jax.Array, context: Context, world: Any, values: dict) -> Any:
    """The network's representations."""
    return _part(context).sample(key, context, world, values)


def measure(key: jax.Array, context: Context, world: Any, data: Any, values: dict, method: str) -> Decomposition:
    """Learn a dictionary by one method, and read codes with it."""
    return _part(context).measure(key, context, world, data, values, method)


def judge(
    key: jax.Array, context: Context, world: Any, data: Any, values: dict, found: Decomposition
) -> dict[str, Any]:
    """Put the codes to use, whatever method they are from."""
    return _part(context).judge(key, context, world, data, values, found)


def check(spec: Spec) -> None:
    """The images must be there, and be enough."""
    fixed: Fixed = spec.fixed
    images.require()
    if fixed.n_train + fixed.n_test > images.N_PER_CLASS:
        raise UserError(
            f"n_train {fixed.n_train} and n_test {fixed.n_test} together exceed a class's {images.N_PER_CLASS} images"
        )


STUDY = Study(
    name="real-data",
    summary="networks trained on digits and photographs: what codes are good for, raw activations beside",
    grid_type=Grid,
    fixed_type=Fixed,
    axes={"source": Axis("world", static=True), "held_out": Axis("world"), "scrambled": Axis("world")},
    methods={
        RAW: "the activations, or pixels, as they are",
        **{name: method.summary for name, method in LEARNERS.items()},
    },
    presets=PRESETS,
    accepts=("learner",),
    world=world,
    sample=sample,
    measure=measure,
    judge=judge,
    report=deferred(f"{__package__}.report"),
    check=check,
    worlds=worlds,
    batch_points=False,
)
