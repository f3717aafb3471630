"""Task files: what they say, what they may not say, and those that ship."""

from __future__ import annotations

import tomllib
import unicodedata
from pathlib import Path

import pytest

from swereg.api.arguments import task_data
from swereg.datasets.tasks import benchmarks
from swereg.datasets.tasks.toml_files import read_task
from swereg.errors import DataError, NotFound, UsageError
from swereg.records import refs
from swereg.records.dataset import ReadOptions, Task
from tests.datasets.conftest import CSV, ROWS, Write, table

ROOT = Path(__file__).parents[3]
PLAIN = 'name = "omdömen"\nsource = "data.csv"\n'


@pytest.fixture
def task_file(write: Write) -> Write:
    """Write a task file beside its data."""
    write(CSV)

    def _write(content: str, name: str = "task.toml") -> Path:
        return write(content, name)

    return _write


def test_a_task_file_says_all_of_a_task(task_file: Write, write: Write) -> None:
    write("Fritext;Klass\n" + "".join(f"{t};{k[:3]}\n" for t, k in ROWS), "texts.csv")
    task = read_task(
        task_file("""
        name = "omdömen"
        description = "Är ett omdöme bra?"
        source = "texts.csv"
        labels = ["positiv", "negativ"]
        licence = "CC0-1.0"
        homepage = "https://example.org"
        citation = "Någon (2024)"
        metric = "macro_f1"
        mapping = {pos = "positiv", neg = "negativ"}
        [columns]
        text = "fritext"
        label = "klass"
        [reading]
        delimiter = ";"
        seed = 7
    """)
    )
    assert (task.name, task.labels) == ("omdömen", ("positiv", "negativ"))
    assert (task.licence, task.metric, task.needs_hub) == ("CC0-1.0", "macro_f1", False)
    assert (task.homepage, task.citation) == ("https://example.org", "Någon (2024)")
    dataset = task.read()
    assert dataset.labels == ("positiv", "negativ")
    assert dataset.counts("train") == {"positiv": 16, "negativ": 16}
    assert "with seed 7" in dataset.notices[0]


def test_labels_are_optional_and_names_are_in_any_unicode_form(task_file: Write) -> None:
    path = task_file(unicodedata.normalize("NFD", PLAIN))
    task = read_task(path)
    assert (task.name, task.labels) == ("omdömen", ())
    assert task.read().labels == ("negativ", "positiv")


def test_splits_are_files_of_a_folder(task_file: Write, write: Write) -> None:
    for name in ("a", "b"):
        write(table([(f"{t} {name}", k) for t, k in ROWS]), f"{name}.csv")
    path = task_file('name = "x"\nsource = "."\n[splits]\ntrain = "b.csv"\nval = "a.csv"\n')
    assert read_task(path).read().val[0].text.endswith("a")


def test_scores_are_put_into_bins(task_file: Write, write: Write) -> None:
    scores = ["1,0", "2.4", "2.5", "3.4", "3.5", "5"]
    rows = [f"{t} {n}\t{s}\n" for n, s in enumerate(scores) for t, _ in ROWS]
    write("text\tlabel\n" + "".join(rows), "scores.tsv")
    said = 'name = "x"\nsource = "scores.tsv"\nlabels = ["low", "mid", "high"]\nbins = [2.5, 3.5]\n'
    path = task_file(said)
    dataset = read_task(path).read()
    assert dataset.labels == ("low", "mid", "high")
    assert set(dataset.counts("train").values()) == {64}
    write("text\tlabel\n" + "".join(rows) + "Hej\tbra\n", "scores.tsv")
    with pytest.raises(DataError) as caught:
        read_task(path).read()
    assert caught.value.code == "data.labels-bins"
    assert "scores.tsv:242" in caught.value.what


def test_leakage_is_dropped_by_the_file_or_by_the_caller(task_file: Write, write: Write) -> None:
    write(table(ROWS[:6]), "val.csv")
    said = 'name = "x"\nsource = "."\n[splits]\ntrain = "data.csv"\nval = "val.csv"\n'
    path = str(task_file(said))
    with pytest.raises(DataError) as caught:
        task_data.task_and_data(path, None, ReadOptions(), None)
    assert caught.value.code == "data.leakage"
    assert len(task_data.task_and_data(path, None, ReadOptions(dedupe=True), None)[1].train) == 34
    path = str(task_file(f"{said}[reading]\ndedupe = true\n"))
    assert len(task_data.task_and_data(path, None, ReadOptions(), None)[1].train) == 34


