"""The intruder test for people: what the page shows and hides, answering it in a browser, and scores from files."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

from bench.cli import cli
from bench.errors import UserError
from bench.intrusion import Picture, Task, intrusion_page, score_answers, tasks_of

WORDS = {"title": "Which word?", "question": "One does not belong <b>."}


def picture(value):
    return Picture(np.full((4, 4), value))


def tasks():
    """Four tasks of words, of one group, and two of pictures, of another."""
    words = [Task((f"odd{i}", "red", "blue", "green", "<i>grey"), group="colours", judged=i % 2) for i in range(4)]
    shades = [Task(tuple(map(picture, (1.0, 0.1 * i, 0.2))), group="secret-method", judged=0) for i in range(2)]
    return [*words, *shades]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    page, key = intrusion_page(tasks(), **WORDS)
    (folder / "intrusion").mkdir()
    (folder / "intrusion/page.html").write_bytes(page)
    (folder / "intrusion/key.json").write_bytes(key)
    return folder


@pytest.fixture(scope="module")
def key(folder):
    return json.loads((folder / "intrusion/key.json").read_text())


def saved(path, page, answers):
    path.write_text(json.dumps({"page": page, "answers": answers}))
    return path


def test_the_key_names_the_intruder_and_the_page_does_not(folder, key):
    text = (folder / "intrusion/page.html").read_text(encoding="utf-8")
    for name, task in key["tasks"].items():
        part = re.search(rf'<fieldset id="{name}">.*?</fieldset>', text, re.DOTALL)
        assert part is not None
        items = re.findall(r'value="(\d+)">(?:<span>(.*?)</span>|<img src="(.*?)")', part[0])
        assert len(items) == task["n_items"]
        if task["group"] == "colours":
            assert items[task["intruder"] - 1][1].startswith("odd")
            assert items[task["judged"] - 1][1].startswith("odd") == (task["judged"] == task["intruder"])
        else:
            assert task["judged"] == task["intruder"]
            assert sum(item[2] == items[task["intruder"] - 1][2] for item in items) == 1
    assert "secret-method" not in text
    assert "colours" not in text
    assert "&lt;i&gt;grey" in text
    # Intruders stand at different places.
    assert len({task["intruder"] for task in key["tasks"].values()}) > 1


def test_the_same_tasks_give_the_same_page(folder):
    assert intrusion_page(tasks(), **WORDS)[0] == (folder / "intrusion/page.html").read_bytes()
    assert intrusion_page(tasks(), **WORDS, seed=1)[0] != (folder / "intrusion/page.html").read_bytes()
    for broken in ([], [Task(("a", "b"), group="g")]):
        with pytest.raises(ValueError, match="at least three items"):
            intrusion_page(broken, **WORDS)


def test_word_intrusion_from_codes():
    """Two topics of words, a dead code, and an embedding that knows the topics."""
    words = ["dog", "cat", "horse", "cow", "piano", "flute", "drum", "cello"]
    topic = np.repeat(np.eye(2), 4, axis=0).astype(np.float32)
    codes = np.concatenate([topic * (1 + np.arange(8)[:, None]), np.zeros((8, 1))], axis=1).astype(np.float32)
    found = tasks_of(codes, words, topic, group="topics", n_top=3)
    assert [set(task.items[1:]) for task in found] == [{"cow", "horse", "cat"}, {"cello", "drum", "flute"}]
    assert found[0].items[0] in words[4:]
    assert found[1].items[0] in words[:4]
    assert [task.judged for task in found] == [0, 0]
    assert b"<span>flute</span>" in intrusion_page(found, **WORDS)[0]
    with pytest.raises(ValueError, match="8 rows of codes and 7 items"):
        tasks_of(codes, words[:7], group="topics")


def test_scores_of_two_people(folder, key, tmp_path):
    """One finds every intruder; the other answers one task, wrongly, in a CSV."""
    right = saved(tmp_path / "a.json", key["page"], {name: task["intruder"] for name, task in key["tasks"].items()})
    name, task = next((n, t) for n, t in key["tasks"].items() if t["group"] == "colours")
    wrong = tmp_path / "b.csv"
    wrong.write_text(f"page,task,chosen\n{key['page']},{name},{task['intruder'] % 5 + 1}\n")
    scores = score_answers(folder / "intrusion/key.json", [right, wrong]).set_index("group")
    assert list(scores.index) == ["colours", "secret-method", "all"]
    assert scores["n_right"].to_dict() == {"colours": 4, "secret-method": 2, "all": 6}
    assert scores["n_answers"].to_dict() == {"colours": 5, "secret-method": 2, "all": 7}
    interval = stats.binomtest(4, 5).proportion_ci(method="wilson")
    assert scores.loc["colours", ["low", "high"]].tolist() == pytest.approx([interval.low, interval.high])
    assert scores["chance"]["colours"] == pytest.approx(1 / 5)
    assert scores["judged"]["secret-method"] == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"answers": {"t999": 1}}, "no task 't999'"),
        ({"answers": {"t001": 6}}, "items 1 to"),
        ({"answers": {"t001": "two"}}, "must be the number of an item"),
        ({"answers": {"t001": True}}, "must be the number of an item"),
        ({"answers": {"t001": 1.5}}, "must be the number of an item"),
        ({"answers": {}}, "no task is answered"),
        ({"page": "other", "answers": {"t001": 1}}, "answers page other"),
        ([1, 2], "no file of answers"),
    ],
)
def test_broken_answers_are_one_line(content, words, folder, key, tmp_path):
    content = {"page": key["page"], **content} if isinstance(content, dict) else content
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=words) as caught:
        score_answers(folder / "intrusion/key.json", [tmp_path / "a.json"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", "{", "not valid JSON"),
        ("a.csv", "task,chosen\nt001,1\n", "columns must be page, task, chosen"),
        ("a.csv", "page,task,chosen\nPAGE,t001,1\nPAGE,t001,2\n", "answers a task twice"),
    ],
)
def test_broken_files_are_one_line(name, text, words, folder, key, tmp_path):
    (tmp_path / name).write_text(text.replace("PAGE", key["page"]))
    with pytest.raises(UserError, match=words):
        score_answers(folder / "intrusion/key.json", [tmp_path / name])
    with pytest.raises(UserError, match="no such file"):
        score_answers(tmp_path / "nowhere.json", [tmp_path / name])


def test_answered_in_a_browser_and_scored_by_the_command(folder, key, open_page, tmp_path):
    """On a phone: nothing to scroll sideways; both kinds of files hold what was chosen."""
    page = open_page(folder / "intrusion/page.html", viewport={"width": 390, "height": 844}, accept_downloads=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    chosen = {name: task["intruder"] for name, task in list(key["tasks"].items())[:3]}
    for name, place in chosen.items():
        page.locator(f'input[name="{name}"][value="{place}"]').check()
    assert page.locator("#progress").text_content() == "3 of 6 answered"
    files = []
    for kind in ("json", "csv"):
        with page.expect_download() as download:
            page.locator(f"#{kind}").click()
        files.append(tmp_path / f"answers.{kind}")
        download.value.save_as(files[-1])
    assert json.loads(files[0].read_text()) == {"page": key["page"], "answers": chosen}
    assert files[1].read_text().splitlines()[1:] == [f"{key['page']},{name},{place}" for name, place in chosen.items()]
    done = CliRunner().invoke(cli, ["intrusion", str(folder), *map(str, files)])
    assert done.exit_code == 0, done.output
    assert "all: 6 of 6 intruders found, 1.00" in done.output
    assert (folder / "intrusion/scores.csv").is_file()


def test_dark_and_printed(folder, open_page):
    page = open_page(folder / "intrusion/page.html", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 24, 27)"
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("footer").is_visible()
