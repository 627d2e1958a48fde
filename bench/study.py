"""What a study is: axes, fixed parameters, methods, and three pure functions that the engine batches and compiles.

A trial has three steps. `world` makes the ground truth, `sample` draws observations of it, `measure` runs one method on
them and returns scalars. One world serves all noise or sparsity levels, and one sample serves all methods: comparisons
are paired, a network is trained once and not once a method, and each step is compiled once.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import msgspec

from bench.methods import Kind, Method, Plugin, load

if TYPE_CHECKING:
    import pandas as pd

    from bench.report.content import ReportContent

Value = bool | int | float | str
Point = dict[str, Value]

GridT = TypeVar("GridT")
FixedT = TypeVar("FixedT")


class Spec(msgspec.Struct, Generic[GridT, FixedT], frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A validated description of one run of a study.

    `grid` holds a tuple of values per axis, `fixed` one value per parameter; every combination of axis values is
    a point, measured `trials` times by each of `methods`.
    """

    study: str
    seed: int
    trials: int
    precision: Literal["float32", "float64"]
    methods: tuple[str, ...]
    chunk_size: int
    """Worlds in one chunk: what a kill can lose, and what bounds memory."""
    grid: GridT
    fixed: FixedT
    plugins: dict[str, Plugin] = {}
    """Methods that are not the study's own, by name."""
    adaptive: float | None = None
    """Half the length of the interval at which a boundary counts as located: trials go where it is, round by round,
    each of `trials` worlds, and the grid gives only the levels of the first. None: the whole grid is measured."""


@dataclass(frozen=True)
class Axis:
    """How an axis enters the computation.

    scope: "world" axes shape the ground truth; along "measurement" axes one world is measured repeatedly.
    static: its value changes shapes or code, so each value is compiled by itself; otherwise it is traced and batched.
    """

    scope: Literal["world", "measurement"]
    static: bool = False


@dataclass(frozen=True)
class Context:
    """What the three functions know apart from keys and arrays: fixed parameters and the static axes' values."""

    fixed: Any
    static: Mapping[str, Value]
    plugins: Mapping[str, Plugin] = field(default_factory=dict)

    def plugged(self, method: str) -> Method | None:
        """The plugged-in method of that name, or None where it is the study's own."""
        return load(self.plugins[method]) if method in self.plugins else None


@dataclass(frozen=True)
class Transition:
    """Where success gives way to failure along a traced measurement axis; what an adaptive run looks for.

    candidates(static) -> the levels between which the study can tell, in the axis's units, for the values of all static
    axes. outcome(rows) -> (level, success, counted), a column each: where the trial stood, whether it succeeded, and
    whether it says anything.
    """

    axis: str
    candidates: Callable[[Point], tuple[float, ...]]
    outcome: "Callable[[pd.DataFrame], tuple[pd.Series, pd.Series, pd.Series]]"


@dataclass(frozen=True, eq=False)
class Results:
    """What a report is drawn from: the rows, the spec, and what the computation took.

    `timings` has one row per compiled call: static axes, method, `n_points`, `compile_seconds`, `run_seconds`.
    """

    rows: "pd.DataFrame"
    spec: Spec
    timings: "pd.DataFrame"


def deferred(module: str) -> "Callable[[Results], ReportContent]":
    """`report` of a module that is imported when it is called: most commands draw nothing, and Matplotlib is slow."""

    def report(results: Results) -> "ReportContent":
        return importlib.import_module(module).report(results)

    return report


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study; see the module's text. All functions are pure.

    world(key, context, values) -> pytree, `values` the traced world axes.
    sample(key, context, world, values) -> pytree, `values` all traced axes and what `derive` adds to them.
    measure(key, context, world, data, values, method) -> dict of scalars; `data` is what `sample` gave for the same
    key and values, which are the same for every method. `context.plugged(method)` is a method of the user's. What is
    no scalar but an array (an atom to be drawn) is stored flat, as a list of single precision.
    judge(key, context, world, data, values, found) -> dict of scalars, where `measure` gives not scalars but what it
    `found`: the part of measuring that is the same for every method, compiled once for all that find the same shapes.
    derive(fixed, point) -> numbers computed on the host in float64 from a point's values, handed on traced.
    derive_world(fixed, point) -> the same for `world`, from the world axes' values alone.
    check(spec) raises UserError where values contradict each other.
    report(results) -> what the report shows; `deferred`.
    """

    name: str
    summary: str
    grid_type: type
    fixed_type: type
    axes: Mapping[str, Axis]
    methods: Mapping[str, str]
    """Name -> a line that says what it is."""
    accepts: tuple[Kind, ...]
    """The kinds of methods that can be plugged in."""
    presets: Mapping[str, Mapping[str, Any]]
    world: Callable[..., Any]
    sample: Callable[..., Any]
    measure: Callable[..., Any]
    report: "Callable[[Results], ReportContent]"
    check: Callable[[Spec], None]
    judge: Callable[..., dict[str, Any]] | None = None
    derive: Callable[[Any, Point], dict[str, float]] = lambda fixed, point: {}
    derive_world: Callable[[Any, Point], dict[str, float]] = lambda fixed, point: {}
    worlds: Callable[[Spec, Point], list[tuple[Point, int]]] | None = None
    """Of a spec and the static world axes' values, the traced world axes' values and the trial of each world. For a
    study whose static groups need worlds of their own; without it they are all combinations of the grid's values,
    `trials` times each. A group may be left without any.
    """
    transition: Transition | None = None
    batch_points: bool = True
    """Whether a world's measurement points are solved side by side. Right where a point is a single small solve; where
    a point is a batch of samples by itself, side by side they only push each other out of the cache.
    """

    def names(self, scope: str, *, static: bool) -> tuple[str, ...]:
        """The axes of that scope and kind, in the order in which the study names them."""
        return tuple(name for name, axis in self.axes.items() if axis.scope == scope and axis.static == static)
