"""Files of entries: what goes out comes back the same, and nothing else comes in."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from swereg.errors import CheckFailed, Conflict, NotFound, SweregError, UsageError
from swereg.registry import Registry
from tests.registry.make_entry import make


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of three entries of two models; one with its weights outside of its registry."""
    folder = tmp_path_factory.mktemp("carried")
    with Registry.open(folder / "r.db", create=True, largest_in_database=20) as registry:
        registry.add(make("run-1"))
        registry.add(make("run-2-with-more-weights"))
        registry.add(make("run-3", name="åska", base=None))
        registry.tag("känslor/2", {"status": "pilot"})
        registry.rm("känslor/1")
        registry.add(make("run-4"))
        return registry.export(["åska", "känslor/3", "känslor/2", "känslor"], folder / "å b.swereg")


def facts(registry: Registry, ref: str) -> tuple[object, ...]:
    entry = registry.get(ref)
    assert entry.dataset is not None
    return (
        entry.run,
        entry.labels,
        entry.scores,
        entry.epochs,
        entry.recipe,
        entry.note,
        entry.tags,
        entry.created,
        entry.about,
        registry.outputs(entry),
        registry.texts(entry.dataset),
        registry.weights(entry).digest,
    )


def test_a_file_is_a_registry_and_comes_back_whole(carried: Path, registry: Registry) -> None:
    registry.add(make("run-0"))
    assert [entry.ref for entry in registry.import_(carried)] == [
        "känslor/2",
        "känslor/3",
        "åska/1",
    ]
    with Registry.open(carried) as inside:
        assert sorted(e.ref for e in inside.entries()) == ["känslor/2", "känslor/3", "åska/1"]
        assert not inside.check().problems
        for ref in ("känslor/2", "känslor/3", "åska/1"):
            assert facts(inside, ref) == facts(registry, ref)
    assert not registry.check().problems
    event = registry.log("känslor/2")[0]
    assert (event.verb, event.detail["source"]) == ("import", "å b.swereg")
    assert len(registry.import_(carried)) == registry.count() - 1 == 3  # once more: the same


def test_a_name_of_ones_own_is_sealed_anew(carried: Path, registry: Registry) -> None:
    with pytest.raises(UsageError, match="2 models"):
        registry.import_(carried, name="ny")
    with Registry.open(carried) as inside:
        one = inside.export(
            ["känslor"], carried.with_name("one.swereg"), keep_data=False, force=True
        )
    entry = registry.import_(one, name="ny")[0]
    assert (entry.ref, entry.sizes["train"]) == ("ny/1", 2)
    assert registry.texts(entry.dataset or "") is None
    assert not registry.check().problems
    registry.import_(carried)  # the same run under its first name, now with its texts
    assert registry.texts(entry.dataset or "") is not None
    registry.rm("ny/1")
    with pytest.raises(Conflict, match="deleted"):
        registry.import_(one)


def test_what_is_taken_is_not_replaced(carried: Path, registry: Registry, tmp_path: Path) -> None:
    registry.add(make("run-9"))
    (tmp_path / "text.swereg").write_text("viktigt")
    for taken in (carried, tmp_path / "text.swereg"):
        with pytest.raises(Conflict):
            registry.export(["känslor"], taken, force=taken != carried)
    with pytest.raises(NotFound):
        registry.export(["känslor", "annat"], tmp_path / "ny.swereg")
    assert not (tmp_path / "ny.swereg").exists()
    with pytest.raises(NotFound):
        registry.import_(tmp_path / "ingen.swereg")


def test_the_same_run_with_another_content_is_refused(carried: Path, registry: Registry) -> None:
    registry.add(make("run-4", trainable=11))
    with pytest.raises(Conflict, match="same run"):
        registry.import_(carried)
    assert registry.count() == 1  # all of the file or nothing


