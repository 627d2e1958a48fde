"""The one exception that a user is meant to see."""


class UserError(Exception):
    """Bad input. Its message is one line: what is wrong, where, and what would be right. The command exits with 2."""
