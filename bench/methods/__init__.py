"""Methods as studies use them: built in, or plugged in from a file or an entry point, all behind one record."""

from bench.methods.built_in import built_in
from bench.methods.method import Kind, Method
from bench.methods.plugged import collected_faults
from bench.methods.plugin import Plugin, check_unchanged, identify, load
from bench.methods.recover import Recovery, recover

__all__ = [
    "Kind",
    "Method",
    "Plugin",
    "Recovery",
    "built_in",
    "check_unchanged",
    "collected_faults",
    "identify",
    "load",
    "recover",
]
