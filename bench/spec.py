"""Specs: presets, TOML files and `--set` become one validated `Spec`, or one clear line."""

import hashlib
import json
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from bench.errors import UserError
from bench.methods import Plugin, identify
from bench.study import Spec, Study
from bench.words import suggest

TOP_LEVEL = ("trials", "precision", "methods", "chunk_size", "seed", "adaptive")


def load_spec(
    study: Study,
    *,
    preset: str = "quick",
    table: Mapping[str, Any] | None = None,
    settings: Sequence[str] = (),
    methods: Sequence[str] = (),
    precision: str | None = None,
    seed: int | None = None,
    adaptive: float | None = None,
    where: str = "",
) -> Spec:
    """The study's preset, overlaid by a spec file's table, by `--set` settings, then by the other options; validated.

    `methods` are further ones to plug in, as `Plugin.source` says.

    Raises UserError naming the value, where it stands and what would be right.
    """
    raw = _merge(_preset(study, preset), table or {}, where)
    for setting in settings:
        _apply_setting(study, raw, setting)
    for name, value in (("seed", seed), ("precision", precision), ("adaptive", adaptive)):
        if value is not None:
            raw[name] = value
    raw["plugins"] = {**raw.get("plugins", {}), **dict(_plug_in(study, source) for source in methods)}
    return validate(study, raw, where=where)


def read_table(path: Path) -> dict[str, Any]:
    """Parse a spec file. Raises UserError when it is missing, unreadable or no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"no such file: {path}") from None
    except IsADirectoryError:
        raise UserError(f"{path} is a folder; a spec is a TOML file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is not valid TOML: {error}") from None
    except RecursionError:
        raise UserError(f"{path} is not valid TOML: it is nested too deeply") from None


def validate(study: Study, raw: Mapping[str, Any], *, where: str = "") -> Spec:
    """Check types, ranges, finiteness, repetitions and the study's own conditions; bring axes into their order."""
    prefix = f"{where}: " if where else ""
    _check_finite(raw, "$", prefix)
    try:
        spec = msgspec.convert(raw, Spec[study.grid_type, study.fixed_type])
    except msgspec.ValidationError as error:
        raise UserError(f"{prefix}{_explain(str(error), study)}") from None
    try:
        spec = _canonical(study, _plugged(study, spec, where))
        study.check(spec)
    except UserError as error:
        raise UserError(f"{prefix}{error}") from None
    return spec


def to_toml(spec: Spec) -> str:
    """The whole spec as TOML; reading it back gives an equal spec."""
    return tomli_w.dumps(to_table(spec))


def to_table(spec: Spec) -> dict[str, Any]:
    """The spec as plain dicts, lists and scalars."""
    table = json.loads(json.dumps(msgspec.to_builtins(spec)))
    return {name: value for name, value in table.items() if name not in ("plugins", "adaptive") or value}


def digest(value: Any) -> str:
    """SHA-256 of a value's canonical JSON, as hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def spec_digest(spec: Spec) -> str:
    """Identifies a spec; shards carry it."""
    return digest(to_table(spec))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """One phrase per value in which two spec tables differ."""
    flat_old, flat_new = dict(_flatten(old)), dict(_flatten(new))
    return [
        f"{name} is {_show(flat_old.get(name))} there and {_show(flat_new.get(name))} here"
        for name in [*flat_old, *(name for name in flat_new if name not in flat_old)]
        if flat_old.get(name) != flat_new.get(name)
    ]


def _preset(study: Study, name: str) -> dict[str, Any]:
    if name not in study.presets:
        raise UserError(f"study {study.name} has no preset {name!r}; {suggest(name, study.presets)}")
    table = json.loads(json.dumps(study.presets[name]))
    return {"study": study.name, "methods": list(study.methods), **table}


def _merge(base: dict[str, Any], table: Mapping[str, Any], where: str) -> dict[str, Any]:
    merged = dict(base)
    for name, value in table.items():
        if name in ("grid", "fixed", "plugins"):
            if not isinstance(value, Mapping):
                raise UserError(f"{where}: [{name}] must be a table of names and values")
            merged[name] = {**base.get(name, {}), **value}
        else:
            merged[name] = value
    return merged


def _apply_setting(study: Study, raw: dict[str, Any], setting: str) -> None:
    name, equals, text = setting.partition("=")
    name = name.strip()
    if not equals or not name or not text.strip():
        raise UserError(f"--set {setting}: write it as name=value, or name=value,value for an axis")
    values = [_parse_scalar(part) for part in text.split(",")]
    if "" in values:
        raise UserError(f"--set {setting}: an empty value between the commas")
    axes, parameters = study.grid_type.__struct_fields__, study.fixed_type.__struct_fields__
    if name in axes:
        raw["grid"][name] = values
    elif name == "methods":
        raw["methods"] = values
    elif name in parameters or name in TOP_LEVEL:
        if len(values) > 1:
            raise UserError(
                f"--set {setting}: {name} takes one value; axes that take a list: {', '.join(axes)}, methods"
            )
        (raw["fixed"] if name in parameters else raw)[name] = values[0]
    else:
        known = [*axes, *parameters, *TOP_LEVEL]
        raise UserError(
            f"--set {setting}: study {study.name} has no axis or parameter {name!r}; {suggest(name, known)}"
        )


def _parse_scalar(text: str) -> bool | int | float | str:
    text = text.strip()
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _check_finite(value: Any, path: str, prefix: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"{prefix}{path.removeprefix('$.')} is {value}; it must be finite")
    if isinstance(value, Mapping):
        for name, item in value.items():
            _check_finite(item, f"{path}.{name}", prefix)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_finite(item, path, prefix)


def _explain(message: str, study: Study) -> str:
    """msgspec's message with the path in front, and the known words where one is unknown."""
    text, _, path = message.partition(" - at ")
    path = path.strip("`").removeprefix("$").removeprefix(".").replace("[...]", "")
    if "unknown field" in text:
        word = text.split("`")[1]
        table = {"grid": study.grid_type.__struct_fields__, "fixed": study.fixed_type.__struct_fields__}
        known = table.get(path, Spec.__struct_fields__)
        return f"unknown name {word!r}{f' in [{path}]' if path else ''}; {suggest(word, known)}"
    return f"{path}: {text}" if path else text


