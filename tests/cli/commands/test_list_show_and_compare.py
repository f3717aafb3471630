"""list, show and compare: what a person sees in every width, and what a program gets."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

import swereg
from swereg.errors import NotFound, StorageError
from swereg.evaluation.comparison import Comparison, compare, examine
from swereg.plugins import entry_points
from swereg.records import formatting
from swereg.records.entry import Entry
from tests.cli.conftest import KB, LORA, Run, entry, evidence, full

MARKUP = "se [/red] [bold]här[/bold] :smile: \x1b[31m\x07"


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """Put entries behind the front door."""
    val_only = {"val": {"loss": 0.7, "accuracy": 0.5, "macro_f1": 0.4}}
    rank8 = entry().recipe.__class__(settings={**LORA, "r": 8, "alpha": 16.0}, device="cpu")
    found = [
        entry("sentiment", 2, aliases=("prod", "test"), recipe=rank8),
        full(),
        entry("sentiment", 1, note=MARKUP, base=KB),
        entry("ärende", 1, "lora-fa", scores=val_only, labels=("[/x]", "två")),
    ]
    monkeypatch.setattr(
        entry_points, "installed_plugins", cache(entry_points.installed_plugins)
    )  # the same all the time
    monkeypatch.setattr(swereg, "list", lambda **_: found, raising=False)
    monkeypatch.setattr(swereg, "show", lambda ref, **_: found[2], raising=False)
    known = evidence(*found)
    monkeypatch.setattr(swereg, "examine", lambda *_, **__: examine(known[2]), raising=False)

    def compared(*refs: str, **options: Any) -> Comparison:
        for elsewhere in ("registry", "task", "where", "seeds", "limit"):
            del options[elsewhere]
        return compare(known[: 2 if len(refs) == 2 else 3], **options)

    monkeypatch.setattr(swereg, "compare", compared, raising=False)
    return found


VIEWS = ["--errors", "--confusion", "--calibration", "--per-label"]
COMMANDS = [
    ["list"],
    ["show", "x"],
    ["show", "x", *VIEWS],
    ["compare", "x"],
    ["compare", "x", "y"],
    ["tasks"],
    ["methods"],
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_nothing_is_wider_than_the_terminal(
    command: list[str], width: int, cli: Run, stored: list[Entry]
) -> None:
    done = cli(*command, tty=True, width=width)
    assert done.code == 0, done.err
    assert max(len(line.rstrip()) for line in done.out.splitlines()) <= width


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_no_encoding_breaks_it(
    command: list[str], encoding: str, cli: Run, stored: list[Entry]
) -> None:
    for tty in (True, False):
        assert cli(*command, tty=tty, encoding=encoding).code == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_json_is_ascii_and_has_a_version(command: list[str], cli: Run, stored: list[Entry]) -> None:
    done = cli(*command, "--json", tty=True, encoding="ascii")
    assert json.loads(done.raw)["schema_version"] == 1
    assert done.raw.isascii()


def test_a_person_sees_the_columns_that_fit(cli: Run, stored: list[Entry]) -> None:
    wide = cli("list", tty=True, width=200).out
    for word in (
        "trainable",
        "0.1193 %",
        "599 kB",
        "499 MB",
        "0.3100",
        "0.880",
        "prod, test",
        "lora r=8",
        "bert-base-swedish-cased",
        "0.500 val",
        "2026-01-10",
    ):
        assert word in wide
    narrow = cli("list", tty=True, width=40)
    assert "sentiment-full/1" in narrow.out
    assert "val loss" in narrow.out
    assert "trainable" not in narrow.out
    assert "trainable" in narrow.err  # it is said what is left out
    assert "sentiment-full/1" in cli("list", tty=True, width=20).out


def test_a_program_gets_every_column_and_exact_values(cli: Run, stored: list[Entry]) -> None:
    done = cli("list", width=20)
    header, first, *_ = (line.split("\t") for line in done.raw.splitlines())
    row = dict(zip(header, first, strict=True))
    assert row["ref"] == "sentiment/2"
    assert row["size"] == "598776"
    assert row["created"] == "2026-01-10T12:00:00Z"
    assert row["settings"] == "r=8, alpha=16, dropout=0.2, targets=query+value"
    assert row["aliases"] == "prod,test"
    assert (row["accuracy"], row["accuracy_split"]) == ("0.88", "test")
    assert done.err == ""


def test_a_program_gets_comparisons_as_rows(cli: Run, stored: list[Entry]) -> None:
    header, *rows = (line.split("\t") for line in cli("compare", "x").raw.splitlines())
    found = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert found["sentiment-full/1"]["baseline"] == "True"
    assert found["sentiment-full/1"]["accuracy"] == "0.9"
    assert "val_loss" in found["sentiment/2"]["best"].split(",")
    assert float(found["sentiment/2"]["difference"]) == pytest.approx(-0.02)
    low, high = (float(found["sentiment/2"][f"accuracy_{side}"]) for side in ("low", "high"))
    assert low < 0.88 < high


def test_references_alone(cli: Run, stored: list[Entry]) -> None:
    assert cli("list", "-q", tty=True).raw.split() == [e.ref for e in stored]


def test_what_is_not_listed_is_counted(cli: Run, stored: list[Entry]) -> None:
    done = cli("list", "--limit", "3", "-q")
    assert len(done.out.split()) == 3
    assert "1 more" in done.err
    everything = cli("list", "--limit", "3", "--all", "--json")
    assert len(json.loads(everything.out)["entries"]) == 4
    assert everything.err == ""


@pytest.mark.parametrize("missing", [None, "registry.missing", "storage.empty"])
def test_an_empty_registry_is_no_error(
    missing: str | None, cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def entries(**_: Any) -> list[Entry]:
        if missing:
            kind = NotFound if missing.startswith("registry") else StorageError
            raise kind("there is none at x", hint="Type: swereg train", code=missing)
        return []

    monkeypatch.setattr(swereg, "list", entries, raising=False)
    done = cli("list")
    assert (done.code, done.out) == (0, "")
    assert "swereg train" in done.err
    assert json.loads(cli("list", "--json").out)["entries"] == []


def test_listing_makes_no_registry(cli: Run, home: Any) -> None:
    assert cli("list").code == 0
    assert not home.exists()


def test_markup_in_data_is_text_and_control_characters_are_harmless(
    cli: Run, stored: list[Entry]
) -> None:
    done = cli("show", "x", tty=True, width=100)
    assert "se [/red] [bold]här[/bold] :smile: \\x1b[31m\\x07" in done.out
    assert "\x1b[31m" not in done.raw
    assert "\x07" not in done.raw


def test_show_draws_the_curve_with_its_best_epoch(cli: Run, stored: list[Entry]) -> None:
    lines = cli("show", "x", tty=True).out.splitlines()
    curve, mark = (next(x for x in lines if x.startswith(n)) for n in ("val loss", "best epoch"))
    assert curve.split()[2] == "▇▅▃▄▄"
    assert mark.index("^") - curve.index("▇") == 2
    assert "3 of 5" in mark
    text = cli("show", "x", tty=True, encoding="ascii").out
    assert text.replace("?", "").isascii()


def test_show_says_everything(cli: Run, stored: list[Entry]) -> None:
    said = cli("show", "x", tty=True, width=200).out
    for fact in (
        "sentiment/1",
        "negativ, positiv",
        "none",
        "3 of 400 in train",
        "d0c5d0c5d0c5",
        KB.fingerprint,
        KB.revision,
        "ab12" * 16,
        "148,994 of 124,838,404",
        "torch",
        "r=4, alpha=8",
        "learning rate 0.0001",
        "seed 42",
        "ROC-AUC 0.951",
    ):
        assert fact in said


def test_compare_marks_the_best_the_noise_and_the_differences_to_the_baseline(
    cli: Run, stored: list[Entry]
) -> None:
    done = cli("compare", "x", tty=True, width=160)
    assert "100 test examples" in done.out
    lines = {line.split()[0]: line for line in done.out.splitlines() if line}
    assert "0.900 (0.84 to 0.95) *" in lines["sentiment-full/1"]
    assert "0.880 (0.81 to 0.94) ~" in lines["sentiment/2"]
    assert "-0.020 (-0.05 to +0.00)" in lines["sentiment/2"]
    assert "differences are to sentiment-full/1" in done.err
    assert "note: These entries sit on different bases" in done.err


def test_two_entries_are_compared_in_every_detail(cli: Run, stored: list[Entry]) -> None:
    done = cli("compare", "x", "y", tty=True, width=120)
    lines = {line.split()[0]: line for line in reversed(done.out.splitlines()) if line}
    assert lines["accuracy"].split()[1:] == [
        "0.880",
        "(0.81",
        "to",
        "0.94)",
        "0.900",
        "(0.84",
        "to",
        "0.95)",
        "+0.020",
        "(+0.00",
        "to",
        "+0.05)",
    ]
    assert "499 MB" in lines["size"]
    assert lines["method"].split() == ["method", "lora", "full"]
    assert "not distinguishable on these n = 100 test examples" in done.out
    markdown = cli("compare", "x", "y", "--md").out
    assert "| accuracy | 0.880 (0.81 to 0.94) |" in markdown
    assert "not distinguishable" in markdown
    facts = json.loads(cli("compare", "x", "y", "--json").out)["between"]
    assert facts["verdict"] == "indistinguishable"
    assert facts["pair"]["mcnemar"]["only_b"] == 2


@pytest.mark.parametrize("command", [["list"], ["compare", "x"]])
def test_tables_come_as_markdown_and_csv(command: list[str], cli: Run, stored: list[Entry]) -> None:
    header, rule, *rows = cli(*command, "--md").out.splitlines()
    assert header.count(" | ") == rule.count(" | ") == rows[0].count(" | ")
    assert "sentiment-full/1" in rows[1]
    header, *rows = csv.reader(cli(*command, "--csv", tty=True).raw.splitlines())
    assert header[0] == "ref"
    assert dict(zip(header, rows[1], strict=True))["accuracy"] == "0.9"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["list", "--fail-if", "accuracy<0.8"], 4),
        (["list", "--fail-if", "val_loss>0.9"], 0),
        (["list", "--fail-if", "roc_auc<0.1"], 4),  # ärende/1 has none
        (["compare", "x", "--fail-if", "accuracy<0.85"], 0),
        (["compare", "x", "--fail-if", "accuracy<0.89"], 4),
        (["compare", "x", "y", "--fail-if", "worse"], 0),
        (["compare", "x", "--fail-if", "worse"], 2),
        (["compare", "x", "--fail-if", "acuracy<0.89"], 2),
        (["compare", "x", "--fail-if", "accuracy"], 2),
    ],
)
def test_scripts_notice(arguments: list[str], code: int, cli: Run, stored: list[Entry]) -> None:
    done = cli(*arguments)
    assert done.code == code
    if code == 4:
        assert "/1: " in done.err or "/2: " in done.err
    if "acuracy<0.89" in arguments:
        assert "Did you mean accuracy?" in done.err


def test_views_show_what_the_answers_were(cli: Run, stored: list[Entry]) -> None:
    shown = cli("show", "x", *VIEWS, tty=True, width=100).out
    assert "12 wrong answers" in shown
    assert "answers by their probability" in shown
    rows = [line.split("\t") for line in cli("show", "x", "--confusion").raw.splitlines()]
    assert rows == [["true", "negativ", "positiv"], ["negativ", "44", "6"], ["positiv", "6", "44"]]
    rows = [line.split("\t") for line in cli("show", "x", "--errors").raw.splitlines()]
    assert len(rows) == 13
    assert rows[1][0] == "88"
    facts = json.loads(cli("show", "x", "--per-label", "--json").out)
    assert facts["report"]["labels"][0]["recall"] == 0.88


def test_no_color_means_no_colour(
    cli: Run, stored: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b[1m" in cli("compare", "x", tty=True).raw
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in cli("compare", "x", tty=True).raw


def test_a_dumb_terminal_gets_no_escapes(cli: Run, stored: list[Entry]) -> None:
    assert "\x1b" not in cli("list", tty=True, term="dumb", width=60).raw


def test_figures() -> None:
    sizes = (0, 944, 1000, 5_600, 598_776, 999_700, 498_800_000, 3e12)
    assert [formatting.size(n) for n in sizes] == [
        "0 B",
        "944 B",
        "1.0 kB",
        "5.6 kB",
        "599 kB",
        "1.0 MB",
        "499 MB",
        "3000 GB",
    ]
    assert [formatting.duration(n) for n in (0.04, 9.96, 59.7, 185, 3599.7, 7500, -185)] == [
        "0.0 s",
        "10 s",
        "1 min 00 s",
        "3 min 05 s",
        "1 h 00 min",
        "2 h 05 min",
        "-3 min 05 s",
    ]
    assert [formatting.percent(n) for n in (0.11934949, 100.0, 3.919)] == [
        "0.1193 %",
        "100 %",
        "3.919 %",
    ]
    now = datetime(2026, 1, 10, 12, tzinfo=UTC)
    times = (
        "2026-01-10T12:00:05Z",
        "2026-01-10T11:57:00.5Z",
        "2026-01-10T01:00:00Z",
        "2026-01-01T00:00:00Z",
        "2025-11-01T00:00:00Z",
    )
    assert [formatting.ago(t, now) for t in times] == [
        "just now",
        "2 min ago",
        "11 h ago",
        "9 d ago",
        "2025-11-01",
    ]


@pytest.mark.parametrize(
    ("length", "best", "columns"), [(1, 0, 8), (5, 2, 8), (50, 7, 8), (9, 8, 1)]
)
def test_sparklines_keep_the_best_epoch(length: int, best: int, columns: int) -> None:
    values = [abs(i - best) / length for i in range(length)]
    (line,), column = formatting.sparklines(values, marked=best, columns=columns, unicode=False)
    assert len(line) == min(length, columns)
    assert line[column] == "_"