ENTRY = "UPDATE entries SET {} WHERE run = 'run-4'"
HOSTILE = {
    "trigger": "CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM meta; END",
    "view": "CREATE VIEW v AS SELECT 1",
    "table": "CREATE TABLE extra (a)",
    "index": "CREATE INDEX i ON meta (value)",
    "column": "ALTER TABLE meta ADD COLUMN more TEXT",
    "virtual": "DROP TABLE tags; CREATE VIEW tags AS SELECT 1 entry, 'a' key, 'b' value",
    "score": ENTRY.format("accuracy = 0.99"),
    "scores": ENTRY.format("""scores = '{"val":{"loss":0.1,"accuracy":1,"macro_f1":1}}'"""),
    "json": ENTRY.format("recipe = '['"),
    "kind": ENTRY.format("recipe = '[]'"),
    "labels": ENTRY.format("""labels = '["ja","nej"]'"""),
    "infinite": "UPDATE epochs SET val_loss = 9e999",
    "path": "UPDATE weights SET digest = '../../../etc/passwd' WHERE rowid = 1",
    "outside": "UPDATE weights SET store = 'file', data = NULL",
    "weights": "UPDATE weights SET data = zeroblob(size)",
    "texts": "UPDATE datasets SET content = x'00'",
    "bomb": "UPDATE datasets SET content = zeroblob(1000)",
    "orphan": "PRAGMA foreign_keys=OFF; DELETE FROM tasks",
    "huge": "UPDATE tasks SET description = printf('%.*c', 5000000, 'x')",
    "not text": "UPDATE tasks SET description = CAST(x'ff' AS TEXT)",
    "name": "UPDATE models SET name = '../hemlig' WHERE id = 1",
    "control": "UPDATE tags SET value = char(27) || '[2J'",
}


def altered(carried: Path, target: Path, script: str) -> Path:
    """Change a file behind the back of its triggers, and put the seals right where they were."""
    target.write_bytes(carried.read_bytes())
    with closing(sqlite3.connect(target)) as file:
        triggers = file.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            file.execute(f"DROP TRIGGER {name}")
        file.executescript(script)
        for _, sql in triggers:
            file.execute(sql)
        file.commit()
    return target


@pytest.mark.parametrize("script", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_changes_nothing(
    carried: Path, registry: Registry, tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "swereg.registry.entries.seals.check_seal", lambda *_: None
    )  # whoever alters can reseal
    file = altered(carried, tmp_path / "x.swereg", script)
    with pytest.raises(SweregError) as caught:
        registry.import_(file)
    assert caught.value.code != "unexpected"
    assert registry.count() == 0
    assert sorted(path.name for path in registry_folder(registry)) == ["registry.db"]


def test_an_altered_fact_breaks_the_seal(carried: Path, registry: Registry, tmp_path: Path) -> None:
    file = altered(carried, tmp_path / "x.swereg", ENTRY.format("seconds = 1.0"))
    with pytest.raises(CheckFailed, match="not sound"):
        registry.import_(file)


def registry_folder(registry: Registry) -> list[Path]:
    return list(Path(registry.location).parent.iterdir())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: b"PK\3\4 nothing of ours",
        lambda data: data[: len(data) // 2],
        lambda data: data[:2000] + bytes(30_000) + data[32_000:],
        lambda data: data[:60] + (99).to_bytes(4, "big") + data[64:],
    ],
    ids=["empty", "zip", "truncated", "holes", "newer"],
)
def test_what_is_no_file_of_entries(
    carried: Path, registry: Registry, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "x.swereg").write_bytes(spoil(carried.read_bytes()))
    with pytest.raises(SweregError) as caught:
        registry.import_(tmp_path / "x.swereg")
    assert "private" not in str(caught.value)  # our copy of it, which nobody has heard of
    assert registry.count() == 0


def test_without_texts_outputs_must_fit_the_counts(
    carried: Path, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("swereg.registry.entries.seals.check_seal", lambda *_: None)
    file = altered(
        carried,
        tmp_path / "x.swereg",
        "UPDATE datasets SET content = NULL; UPDATE outputs SET truth = x'01000100'",
    )
    with pytest.raises(CheckFailed):
        registry.import_(file)
