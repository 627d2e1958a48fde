"""The sign of the codes, as the number of sides on which a threshold can be crossed by noise."""

from typing import Literal, get_args

CodeSign = Literal["signed", "nonnegative"]

_SIDES = {"signed": 2.0, "nonnegative": 1.0}


def sides(code_sign: CodeSign) -> float:
    """Return c: 2 for signed codes, 1 for non-negative ones. Raises ValueError for any other word."""
    if code_sign not in _SIDES:
        raise ValueError(f"code_sign must be one of {', '.join(get_args(CodeSign))}, not {code_sign!r}")
    return _SIDES[code_sign]
