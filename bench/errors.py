"""What a user is meant to see of an exception."""

import re


class UserError(Exception):
    """Bad input. Its message is one line: what is wrong, where, and what would be right. The command exits with 2.

    Control characters, which what is cited may hold, are shown as spaces.
    """

    def __str__(self) -> str:
        return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", super().__str__())


def said(error: BaseException) -> str:
    """Another exception's kind and message, in one line."""
    text = re.sub(r"\s+", " ", str(error)).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
