"""The interface of sparse coding with a known dictionary."""

from typing import ClassVar, Literal, Protocol, Self, runtime_checkable

from jaxtyping import Array, Float, PRNGKeyArray

from recovery.knowledge import Knowledge
from recovery.solution import Solution

ResidualKind = Literal["duality_gap", "kkt_residual", "relative_residual"]


@runtime_checkable
class SparseCoder(Protocol):
    """A frozen pytree that turns observations into codes, given the dictionary.

    A coder is pure: it may be jitted, vmapped, and passed through both as an argument. Numbers never make it raise.

    `residual_kind` says what `Solution.residual` holds: `"duality_gap"` is the relative duality gap of the coder's
    convex problem, `"kkt_residual"` by how much its optimality conditions are missed, `"relative_residual"` is
    ||y - A z|| / ||y|| (0 where y = 0).
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    residual_kind: ClassVar[ResidualKind]

    def __call__(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Solution: ...


@runtime_checkable
class Solver(SparseCoder, Protocol):
    """A coder that needs no training, and that sets itself up for a problem from what is known about it."""

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self: ...
