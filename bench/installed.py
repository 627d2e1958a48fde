"""What installed packages add to this one, by entry points."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bench.errors import UserError, said


def installed(group: str) -> dict[str, EntryPoint]:
    """The group's entry points, by name; the first where several packages have one of the same name."""
    points: dict[str, EntryPoint] = {}
    for point in entry_points(group=group):
        points.setdefault(point.name, point)
    return points


def loaded(point: EntryPoint, what: str) -> Any:
    """The object behind it. Raises UserError where importing it raises; `what` says what it is: a study, a method."""
    try:
        return point.load()
    except Exception as error:
        raise UserError(f"{what} {point.name!r}, {point.value}, cannot be imported: {said(error)}") from error