def _canonical(study: Study, spec: Spec) -> Spec:
    if spec.study != study.name:
        raise UserError(f"study is {spec.study!r} where {study.name!r} was expected")
    if spec.trials < 1:
        raise UserError(f"trials is {spec.trials}; it must be at least 1")
    if spec.chunk_size < 1:
        raise UserError(f"chunk_size is {spec.chunk_size}; it must be at least 1")
    if not 0 <= spec.seed < 2**63:
        raise UserError(f"seed is {spec.seed}; it must be from 0 to 2^63 - 1")
    if spec.adaptive is not None:
        _check_adaptive(study, spec.adaptive)
    known = [*study.methods, *spec.plugins]
    for name in spec.methods:
        if name not in known:
            raise UserError(f"methods: study {study.name} has no method {name!r}; {suggest(name, known)}")
    methods = _distinct("methods", spec.methods, key=known.index)
    axes = {name: _distinct(name, getattr(spec.grid, name), key=None) for name in spec.grid.__struct_fields__}
    return msgspec.structs.replace(spec, methods=methods, grid=type(spec.grid)(**axes))


def _check_adaptive(study: Study, half_width: float) -> None:
    if study.transition is None:
        raise UserError(f"adaptive: study {study.name} has no boundary to look for; donoho-tanner has")
    if not 0 < half_width < 1:
        raise UserError(f"adaptive is {half_width}; it must be above 0 and below 1, half of the interval's length")


def _plug_in(study: Study, source: str, base: Path | None = None) -> tuple[str, dict[str, str]]:
    """A method's name and description, as a table. Raises UserError where the study has no use for it."""
    name, plugin = identify(source, base=base)
    if name in study.methods:
        raise UserError(f"method {source}: study {study.name} has a method {name!r} of its own; give it another name")
    if plugin.kind not in study.accepts:
        kinds = " and ".join(f"{kind}s" for kind in study.accepts)
        takes = f"{kinds} only" if kinds else "no methods of your own"
        raise UserError(f"method {source} is a {plugin.kind}; study {study.name} takes {takes}")
    return name, msgspec.to_builtins(plugin)


def _plugged(study: Study, spec: Spec, where: str) -> Spec:
    """Fill in what a spec leaves open of its plug-ins, and run those it does not name among the methods as well."""
    base = Path(where).parent if where else None
    plugins = {}
    for name, plugin in spec.plugins.items():
        if not plugin.sha256:
            found, table = _plug_in(study, plugin.source, base)
            if found != name:
                raise UserError(f"plugins.{name}: {plugin.source} calls itself {found!r}; write [plugins.{found}]")
            plugin = msgspec.convert(table, Plugin)
        plugins[name] = plugin
    named = (*spec.methods, *(name for name in plugins if name not in spec.methods))
    return msgspec.structs.replace(spec, plugins=plugins, methods=named)


def _distinct(name: str, values: tuple, *, key: Any) -> tuple:
    if not values:
        raise UserError(f"{name} is empty; give at least one value")
    if len(set(values)) < len(values):
        raise UserError(f"{name} names a value twice: {', '.join(map(str, values))}")
    return tuple(sorted(values, key=key))


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _show(value: Any) -> str:
    if value is None:
        return "absent"
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
