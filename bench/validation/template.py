"""A file to start a method of one's own from."""

import importlib.util
import keyword
import sys
from pathlib import Path

from bench.errors import UserError
from bench.methods import built_in
from bench.store import replacing, writing

_TEMPLATES = Path(__file__).with_name("templates")


def write_template(name: str, *, learner: bool, folder: Path = Path()) -> tuple[Path, str]:
    """Write NAME.py with a method that works, and say what its object is called.

    Raises UserError where the name is none for a Python file or a method, or the file is there.
    """
    _check_name(name)
    path = folder / f"{name}.py"
    if path.exists() or path.is_symlink():
        raise UserError(f"{path} exists already; choose another name")
    if name in sys.stdlib_module_names or importlib.util.find_spec(name) is not None:
        raise UserError(f"{name} is the name of an installed module, which {path} would hide; choose another name")
    words = [word for word in name.split("_") if word]
    object_name = "".join(word[0].upper() + word[1:] for word in words)
    text = (_TEMPLATES / f"{'learner' if learner else 'coder'}.py.txt").read_text(encoding="utf-8")
    text = text.replace("{name}", object_name).replace("{file}", path.name)
    with writing(path), replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path, object_name


def _check_name(name: str) -> None:
    if not (name.isidentifier() and name.isascii() and name[0].isalpha()) or keyword.iskeyword(name):
        raise UserError(
            f"{name!r} is no name for a Python file that can be imported: letters, digits and _, a letter first"
        )
    if name.replace("_", "-").lower().strip("-") in built_in():
        raise UserError(f"{name.replace('_', '-').lower()} is a built-in method; choose another name")
