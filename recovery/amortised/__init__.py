"""Coders trained on samples whose codes are known: one method a file."""

TRAINERS: dict[str, type] = {}

__all__ = ["TRAINERS"]
