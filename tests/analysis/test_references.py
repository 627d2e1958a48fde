"""Every work cited in a docstring is in the bibliography, and the other way round."""

import re
from pathlib import Path

import analysis

ROOM = Path(analysis.__file__).parent


def test_citations_and_bibliography_agree():
    sources = "".join(path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py"))
    cited = set(re.findall(r"\[([A-Z][A-Za-z]+\d{4})\]", sources))
    listed = re.findall(r"^@\w+\{(\w+),$", (ROOM / "references.bib").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert cited == set(listed)
