"""The battery that tells whether a method does what it says: `superposed validate`."""

from bench.validation.check import Check
from bench.validation.command import Verdict, validate
from bench.validation.template import write_template

__all__ = ["Check", "Verdict", "validate", "write_template"]
