"""Studies that other packages bring, and what is said of broken ones."""

import pytest

from bench import studies
from bench.catalogue import lines
from bench.errors import UserError
from bench.studies import get_study


@pytest.fixture
def installed(tmp_path, install):
    """Installs a package of one module, which brings a study."""
    studies._installed.cache_clear()

    def with_study(module, source, name):
        (tmp_path / f"{module}.py").write_text(source)
        install(tmp_path, module, {"superposed.studies": {name: f"{module}:STUDY"}})

    yield with_study
    studies._installed.cache_clear()


def test_a_study_of_a_package(installed):
    source = (
        "from dataclasses import replace\n"
        "from bench.studies import get_study\n"
        "STUDY = replace(get_study('donoho-tanner'), name='theirs', summary='of a package')\n"
    )
    installed("brings_a_study", source, "theirs")
    assert get_study("theirs").summary == "of a package"
    assert any(line.split() == ["study", "theirs", "of", "a", "package"] for line in lines())
    assert get_study("donoho-tanner").name == "donoho-tanner"


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        ("raises", "1 / 0", "study 'raises', module_that_raises:STUDY, cannot be imported: ZeroDivisionError"),
        ("lacks", "x = 1", "cannot be imported: AttributeError"),
        ("other", "STUDY = 3", "is of type int, where a bench.study.Study named 'other' is due"),
    ],
)
def test_a_broken_study_is_named(installed, name, source, words):
    module = f"module_that_{name}"
    installed(module, source, name)
    with pytest.raises(UserError) as refused:
        get_study(name)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_mistyped_name_is_answered_by_theirs_too(installed):
    installed("brings_another", "STUDY = None", "tantalising")
    with pytest.raises(UserError, match="did you mean 'tantalising'"):
        get_study("tantalizing")
