"""A compacted folder is the same folder to every command, whatever interrupts or damages it."""

import shutil
import zipfile

import pytest

from bench.compact import compact
from bench.draw import draw_report
from bench.errors import UserError
from bench.export import export_rows
from bench.points import plan
from bench.run import run_study
from bench.spec import load_spec
from bench.store import Store
from bench.studies import get_study
from bench.verify import rerun, verify

STUDY = get_study("donoho-tanner")
SPEC = load_spec(
    STUDY,
    settings=["n_latents=22", "undersampling=.5,.7", "sparsity_ratio=.2,.4", "trials=4", "chunk_size=1", "methods=amp"],
)
CHUNKS = list(plan(STUDY, SPEC))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "out"
    run_study(STUDY, SPEC, folder)
    return folder


@pytest.fixture
def folder(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "out")


def shards(folder):
    store = Store(folder)
    return {chunk.name: store.read(store.shard(chunk)) for chunk in CHUNKS}


def test_every_command_reads_a_compacted_folder(whole, folder, tmp_path):
    before, manifest = shards(folder), (folder / "manifest.json").read_bytes()
    said = compact(folder)
    assert said.startswith("16 files are now in ")
    assert not (folder / "shards").exists()
    assert not (folder / "timings").exists()
    assert shards(folder) == before
    found = verify(folder)
    assert found.whole
    assert (found.n_whole, found.foreign) == (8, [])
    assert rerun(folder, tmp_path / "again")[0]
    assert rerun(tmp_path / "again", folder)[0]
    for one in (whole, folder):
        export_rows(one, "csv", tmp_path / f"{one.parent.name}.csv")
        draw_report(one)
    exported = [path.read_bytes() for path in tmp_path.glob("*.csv")]
    assert len(exported) == 2
    assert exported[0] == exported[1]
    for path in (whole / "tables").iterdir():
        assert (folder / "tables" / path.name).read_bytes() == path.read_bytes()
    run_study(STUDY, SPEC, folder)
    assert sorted(one.name for one in folder.iterdir() if one.is_dir()) == ["figures", "shards", "tables"]
    assert not list((folder / "shards").iterdir())
    assert (folder / "manifest.json").read_bytes() == manifest
    assert "is compact" in compact(folder)


def test_the_same_shards_give_the_same_archive(whole, folder, tmp_path):
    other = shutil.copytree(whole, tmp_path / "other")
    compact(folder)
    compact(other)
    assert (folder / "shards.zip").read_bytes() == (other / "shards.zip").read_bytes()


def test_a_damaged_member_is_named_and_computed_anew(folder):
    before = shards(folder)
    compact(folder)
    archive = folder / "shards.zip"
    content, victim = bytearray(archive.read_bytes()), before[CHUNKS[3].name]
    content[content.index(victim) + len(victim) // 2] ^= 1
    archive.write_bytes(content)
    (fault,) = verify(folder).faults
    assert f"shards.zip/shards/{CHUNKS[3].name}.parquet: it cannot be read: Bad CRC-32" in fault
    with pytest.raises(UserError, match="computes that chunk anew"):
        compact(folder)
    run_study(STUDY, SPEC, folder)
    assert verify(folder).whole
    assert [path.name for path in (folder / "shards").iterdir()] == [f"{CHUNKS[3].name}.parquet"]
    compact(folder)
    assert shards(folder) == before
    assert not (folder / "shards").exists()


def test_a_kill_before_the_files_are_removed_leaves_both(whole, folder):
    before = shards(folder)
    compact(folder)
    shutil.copytree(whole / "shards", folder / "shards")
    assert verify(folder).whole
    compact(folder)
    assert shards(folder) == before
    assert not (folder / "shards").exists()


@pytest.mark.parametrize("fault", ["full disk", "read back"])
def test_where_it_cannot_be_written_nothing_is_removed(folder, monkeypatch, fault):
    before = {path: path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}

    def full(*_):
        raise OSError(28, "No space left on device")

    if fault == "full disk":
        monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    else:
        monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: b"other")
    with pytest.raises(UserError, match=r"No space left|nothing was removed"):
        compact(folder)
    after = {path: path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}
    assert after == before


def test_what_is_not_whole_is_refused(folder, tmp_path):
    Store(folder).shard(CHUNKS[0]).unlink()
    with pytest.raises(UserError, match="incomplete"):
        compact(folder)
    with pytest.raises(UserError, match="no such results folder"):
        compact(tmp_path / "none")
    assert not (folder / "shards.zip").exists()


@pytest.mark.parametrize("damage", ["truncated", "empty", "compressed"])
def test_a_foreign_archive(folder, damage):
    compact(folder)
    archive = folder / "shards.zip"
    if damage == "compressed":
        members = {one: zipfile.ZipFile(archive).read(one) for one in zipfile.ZipFile(archive).namelist()}
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as other:
            for name, content in members.items():
                other.writestr(name, content)
        faults = verify(folder).faults
        assert len(faults) == len(CHUNKS)
        assert all("it is compressed" in one for one in faults)
        return
    archive.write_bytes(b"" if damage == "empty" else archive.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"shards\.zip is damaged") as refused:
        verify(folder)
    assert "\n" not in str(refused.value)