def test_a_task_file_goes_with_other_data(task_file: Write, write: Write) -> None:
    path = task_file(PLAIN + 'labels = ["positiv", "negativ"]\n')
    task, dataset = task_data.task_and_data(str(path), write(CSV, "other.csv"), ReadOptions(), None)
    assert (task.name, dataset.labels) == ("omdömen", ("positiv", "negativ"))


HOSTILE = [
    # what is wrong, the file, what the message has
    ("nothing", "", "does not say name"),
    ("no TOML", "name = complaints", "task.toml:1 is not TOML"),
    ("no UTF-8", b'name = "\xe5"', "is not TOML"),
    ("a zero", b'name = "a\0"', "is not TOML"),
    ("twice", 'name = "a"\nname = "b"', "is not TOML"),
    ("deep", "x = " + "[" * 5000, "is not TOML"),
    ("large", "#" * 2**19, "at most"),
    ("a typo", PLAIN + 'lables = ["a", "b"]', "Did you mean labels?"),
    ("a typo in a table", PLAIN + '[columns]\ntxt = "a"', "Did you mean text?"),
    ("code", PLAIN + '[reading]\nhook = "os.system"', "which is not known"),
    ("a number for a name", 'name = 7\nsource = "x"', "name = '7'"),
    ("an empty source", 'name = "x"\nsource = " "', "not empty"),
    ("no list", PLAIN + 'labels = "a"', "list of two texts"),
    ("one label", PLAIN + 'labels = ["a"]', "list of two texts"),
    ("numbers for labels", PLAIN + "labels = [0, 1]", "list of two texts"),
    ("no table", PLAIN + 'columns = "text"', "a table: [columns]"),
    ("a label twice", PLAIN + 'labels = ["å", "a\u030a"]', "names a label twice"),
    ("mapped to nothing", PLAIN + 'labels = ["a", "b"]\nmapping = {x = "c"}', "'c'"),
    (
        "bins and mapping",
        PLAIN + 'labels = ["a", "b"]\nbins = [1]\nmapping = {x = "a"}',
        "do not go together",
    ),
    ("too few bins", PLAIN + 'labels = ["a", "b", "c"]\nbins = [1]', "1 borders in bins for 3"),
    ("bins that fall", PLAIN + 'labels = ["a", "b", "c"]\nbins = [2, 1]', "larger"),
    ("bins without labels", PLAIN + "bins = [1]", "for 0 labels"),
    ("nan", PLAIN + 'labels = ["a", "b"]\nbins = [nan]', "list of numbers"),
    ("a metric of its own", PLAIN + 'metric = "macro-f1"', "Did you mean macro_f1?"),
    ("no train", PLAIN + '[splits]\nval = "x.csv"', "none for train"),
    ("yes for true", PLAIN + '[reading]\ndedupe = "yes"', "true or false"),
    ("true for a number", PLAIN + "[reading]\nskip_bad_rows = true", "whole number"),
    ("a bad name", 'name = "Å Ä"\nsource = "x"', "task name"),
    ("a bad spec", 'name = "x"\nsource = "hub:a/b[x=1]"', "which is not known"),
    (
        "columns twice",
        'name = "x"\nsource = "hub:a/b[text=c]"\n[columns]\ntext = "d"',
        "source says text",
    ),
]


@pytest.mark.parametrize(
    ("content", "said"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE]
)
def test_what_a_task_file_may_not_say(content: str | bytes, said: str, write: Write) -> None:
    with pytest.raises(UsageError) as caught:
        read_task(write(content, "task.toml"))
    assert said in str(caught.value)


def test_missing_files_are_not_found(task_file: Write, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_task(tmp_path / "none.toml")
    task = read_task(task_file('name = "x"\nsource = "none.csv"'))
    with pytest.raises(NotFound):
        task.read()


TASKS = [task for task in vars(benchmarks).values() if isinstance(task, Task)]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_task_that_ships_is_complete_and_needs_the_hub(task: Task) -> None:
    assert task.needs_hub
    assert all((task.description, task.licence, task.homepage, task.citation, task.metric))
    refs.check_name(task.name, noun="task name")
    with pytest.raises(NotFound) as caught:
        task.read()
    assert caught.value.code == "hub.unreachable"


def test_all_that_ship_are_entry_points() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    points = project["entry-points"]["swereg.tasks"]
    assert {path.stem for path in benchmarks.FOLDER.iterdir()} == {task.name for task in TASKS}
    for task in TASKS:
        module, name = points[task.name].split(":")
        assert module == benchmarks.__name__
        assert getattr(benchmarks, name) is task
