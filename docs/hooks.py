"""What the site has beyond Markdown: formulas, references, and a gallery whose pictures its own programs draw.

Formulas stand between dollars, `$...$` in a line and `$$...$$` by themselves, and become MathML, which browsers draw
without a script. `[@Key]` cites an entry of `analysis/references.bib`. Each program of `docs/examples` leaves a `panel`
of `analysis.figures`; its page shows the picture, the words and the program.
"""

import html
import importlib
import inspect
import re
import runpy
from pathlib import Path

import click
from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from pybtex.database import BibliographyData, Entry, parse_file
from pybtex.plugin import find_plugin

from analysis.figures import svg_text
from bench.cli import cli

EXAMPLES = Path("docs/examples")
REFERENCES = Path("analysis/references.bib")

REFERENCE = {
    "coders": ("Sparse coders", ["recovery.solution", "recovery.knowledge", "recovery.coders"]),
    "learners": ("Dictionary learners", ["recovery.learner", "recovery.learners"]),
    "amortised": ("Trained encoders", ["recovery.amortised", "recovery.encoders"]),
    "toymodels": (
        "Toy models",
        [f"toymodels.{one}" for one in ("latents", "mixing", "worlds", "generators", "networks", "training")],
    ),
    "metrics": ("Metrics", ["analysis.metrics"]),
    "theory": ("Theory", ["analysis.theory"]),
    "statistics": ("Statistics", ["analysis.statistics", "analysis.certificates", "analysis.diagnosis"]),
    "figures": ("Figures", ["analysis.figures"]),
    "study": ("Studies", ["bench.study"]),
}
"""Page -> its title and the packages whose public names it describes."""

_CODE = re.compile(r"(```.*?^```|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
_DISPLAY, _INLINE = re.compile(r"\$\$(.+?)\$\$", re.DOTALL), re.compile(r"\$([^$\n]+)\$")
_CITATION, _KEY = re.compile(r"\[@(\w+)\]"), re.compile(r"\[([A-Z][A-Za-z]+\d{4})\]")
_MARKDOWN, _PLAIN = (find_plugin("pybtex.backends", name)() for name in ("markdown", "plaintext"))


def on_config(config):
    config["references"] = parse_file(REFERENCES).entries
    return config


def on_files(files: Files, config):
    """Adds the gallery and the list of references."""
    pages = {path.stem: _example(path) for path in sorted(EXAMPLES.glob("*.py"))}
    cards = []
    for name, (panel, page, source) in pages.items():
        files.append(File.generated(config, f"gallery/{name}.md", content=page))
        files.append(File.generated(config, f"gallery/{name}.svg", content=svg_text(panel.figure)))
        files.append(File.generated(config, f"gallery/{name}.py", content=source))
        cards.append(f"## [{panel.title}]({name}.md)\n\n[![{html.escape(panel.alt)}]({name}.svg)]({name}.md)\n")
    words = "Each picture is drawn by the program beside it when this site is built."
    index = "\n\n".join(["# Gallery", words, *cards])
    files.append(File.generated(config, "gallery/index.md", content=index))
    described = {one.key: one.text.render(_MARKDOWN) for one in _formatted(config)}
    listed = "\n".join(f"- <a id='{key}'></a>{_one_line(text)}" for key, text in described.items())
    files.append(File.generated(config, "references.md", content=f"# References\n\n{listed}\n"))
    for name, (title, packages) in REFERENCE.items():
        files.append(File.generated(config, f"reference/{name}.md", content=_reference(title, packages)))
    files.append(File.generated(config, "reference/command.md", content=_commands()))
    return files


def _example(path: Path):
    source = path.read_text(encoding="utf-8")
    panel = runpy.run_path(str(path))["panel"]
    body = source.split('"""', 2)[2].strip()
    page = (
        f"# {panel.title}\n\n![{html.escape(panel.alt)}]({path.stem}.svg)\n\n{panel.caption}\n\n"
        f"[The program]({path.stem}.py):\n\n```python\n{body}\n```\n"
    )
    return panel, page, source


def _reference(title: str, packages: list[str]) -> str:
    """A directive for every public class and function, at the place where it is defined."""
    parts = [f"# {title}"]
    for package in map(importlib.import_module, packages):
        parts.append(f"## `{package.__name__}`\n\n{(package.__doc__ or '').strip()}")
        names = getattr(package, "__all__", None) or [one for one in vars(package) if not one.startswith("_")]
        objects = [getattr(package, name) for name in names]
        defined = {
            f"{one.__module__}.{one.__qualname__}"
            for one in objects
            if (inspect.isclass(one) or inspect.isfunction(one)) and one.__module__.startswith(package.__name__)
        }
        parts += [f"::: {path}" for path in sorted(defined, key=lambda path: path.rpartition(".")[2].lower())]
    return "\n\n".join(parts) + "\n"


def _commands() -> str:
    """What `--help` says of every command."""
    parts, context = ["# The command"], click.Context(cli, info_name="superposed", max_content_width=88)
    parts.append(f"```text\n{cli.get_help(context)}\n```")
    for name, command in cli.commands.items():
        own = click.Context(command, info_name=name, parent=context, max_content_width=88)
        parts.append(f"## superposed {name}\n\n```text\n{command.get_help(own)}\n```")
    return "\n\n".join(parts) + "\n"


def on_page_markdown(markdown: str, page, config, files):
    """Formulas and citations, outside of code."""
    parts = _CODE.split(markdown)
    return "".join(part if i % 2 else _marked(part, page, config["references"]) for i, part in enumerate(parts))


def _marked(text: str, page, references: dict[str, Entry]) -> str:
    text = _DISPLAY.sub(lambda found: f"\n<div>{convert(found[1].strip(), display='block')}</div>\n", text)
    text = _INLINE.sub(lambda found: f"<span>{convert(found[1])}</span>", text)

    def cited(found: re.Match[str]) -> str:
        if found[1] not in references:
            raise PluginError(f"{page.file.src_uri}: no reference {found[1]!r} in {REFERENCES}")
        return f"[{_cited(references[found[1]])}]({_up(page)}references.md#{found[1]})"

    return _CITATION.sub(cited, text)


def on_page_content(content: str, page, config, files):
    """Keys that docstrings cite become links."""
    references = config["references"]

    def linked(found: re.Match[str]) -> str:
        if found[1] not in references:
            return found[0]
        return f'<a href="{_up(page)}references.html#{found[1]}">{html.escape(_cited(references[found[1]]))}</a>'

    return _KEY.sub(linked, content)


def _up(page) -> str:
    return "../" * page.file.src_uri.count("/")


def _cited(entry: Entry) -> str:
    """Family names and year."""
    families = [" ".join(part.render(_PLAIN) for part in one.rich_last_names) for one in entry.persons["author"]]
    names = f"{families[0]} et al." if len(families) > 2 else " & ".join(families)
    return f"{names} {entry.fields['year']}"


def _formatted(config):
    style = find_plugin("pybtex.style.formatting", "plain")()
    return style.format_bibliography(BibliographyData(config["references"]))


def _one_line(text: str) -> str:
    # The backend's backslashes before $ would hide a formula.
    return text.replace("\n", " ").replace("\\\\", "\\")
