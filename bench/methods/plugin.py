"""Which method a user names: a file's object, another package's entry point, or a built-in one by its name."""

import functools
import hashlib
import importlib.metadata
import importlib.util
import sys
from pathlib import Path
from typing import Any, Literal

import msgspec

from bench.errors import UserError, said
from bench.installed import installed, loaded
from bench.methods.adapt import adapt
from bench.methods.built_in import built_in
from bench.methods.method import Method
from bench.words import suggest

GROUP = "superposed.methods"


class Plugin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A method named in a spec.

    `source` is `/path/FILE.py:Name`, the name of an entry point of the group `superposed.methods`, or a built-in
    method's name. `kind` and `sha256` are filled in when it is first loaded; a source that has changed since
    is refused.
    """

    source: str
    kind: Literal["", "coder", "trainer", "learner"] = ""
    sha256: str = ""


def identify(source: str, *, base: Path | None = None) -> tuple[str, Plugin]:
    """The method's name and its full description; paths are taken relative to `base` (default: here).

    Raises UserError when it cannot be loaded or is no method.
    """
    path, colon, name = _split(source)
    if colon:
        absolute = (base or Path.cwd()) / path
        source = f"{absolute.resolve()}:{name}"
    method = _method(source)
    return method.name, Plugin(source, method.kind, _fingerprint(source))


def check_unchanged(name: str, plugin: Plugin) -> None:
    """Raises UserError when the plugged-in source is gone or is not what it was."""
    if _fingerprint(plugin.source) != plugin.sha256:
        raise UserError(
            f"method {name}: {plugin.source} has changed since this run began; choose another --results folder"
        )


def load(plugin: Plugin) -> Method:
    """The method behind a description. Raises UserError naming what cannot be loaded, or how it breaks the contract."""
    return _method(plugin.source)


@functools.cache
def _method(source: str) -> Method:
    path, colon, name = _split(source)
    if not colon:
        return _named(source)
    target = _attribute(_module(Path(path)), name, source)
    return adapt(target, name=name, where=source)


def _split(source: str) -> tuple[str, str, str]:
    path, colon, name = source.rpartition(":")
    if colon and path.endswith(".py"):
        return path, colon, name
    if source.endswith(".py"):
        raise UserError(f"{source}: say which object of the file is meant: {source}:Name")
    return source, "", ""


def _named(name: str) -> Method:
    known = built_in()
    if name in known:
        return known[name]
    points = installed(GROUP)
    if name not in points:
        raise UserError(
            f"no method {name!r}: it is no FILE.py:Name, no built-in method and no entry point of {GROUP!r}; "
            f"{suggest(name, [*known, *points])}"
        )
    return adapt(loaded(points[name], "method"), name=name, where=f"entry point {name}")


@functools.cache
def _module(path: Path) -> Any:
    if not path.is_file():
        raise UserError(f"no such file: {path}")
    # A name of its own, so that two files of one name do not meet, and what it defines can be found again.
    module_name = "superposed_plugin_" + hashlib.sha256(str(path).encode()).hexdigest()[:12]
    specification = importlib.util.spec_from_file_location(module_name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module_name] = module
    beside = str(path.parent)
    if beside not in sys.path:
        sys.path.append(beside)
    try:
        specification.loader.exec_module(module)
    except SyntaxError as error:
        raise UserError(f"{path}:{error.lineno}: it is not valid Python: {error.msg}") from None
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise UserError(f"{path}: importing it raised {said(error)}") from None
    return module


def _attribute(module: Any, name: str, where: str) -> Any:
    found = getattr(module, name, None)
    if found is None:
        own = [n for n, v in vars(module).items() if getattr(v, "__module__", None) == module.__name__]
        raise UserError(f"{where}: the file has no {name!r}; {suggest(name, own)}")
    return found


def _fingerprint(source: str) -> str:
    path, colon, _ = _split(source)
    if colon:
        try:
            return hashlib.sha256(Path(path).read_bytes()).hexdigest()
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    point = None if source in built_in() else installed(GROUP).get(source)
    if point is not None:
        version = point.dist.version if point.dist else ""
        return hashlib.sha256(f"{point.value} {version}".encode()).hexdigest()
    return hashlib.sha256(f"built in {importlib.metadata.version('superposed')}".encode()).hexdigest()
