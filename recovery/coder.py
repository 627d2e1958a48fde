"""The interface of sparse coding with a known dictionary."""

from typing import ClassVar, Literal, Protocol, runtime_checkable

from jaxtyping import Array, Float, PRNGKeyArray

from recovery.solution import Solution

ResidualKind = Literal["duality_gap", "relative_residual"]


@runtime_checkable
class SparseCoder(Protocol):
    """A frozen pytree that turns observations into codes, given the dictionary.

    A coder is pure: it may be jitted, vmapped, and passed through both as an argument. Numbers never make it raise.

    `residual_kind` says what `Solution.residual` holds: `"duality_gap"` is the relative duality gap of the coder's
    convex problem, `"relative_residual"` is ||y - A z|| / ||y|| (0 where y = 0).
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
