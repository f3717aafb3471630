"""Whether everything is as it was stored: the file, every entry, its weights and its texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from swereg.errors import Busy, CheckFailed, SweregError
from swereg.records.entry import Entry
from swereg.records.refs import Ref
from swereg.registry.database import layout
from swereg.registry.database import tables as t
from swereg.registry.database.connection import Database
from swereg.registry.entries import rows, seals
from swereg.registry.entries.queries import Selects
from swereg.registry.entries.reading import alias_moves
from swereg.registry.entries.weights import WeightStore

OnChecked = Callable[[int, int, str], None]  # how many of how many, and what is next
Step = tuple[str, Callable[[sa.Connection], int]]  # what is checked, and how; gives its bytes

_RESTORE = "Restore the registry from a backup."


def silent(checked: int, of: int, name: str) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Problem:
    """Something is not as it was stored: what it is about, what, why, and how to mend it."""

    subject: str
    what: str
    why: str
    hint: str
    code: str

    @classmethod
    def of(cls, subject: str, fault: SweregError) -> Problem:
        """Make one of an error."""
        return cls(subject, fault.what, fault.why, fault.hint, fault.code)


@dataclass(frozen=True)
class Checked:
    """What has been checked, and what was found to be wrong.

    Attributes:
        entries: references, those of deleted entries that can be restored among them.
        size: bytes of weights and texts that were read.
        answered: how many entries gave their stored answers again.
        skipped: of which entries that could not be asked, and why not.
    """

    entries: tuple[str, ...]
    size: int
    problems: tuple[Problem, ...]
    answered: int = 0
    skipped: tuple[str, ...] = field(default=())


def check_all(database: Database, store: WeightStore, on_checked: OnChecked) -> Checked:
    """Check everything, a short transaction for each thing, so that others can go on writing."""
    steps: list[Step] = [("the tables", layout.check_layout), ("the registry", _rules)]
    if database.path is not None:
        steps = [("the file", _file), ("the foreign keys", _foreign_keys), *steps]
    refs: list[str] = []
    listed = _Steps(store)

    def everything(connection: sa.Connection) -> int:
        steps.extend(listed.of_entries(connection, None, refs))
        return 0

    steps.append(("the entries", everything))
    size, problems = _run(database, steps, on_checked)
    return Checked(tuple(refs), size, problems)


def check_entries(
    database: Database, store: WeightStore, entries: Sequence[Entry], on_checked: OnChecked
) -> Checked:
    """Check some entries, with their weights and their texts."""
    refs: list[str] = []
    with database.reading() as connection:
        runs = [entry.run for entry in entries]
        steps = list(_Steps(store).of_entries(connection, runs, refs))
    size, problems = _run(database, steps, on_checked)
    return Checked(tuple(refs), size, problems)


@dataclass(frozen=True)
class _Steps:
    """The steps for entries."""

    store: WeightStore

    def of_entries(
        self, connection: sa.Connection, runs: Sequence[str] | None, refs: list[str]
    ) -> Iterator[Step]:
        """Give a step for each entry, each of the weights and each of the datasets."""
        query = (
            sa.select(
                t.models.c.name,
                t.entries.c.version,
                t.entries.c.run,
                t.entries.c.weights,
                t.entries.c.dataset,
            )
            .join(t.models, t.models.c.id == t.entries.c.model)
            .order_by(t.entries.c.id)
        )
        if runs is not None:
            query = query.where(t.entries.c.run.in_(runs))
        weights: dict[str, list[str]] = {}
        datasets: dict[str, list[str]] = {}
        for row in connection.execute(query):
            ref = Ref(row.name, row.version)
            refs.append(str(ref))
            weights.setdefault(row.weights, []).append(str(ref))
            if row.dataset is not None:
                datasets.setdefault(row.dataset, []).append(str(ref))
            yield str(ref), _seal(row.run, ref)
        for digest, users in weights.items():
            yield _some(users), self._weights(digest, _some(users))
        for digest, users in datasets.items():
            yield _some(users), _dataset(digest, _some(users))

    def _weights(self, digest: str, users: str) -> Callable[[sa.Connection], int]:
        def step(connection: sa.Connection) -> int:
            try:
                return self.store.read(Selects(connection), digest, users).size
            except CheckFailed:
                used = t.entries.c.weights == digest
                if connection.execute(sa.select(t.entries.c.id).where(used)).first() is None:
                    return 0  # gc has freed it meanwhile
                raise

        return step


def _run(
    database: Database, steps: list[Step], on_checked: OnChecked
) -> tuple[int, tuple[Problem, ...]]:
    """Take the steps; one may add others to the list."""
    size, problems = 0, []
    for number, (name, step) in enumerate(steps):
        on_checked(number, len(steps), name)
        try:
            with database.reading() as connection:
                size += step(connection)
        except Busy:
            raise
        except SweregError as fault:
            problems.append(Problem.of(name, fault))
    on_checked(len(steps), len(steps), "")
    return size, tuple(problems)


def _file(connection: sa.Connection) -> int:
    findings = list(connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars())
    if findings != ["ok"]:
        raise _broken("SQLite finds the file damaged", "\n".join(map(str, findings)))
    return 0


def _foreign_keys(connection: sa.Connection) -> int:
    violations = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if violations:
        why = "\n".join(f"a row of {row[0]} needs one of {row[2]}" for row in violations[:20])
        raise _broken("rows have lost what they need", why)
    return 0


def _rules(connection: sa.Connection) -> int:
    """Numbers that were given out stay below the next; aliases point where their history says."""
    highest = sa.func.max(t.entries.c.version)
    over = connection.execute(
        sa.select(t.models.c.name)
        .join(t.entries, t.entries.c.model == t.models.c.id)
        .group_by(t.models.c.id)
        .having(highest >= t.models.c.next_version)
    ).scalars()
    wrong = [f"{name} would give out a number again" for name in over]
    query = (
        sa.select(t.aliases, t.models.c.name, t.entries.c.version, t.entries.c.deleted)
        .add_columns(t.entries.c.model.label("owner"))
        .join(t.models, t.models.c.id == t.aliases.c.model)
        .join(t.entries, t.entries.c.id == t.aliases.c.entry)
    )
    for row in connection.execute(query).all():
        moves = alias_moves(Selects(connection), Ref(row.name, alias=row.alias))
        if row.owner != row.model or row.deleted or not moves or moves[-1].new != row.version:
            wrong.append(f"{row.name}@{row.alias} does not point where it should")
    if wrong:
        raise _broken("the registry contradicts itself", "\n".join(wrong))
    return 0


def _seal(run: str, ref: Ref) -> Callable[[sa.Connection], int]:
    def step(connection: sa.Connection) -> int:
        seals.check_seal(Selects(connection), run, ref)
        return 0

    return step


def _dataset(digest: str, users: str) -> Callable[[sa.Connection], int]:
    def step(connection: sa.Connection) -> int:
        query = sa.select(t.datasets).where(t.datasets.c.digest == digest)
        row = connection.execute(query).first()
        if row is None or row.content is None:  # the texts are not kept
            return 0
        try:
            rows.dataset_of_row(row)
        except CheckFailed as fault:
            raise CheckFailed(
                f"the texts of {users} are not those that were stored",
                why=fault.why,
                hint=fault.hint,
                code=fault.code,
            ) from fault
        return len(row.content)

    return step


def _some(refs: Sequence[str]) -> str:
    return ", ".join(refs[:3]) + (f" and {len(refs) - 3} more" if len(refs) > 3 else "")


def _broken(claim: str, why: str) -> CheckFailed:
    return CheckFailed(claim, why=why, hint=_RESTORE, code="registry.broken")
