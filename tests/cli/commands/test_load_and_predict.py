"""load and predict: texts in, answers out."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path

import pytest

import swereg
from swereg.adapters import products
from swereg.errors import UsageError
from swereg.records.dataset import Dataset, Example, Task
from swereg.testing import make_base
from tests.cli.conftest import Run

FEELINGS = ("negativ", "positiv")
PLACES = ("gata", "park", "skola")
MODELS = [
    ("sentiment", FEELINGS, "lora", 8),
    ("sentiment", FEELINGS, "lora", 8),
    ("errand", PLACES, "head", 64),
    ("sentiment-full", FEELINGS, "full", 64),
    ("errand-full", PLACES, "full", 64),
]
LONG = "fem ord i en text som är för lång"


def task(labels: tuple[str, ...]) -> Task:
    train, val, test = (
        tuple(Example(f"{label} {part} {i}", label) for i in range(3) for label in labels)
        for part in ("mat", "tåg", "dag")
    )
    return Task("t", read=lambda: Dataset(labels, train, val, test))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with five entries on its base, and one on another."""
    folder = tmp_path_factory.mktemp("shop")
    bases = [make_base(folder / "base"), make_base(folder / "elsewhere", seed=5)]
    every = [(*model, bases[0]) for model in MODELS]
    every.append(("other", FEELINGS, "head", 64, bases[1]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWEREG_HOME", str(folder / "home"))
        for name, labels, method, longest, base in every:
            swereg.train(
                task(labels),
                method=method,
                name=name,
                base=str(base),
                epochs=1,
                max_length=longest,
                registry=folder / "registry.db",
            )
    return folder


@pytest.fixture(autouse=True)
def registry(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let every command use the registry of the shop."""
    monkeypatch.setenv("SWEREG_REGISTRY", str(shop / "registry.db"))
    return shop / "registry.db"


def rows(printed: str) -> list[list[str]]:
    """The tab-separated rows without their scores, which are checked."""
    found = [line.split("\t") for line in printed.splitlines()]
    assert all(re.fullmatch(r"[01]\.\d{6}", row[-2]) for row in found)
    return [[*row[:-2], row[-1]] for row in found]


def label(ref: str, text: str) -> str:
    """What an entry answers when it is alone."""
    return swereg.load(ref).predict([text])[0].label


def test_a_pipe_gets_label_score_and_text(cli: Run) -> None:
    done = cli("predict", "sentiment", "Maten var god", "två\tord\n")
    assert rows(done.out) == [
        [label("sentiment", "Maten var god"), "Maten var god"],
        [label("sentiment", "två\tord"), "två\\tord"],
    ]


def test_a_person_gets_a_table_that_wraps_its_texts(cli: Run) -> None:
    done = cli("predict", "sentiment", "[bold]ord[/fel] " * 9, tty=True, width=40)
    assert done.out.split()[:3] == ["label", "score", "text"]
    assert re.search(r"(positiv|negativ)  0\.\d{4}  \[bold\]ord\[/fel\]", done.out)
    assert max(len(line.rstrip()) for line in done.out.splitlines()) <= 40


def test_bf16_answers_nearly_the_same(cli: Run) -> None:
    """It is slow on some processors, and that is said on those alone."""
    texts, refs = ["mat", "tåg", "positiv dag"], ("sentiment", "sentiment-full")
    exact = cli("predict", ",".join(refs), *texts).out.splitlines()
    predicted = cli("predict", ",".join(refs), *texts, "--precision", "bf16")
    loaded = cli("load", *refs, "--precision", "bf16", stdin="\n".join(texts).encode())
    bank = swereg.Bank(refs, precision="bf16")
    found = [answer.score for text in texts for ref in refs for answer in bank.predict([text], ref)]
    found += [
        swereg.predict(ref, [text], precision="bf16")[0].score for text in texts for ref in refs
    ]
    for said in (predicted, loaded):
        assert said.code == 0, said.err
        assert ("more slowly" in said.err) == products.bf16_is_slow()
        found += [float(line.split("\t")[2]) for line in said.out.splitlines()]
    wanted = [float(line.split("\t")[2]) for line in exact] * 4
    assert found == pytest.approx(wanted, abs=0.02)
    assert found != pytest.approx(wanted, abs=1e-5)
    assert "more slowly" not in cli("predict", refs[0], "mat").err
    for ask in (swereg.load, swereg.Bank, lambda *_, **said: swereg.predict("x", ["mat"], **said)):
        with pytest.raises(UsageError) as caught:
            ask(refs[0], precision="int4")
        assert caught.value.code == "precision.unknown"


def test_several_entries_answer_each_text_in_the_order_asked(cli: Run) -> None:
    texts = ["Maten var god", "Hål i vägen"]
    done = cli("predict", "sentiment/1,errand,sentiment-full", *texts)
    assert rows(done.out) == [
        [ref, label(ref, text), text]
        for text in texts
        for ref in ("sentiment/1", "errand/1", "sentiment-full/1")
    ]


def test_a_person_sees_whose_answer_it_is(cli: Run) -> None:
    done = cli("predict", "errand,sentiment", "Hål i vägen", tty=True)
    header, first, second = (line.split() for line in done.out.splitlines())
    assert header == ["entry", "label", "score", "text"]
    assert (first[0], first[3:]) == ("errand/1", ["Hål", "i", "vägen"])
    assert second[:2] == ["sentiment/2", label("sentiment", "Hål i vägen")]


def test_a_narrow_terminal_keeps_entry_and_label(cli: Run) -> None:
    done = cli("predict", "errand,sentiment", LONG, tty=True, width=30)
    assert done.out.split()[:3] == ["entry", "label", "score"]
    assert max(len(line.rstrip()) for line in done.out.splitlines()) <= 30
    assert "not shown in this width: text" in done.err
    narrow = cli("predict", "errand,sentiment", LONG, tty=True, width=20)
    assert narrow.out.split()[:2] == ["entry", "label"]


def test_an_entry_is_asked_once_however_it_is_named(cli: Run) -> None:
    done = cli("predict", "sentiment,sentiment/2, sentiment@latest", "Maten")
    assert [row[0] for row in rows(done.out)] == ["sentiment/2"]
    done = cli("load", "sentiment", "errand", "sentiment:2", stdin=b"Maten\n")
    assert [row[0] for row in rows(done.out)] == ["sentiment/2", "errand/1"]
    assert len(done.err.splitlines()) == 2


@pytest.mark.parametrize(
    "command", [["predict", "sentiment,nothing", "Maten"], ["load", "sentiment", "nothing"]]
)
def test_an_unknown_entry_among_several_stops_all(command: list[str], cli: Run) -> None:
    done = cli(*command, stdin=b"Maten\n")
    assert (done.code, done.out) == (3, "")
    assert "nothing" in done.err.splitlines()[0]


def test_a_reference_that_is_missing_between_commas_is_refused(cli: Run) -> None:
    assert cli("predict", "sentiment,", "Maten").code == 2


def test_many_texts_go_in_pieces(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = "".join(f"text {i}\n" for i in range(5)).encode()
    whole = cli("predict", "sentiment,errand", stdin=texts)
    monkeypatch.setattr("swereg.api.predict.PIECE", 2)
    pieces = cli("predict", "sentiment,errand", "--csv", stdin=texts, tty=True)
    (_, *found) = csv.reader(io.StringIO(pieces.out))
    assert [[*row[:2], row[3]] for row in found] == rows(whole.out)
    assert len(found) == 10


def test_blank_lines_and_cut_texts_are_counted(cli: Run) -> None:
    done = cli("predict", "sentiment", stdin=f"a\r\n\r\n  \n{LONG}\n".encode())
    assert [line.split("\t")[2] for line in done.out.splitlines()] == ["a", LONG]
    assert "left out 2 blank lines" in done.err
    assert "1 of 2 texts cut at 8 tokens" in done.err


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ("tåg\nmat\n".encode(), ""),
        ("tåg\nmat".encode("utf-8-sig"), ""),
        ("tåg\r\nmat\r\n".encode("utf-16"), ""),
        ("tåg\nmat\n".encode("cp1252"), "Windows-1252"),
    ],
)
def test_texts_from_a_file_or_pipe(content: bytes, note: str, cli: Run, tmp_path: Path) -> None:
    path = tmp_path / "texter.txt"
    path.write_bytes(content)
    for done in (
        cli("predict", "errand", "--file", str(path)),
        cli("predict", "errand", stdin=content),
    ):
        assert [line.split("\t")[2] for line in done.out.splitlines()] == ["tåg", "mat"]
        assert note in done.err
        assert "blank" not in done.err


def test_a_file_that_is_not_there(cli: Run, tmp_path: Path) -> None:
    assert cli("predict", "errand", "--file", str(tmp_path / "x")).code == 3
    assert cli("predict", "errand", "--file", str(tmp_path)).code == 1


def test_texts_and_a_file_contradict_each_other(cli: Run) -> None:
    assert cli("predict", "errand", "text", "--file", "x").code == 2
    assert cli("predict", "errand", "text", "--json", "--csv").code == 2


def test_what_is_cut_is_said_for_each_entry(cli: Run) -> None:
    done = cli("predict", "sentiment,errand", LONG, "kort")
    assert "note: sentiment/2: 1 of 2 texts cut at 8 tokens" in done.err
    assert "errand" not in done.err


def test_json_has_the_scores_of_all_labels(cli: Run) -> None:
    found = json.loads(cli("predict", "sentiment/1", "å", "--json").raw)
    assert list(found) == ["schema_version", "ref", "predictions"]
    assert found["ref"] == "sentiment/1"
    (answer,) = found["predictions"]
    assert list(answer) == ["text", "label", "score", "scores", "truncated"]
    assert list(answer["scores"]) == list(FEELINGS)
    assert answer["score"] == max(answer["scores"].values())
    assert (answer["text"], answer["truncated"]) == ("å", False)


def test_json_of_several_entries_says_whose_each_answer_is(cli: Run) -> None:
    found = json.loads(cli("predict", "errand,sentiment", "å", LONG, "--json").raw)
    assert list(found) == ["schema_version", "refs", "predictions"]
    assert found["refs"] == ["errand/1", "sentiment/2"]
    answers = found["predictions"]
    assert [(answer["ref"], answer["text"]) for answer in answers] == [
        ("errand/1", "å"),
        ("sentiment/2", "å"),
        ("errand/1", LONG),
        ("sentiment/2", LONG),
    ]
    assert [len(answer["scores"]) for answer in answers] == [3, 2, 3, 2]
    assert [answer["truncated"] for answer in answers] == [False, False, False, True]


def test_json_has_the_same_shape_without_texts_and_for_an_entry_named_twice(cli: Run) -> None:
    assert json.loads(cli("predict", "errand", "--json").raw)["predictions"] == []
    found = json.loads(cli("predict", "errand,errand", "å", "--json").raw)
    assert found["refs"] == ["errand/1"]
    assert found["predictions"][0]["ref"] == "errand/1"


def test_csv_has_no_formulas_and_survives_a_round_trip(cli: Run) -> None:
    texts = ['=HYPERLINK("x")', "+46", "-1", "@a", "ett, två", 'sa "nej"', "rad\nbryt"]
    done = cli("predict", "errand", "--csv", "--", *texts)
    header, *rows = csv.reader(io.StringIO(done.out))
    assert header == ["label", "score", "text"]
    assert [row[2] for row in rows] == [f"'{t}" if t[0] in "=+-@" else t for t in texts]


def test_csv_of_several_entries_begins_with_the_reference(cli: Run) -> None:
    done = cli("predict", "errand,sentiment", "--csv", "å, ä")
    header, *found = csv.reader(io.StringIO(done.out))
    assert header == ["ref", "label", "score", "text"]
    assert [(row[0], row[3]) for row in found] == [("errand/1", "å, ä"), ("sentiment/2", "å, ä")]


def test_load_says_what_it_loaded_and_every_entry_answers(cli: Run) -> None:
    texts = ["Hålet är kvar", "Tåget"]
    done = cli("load", "sentiment/1", "errand", stdin="Hålet är kvar\n\nTåget\n".encode())
    first, second, *_ = done.err.splitlines()
    assert re.match(r"sentiment/1: lora, [\d,]+ parameters on ", first)
    assert re.search(r", [\d,]+ ms; labels negativ, positiv$", first)
    assert second.startswith("errand/1")
    assert rows(done.out) == [
        [ref, label(ref, text), text] for text in texts for ref in ("sentiment/1", "errand/1")
    ]


def test_entries_of_several_bases_answer_together(cli: Run, shop: Path) -> None:
    refs = ("sentiment/2", "other/1", "errand/1")
    done = cli("load", *refs, stdin=b"Maten\n")
    assert rows(done.out) == [[ref, label(ref, "Maten"), "Maten"] for ref in refs]
    assert str(shop / "elsewhere") in done.err.splitlines()[1]
    assert rows(cli("predict", ",".join(refs), "Maten").out) == rows(done.out)


def test_everything_that_fits_is_loaded_and_the_rest_is_named(cli: Run, shop: Path) -> None:
    done = cli("load", "--all", stdin=b"Maten\n")
    assert [row[0] for row in rows(done.out)] == ["errand/1", "errand-full/1", "sentiment/2"]
    *loaded, other, room, total = done.err.splitlines()
    assert [line.split(":")[0] for line in loaded] == ["errand/1", "errand-full/1", "sentiment/2"]
    assert other.startswith(f"note: left out other/1: on another base, {shop / 'elsewhere'}")
    assert room == (
        "note: left out sentiment-full/1: no room for more than 1 full fine-tune; "
        "--encoders N makes more"
    )
    assert re.fullmatch(r"loaded 3 models in [\d,]+ ms", total)


def test_all_with_more_or_less_room(cli: Run) -> None:
    more = cli("load", "--all", "--encoders", "2", stdin=b"Maten\n")
    assert len(more.out.splitlines()) == 4
    assert "no room" not in more.err
    less = cli("load", "--all", "--capacity", "1", stdin=b"Maten\n")
    assert [row[0] for row in rows(less.out)] == ["errand/1"]
    assert "errand-full/1, sentiment/2, sentiment-full/1: no room within --capacity 1" in less.err


@pytest.mark.parametrize(
    "limits", [["sentiment-full", "errand-full"], ["errand", "sentiment", "--capacity", "1"]]
)
def test_named_entries_that_do_not_fit_are_refused_together(limits: list[str], cli: Run) -> None:
    done = cli("load", *limits, stdin=b"Maten\n")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: 2 entries do not fit at once")
    assert "--encoders" in done.err


def test_named_full_fine_tunes_have_room_where_it_is_given(cli: Run) -> None:
    named = ["sentiment-full", "errand-full"]
    assert cli("load", *named, "--encoders", "2", stdin=b"Maten\n").code == 0
    assert len(cli("predict", ",".join(named), "Maten").out.splitlines()) == 2


def test_load_takes_either_names_or_all(cli: Run) -> None:
    assert cli("load").code == 2
    assert cli("load", "sentiment", "--all").code == 2
    assert cli("load", "--all", "--encoders", "0").code == 2


def test_nothing_to_load(cli: Run, tmp_path: Path) -> None:
    swereg.Registry.open(tmp_path / "empty.db", create=True).close()
    done = cli("load", "--all", "--registry", str(tmp_path / "empty.db"))
    assert done.code == 3
    assert "there is no entry to load" in done.err


def test_a_person_is_asked_at_a_prompt(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["Maten var god", "  ", LONG])

    def typed(prompt: str) -> str:
        try:
            return next(answers)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", typed)
    monkeypatch.setattr("swereg.cli.output.is_terminal", lambda stream=None: True)
    done = cli("load", "sentiment", tty=True)
    assert done.code == 0
    assert done.out.count("sentiment/2") == 2
    assert "Ctrl-D" in done.err
    assert "read only the first 8 tokens" in done.err


def test_nothing_to_predict(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swereg.cli.output.is_terminal", lambda stream=None: stream is sys.stdin)
    done = cli("predict", "sentiment@prod")
    assert done.code == 2
    assert "swereg load sentiment@prod" in done.err
    assert "swereg load sentiment errand" in cli("predict", "sentiment,errand").err
