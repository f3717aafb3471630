"""The promises, each through the real command line in a fresh process."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from swereg.testing import make_base
from tests.command_line import HEAVY, ROWS, as_json, here, listed, shown, swereg, train


def test_what_was_trained_is_listed_compared_and_shown(registry: Path, shop: Path) -> None:
    assert listed() == ["omdöme-full/1", "omdöme/1"]
    entries = json.loads(swereg("list", "--json"))["entries"]
    assert [entry["ref"] for entry in entries] == ["omdöme-full/1", "omdöme/1"]
    compared = json.loads(swereg("compare", "--task", "omdöme", "--json"))
    (baseline,) = [row for row in compared["rows"] if row["baseline"]]
    assert (baseline["ref"], baseline["figures"]["trainable_percent"]) == ("omdöme-full/1", 100)
    assert baseline["intervals"]["accuracy"]["low"] <= baseline["figures"]["accuracy"]
    pair = as_json("compare", "omdöme-full", "omdöme")["between"]
    assert pair["verdict"] in ("better", "worse", "indistinguishable")
    assert pair["sentence"] in here("compare", "omdöme-full", "omdöme", "--md")
    report = as_json("show", "omdöme", "--errors")["report"]
    assert report["figures"]["accuracy"]["value"] == shown("omdöme")["scores"]["test"]["accuracy"]
    entry = shown("omdöme")
    assert entry["labels"] == ["negativ", "positiv"]
    assert entry["base"]["name"] == str(shop / "base")
    assert entry["recipe"]["settings"] == {
        "r": 4,
        "alpha": 8.0,
        "dropout": 0.2,
        "targets": "query+value",
        "layers": "",
        "rank_pattern": "",
        "alpha_pattern": "",
    }
    assert 1 <= len(entry["epochs"]) <= 3


def test_what_was_trained_is_loaded_and_predicts(registry: Path) -> None:
    texts = "härlig mat\nförsenat tåg\n"
    answers = [
        line.split("\t")
        for line in swereg("load", "omdöme/1", "omdöme-full", stdin=texts).splitlines()
    ]
    assert [answer[0] for answer in answers] == ["omdöme/1", "omdöme-full/1"] * 2
    again = [line.split("\t") for line in swereg("predict", "omdöme", stdin=texts).splitlines()]
    assert again == [answer[1:] for answer in answers[::2]]


def test_the_same_command_gives_the_same_entry_under_another_hash_seed(
    registry: Path, shop: Path
) -> None:
    assert swereg(*train(shop), "-q", PYTHONHASHSEED="2") == "omdöme/2\n"
    one, two = shown("omdöme/1"), shown("omdöme/2")
    assert [e["val_loss"] for e in one["epochs"]] == [e["val_loss"] for e in two["epochs"]]
    assert one["weights_digest"] == two["weights_digest"]
    assert one["dataset"] == two["dataset"]


def test_what_goes_out_comes_back_the_same(registry: Path, shop: Path, tmp_path: Path) -> None:
    out, whole = tmp_path / "ut", tmp_path / "hel"
    assert swereg("export", "omdöme/1", "--peft", out) == f"{out}\n"
    assert here("export", "omdöme-full", "--merged", whole) == f"{whole}\n"
    assert (whole / "model.safetensors").is_file()
    assert swereg("import", out, "--name", "åter", "-q") == "åter/1\n"
    assert shown("åter")["weights_digest"] == shown("omdöme/1")["weights_digest"]
    assert here("predict", "åter", "härlig mat")


def test_data_have_a_history(registry: Path, shop: Path, tmp_path: Path) -> None:
    quick = ("--method", "head", "--epochs", 1, "-q")
    assert "Windows-1252" in swereg("data", "check", shop / "omdömen.csv")
    (first,) = as_json("data", "list")["datasets"]
    assert first["entries"] == ["omdöme/1", "omdöme-full/1"]
    out = tmp_path / "ut.csv"
    assert swereg("data", "export", "omdöme", "-o", out) == f"{out}\n"
    assert as_json("data", "check", out)["digest"] == first["digest"]
    rows = out.read_text(encoding="utf-8").splitlines()
    out.write_text("\n".join([*rows, "train,en helt ny rad,positiv"]), encoding="utf-8")
    assert here("train", "--task", "omdöme", "--data", out, *quick) == "omdöme-head/1\n"
    assert swereg("train", "--task", "omdöme", *quick) == "omdöme-head/2\n"
    assert shown("omdöme-head/2")["dataset"] == shown("omdöme-head/1")["dataset"]
    found = as_json("data", "diff", "omdöme", "omdöme-head")
    assert found["counts"] == {"added": 1, "removed": 0, "relabelled": 0, "moved": 0}
    assert found["same"] == 42


def test_texts_can_be_left_out_and_erased(registry: Path, shop: Path, tmp_path: Path) -> None:
    answer = here("predict", "omdöme", "härlig mat")
    text = "en mening som bara finns här"
    more = tmp_path / "mer.csv"
    content = (shop / "omdömen.csv").read_bytes() + f"\r\n{text};positiv".encode("cp1252")
    more.write_bytes(content)
    quick = ("--task", "mer", "--data", more, "--method", "head", "--epochs", 1, "-q")
    assert swereg("train", *quick, "--no-keep-data") == "mer-head/1\n"
    assert "sizes" in as_json("data", "show", "mer-head")
    said = here("train", "--task", "mer", code=3)
    assert "--data FILE" in said
    assert here("train", *quick) == "mer-head/2\n"
    assert text in here("data", "export", "mer-head/1")
    assert here("data", "rm", "mer-head", code=2)
    swereg("data", "rm", "mer-head", "--yes")
    here("data", "rm", "omdöme", "--yes")
    with closing(sqlite3.connect(registry)) as db:
        assert db.execute("SELECT count(content) FROM datasets").fetchone() == (0,)
    assert here("predict", "omdöme", "härlig mat") == answer
    assert shown("omdöme")["scores"]
    assert here("compare", "--task", "omdöme", "--json")
    said = here("data", "check", shop / "omdömen.csv", "--label", "Text", code=4)
    assert "Training would refuse it" in said


def test_another_base_in_the_same_place_is_refused(registry: Path, shop: Path) -> None:
    recorded = shown("omdöme")["base"]["fingerprint"]
    kept = shutil.copytree(shop / "base", shop / "kept")
    try:
        make_base(shop / "base", seed=1)
        said = swereg("predict", "omdöme", "härlig mat", code=4)
        assert f"recorded {recorded}" in said
        assert "found" in said
        assert here("predict", "omdöme", "härlig mat", "--base", kept)
    finally:
        shutil.rmtree(shop / "base")
        kept.rename(shop / "base")


def test_changed_weights_are_refused(registry: Path) -> None:
    with closing(sqlite3.connect(registry)) as db, db:
        db.execute("DROP TRIGGER weights_are_fixed")
        digest = shown("omdöme")["weights_digest"]
        (data,) = db.execute("SELECT data FROM weights WHERE digest = ?", [digest]).fetchone()
        changed = data[:-1] + bytes([data[-1] ^ 1])
        db.execute("UPDATE weights SET data = ? WHERE digest = ?", [changed, digest])
    assert "omdöme/1" in swereg("predict", "omdöme", "härlig mat", code=4)
    assert listed() == ["omdöme-full/1", "omdöme/1"]


def test_a_training_text_that_is_also_in_test_stops_the_run(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        own = [(f"{text} {split}", label) for text, label in ROWS]
        lines = [f"{text}\t{label}" for text, label in [*own, *ROWS[: 2 * (split != "val")]]]
        (tmp_path / f"{split}.tsv").write_text("\n".join(["text\tlabel", *lines]))
    said = swereg("train", "--task", "t", "--data", tmp_path, code=1)
    assert "2 training texts are also in validation or test" in said
    assert "--dedupe" in said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_leaves_the_registry_as_it_was(
    number: signal.Signals, code: int, registry: Path, shop: Path
) -> None:
    endless = train(shop, "--epochs", 5000, "--patience", 5000, "--lr", 0)
    with subprocess.Popen(
        [sys.executable, "-m", "swereg", *map(str, endless)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert any("epoch" in line and "2/5000" in line for line in process.stderr)
        process.send_signal(number)
        out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, ""), said
    assert "the registry is as it was" in said
    assert listed() == ["omdöme-full/1", "omdöme/1"]


def test_a_new_registry_without_kbs_model_takes_mini_and_says_so(shop: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "swereg",
            "train",
            "--task",
            "t",
            "--data",
            str(shop / "omdömen.csv"),
            "--epochs",
            "1",
            "--method",
            "head",
            "-q",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "KB/bert-base-swedish-cased" in done.stderr
    assert "mini" in done.stderr
    assert shown("t-head")["base"]["name"] == "mini"


@pytest.mark.parametrize(
    "command", [["--help"], ["list"], ["show", "omdöme"], ["compare", "--task", "omdöme"]]
)
def test_reading_starts_without_what_is_heavy(command: list[str], registry: Path) -> None:
    code = (
        f"import sys; from swereg.cli import run; code = run({command!r}); "
        "print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stderr.split()) & HEAVY


def test_a_bag_of_words_needs_no_base_and_no_torch(registry: Path, shop: Path) -> None:
    plain = ["train", "--task", "omdöme", "--data", shop / "omdömen.csv", "--method", "tfidf", "-q"]
    assert swereg(*plain, PYTHONHASHSEED="1") == "omdöme-tfidf/1\n"
    assert swereg(*plain, PYTHONHASHSEED="2") == "omdöme-tfidf/2\n"
    one, two = shown("omdöme-tfidf/1"), shown("omdöme-tfidf/2")
    assert one["base"] is None
    assert one["weights_digest"] == two["weights_digest"]
    assert one["dataset"] == shown("omdöme")["dataset"]
    texts = ["HÄRLIG mat i Umeå", "försenat tåg"]
    code = f"""
import sys
from swereg.cli import run
assert run(["predict", "omdöme-tfidf", *{texts!r}]) == 0
assert not {HEAVY - {"sklearn", "alembic"}!r} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["positiv", "negativ"]
    both = here("predict", "omdöme,omdöme-tfidf", *texts).splitlines()
    assert [line for line in both if line.startswith("omdöme-tfidf/2\t")] == [
        f"omdöme-tfidf/2\t{line}" for line in done.stdout.splitlines()
    ]
    said = here(*plain, "--base", shop / "base", "--lr", 1, code=2)
    assert "tfidf has no base, so it cannot use --base, --learning-rate" in said
    assert "has no base" in here("export", "omdöme-tfidf", "--peft", shop / "x", code=2)


@pytest.mark.parametrize("ref", ["omdöme", "omdöme-full"])
def test_predicting_imports_neither_peft_nor_transformers_nor_training(
    ref: str, registry: Path
) -> None:
    code = f"""
import sys
from swereg.cli import main
sys.argv = ["swereg", "predict", {ref!r}, "härlig mat"]
try:
    main()
finally:
    heavy = {{"peft", "transformers", "accelerate", "sklearn", "scipy"}}
    heavy |= {{"swereg.adapters.training.fit"}}
    print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
