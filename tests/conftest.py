"""What holds for every test, and the browser for those that open a report."""

import atexit
import os
import shutil
import tempfile

import pytest

# First of all: importing it sets the environment that NumPy, SciPy and JAX read when they are imported.
import bench  # noqa: F401

# What one process has compiled the others need not: workers, and the commands that tests run. Empty at each session.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    compiled = os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="superposed-compiled-")
    atexit.register(shutil.rmtree, compiled, ignore_errors=True)
    # Most programs here compile in less than the second from which JAX keeps them by default.
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")

# Tests compile far longer than they compute, and without most optimisations a third less. What the command writes is
# compiled as users compile it (`end_to_end`); JAX_DISABLE_MOST_OPTIMIZATIONS=false does so for all tests.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "true")

MOST_MAPPINGS = 20_000
"""Linux allows a process 65,530 memory mappings by default, and a compiled program holds some as long as it lives."""


@pytest.fixture(scope="module", autouse=True)
def _forget_compiled_programs():
    """Without it a worker that has compiled some thousand programs can compile no more: "Cannot allocate memory"."""
    yield
    from bench.programs import forget_programs, mappings  # not above: JAX reads the environment set there

    if mappings() > MOST_MAPPINGS:
        forget_programs()


@pytest.fixture
def install(monkeypatch):
    """Leaves in a folder what installing a package of one module with entry points does, and finds modules there."""

    def entry_points(folder, name, groups):
        monkeypatch.syspath_prepend(folder)
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [
            line for group, own in groups.items() for line in (f"[{group}]", *(f"{n} = {v}" for n, v in own.items()))
        ]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")

    return entry_points


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; the test is skipped where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium or Chrome on the PATH")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """Opens a file; at the end nothing must have been logged, or requested but the file itself."""
    contexts, said, requested, opened = [], [], set(), set()

    def open_file(path, **settings):
        contexts.append(browser.new_context(**settings))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: requested.add(request.url))
        opened.add(path.as_uri())
        page.goto(path.as_uri())
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert said == []
    assert requested == opened
