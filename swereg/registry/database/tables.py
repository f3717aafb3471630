"""The tables as the newest schema has them. The migrations make them; these are only read.

JSON is kept as canonical text, times as UTC text with a final Z. No foreign key cascades: what
something refers to cannot be deleted.

Tables and statements, not SQLAlchemy's object mapper: what leaves the registry are frozen records
anyway, and listing is many times faster.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import SchemaItem

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# STRICT tables of SQLite know only these types; other databases get the wide ones.
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Real: sa.types.TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
Text = sa.Text
Bytes = sa.LargeBinary


def _table(name: str, *parts: SchemaItem) -> sa.Table:
    return sa.Table(name, METADATA, *parts, sqlite_strict=True)


def _needs(target: str) -> sa.ForeignKey:
    return sa.ForeignKey(target, ondelete="RESTRICT")


def _column(name: str, kind: Any, *parts: SchemaItem) -> sa.Column[Any]:
    return sa.Column(name, kind, *parts, nullable=False)


meta = _table(
    "meta",
    sa.Column("key", Text, primary_key=True),
    _column("value", Text),
)

bases = _table(
    "bases",
    sa.Column("fingerprint", Text, primary_key=True),
    _column("name", Text),
    _column("revision", Text),
    _column("architecture", Text),
    _column("parameters", Whole),
    _column("hidden_size", Whole),
    _column("max_length", Whole),
    _column("recommended", Text),
    _column("created", Text),
)

tasks = _table(
    "tasks",
    sa.Column("name", Text, primary_key=True),
    _column("labels", Text),
    _column("description", Text),
    _column("source", Text),
    _column("licence", Text),
    _column("homepage", Text),
    _column("citation", Text),
    _column("metric", Text),
    _column("created", Text),
)

datasets = _table(
    "datasets",
    sa.Column("digest", Text, primary_key=True),
    _column("labels", Text),
    _column("train", Whole),
    _column("val", Whole),
    _column("test", Whole),
    _column("counts", Text),  # per split and label, so that they outlive the texts
    _column("source", Text),
    sa.Column("content", Bytes),  # zlib; NULL where the texts are not kept
    _column("created", Text),
)

weights = _table(
    "weights",
    sa.Column("digest", Text, primary_key=True),
    _column("size", Whole),
    _column("store", Text),
    sa.Column("data", Bytes),
    sa.CheckConstraint("store IN ('db', 'file')", name="store"),
    sa.CheckConstraint("(store = 'db') = (data IS NOT NULL)", name="place"),
    sa.CheckConstraint("data IS NULL OR length(data) = size", name="length"),
)

models = _table(
    "models",
    sa.Column("id", Whole, primary_key=True),
    sa.Column("name", Text, nullable=False, unique=True),
    _column("task", Text, _needs("tasks.name")),
    _column("next_version", Whole),
    _column("created", Text),
)

entries = _table(
    "entries",
    sa.Column("id", Whole, primary_key=True),
    _column("model", Whole, _needs("models.id")),
    _column("version", Whole),
    sa.Column("run", Text, nullable=False, unique=True),
    _column("task", Text, _needs("tasks.name")),
    _column("method", Text),
    _column("labels", Text),
    sa.Column("base", Text, _needs("bases.fingerprint")),  # NULL: the method needs none
    sa.Column("base_name", Text),
    sa.Column("base_revision", Text),
    sa.Column("dataset", Text, _needs("datasets.digest")),  # of an import: what it was scored on
    _column("weights", Text, _needs("weights.digest")),
    _column("size", Whole),
    _column("recipe", Text),
    _column("trainable", Whole),
    _column("total", Whole),
    sa.Column("best_epoch", Whole),
    sa.Column("val_loss", Real),
    sa.Column("accuracy", Real),
    sa.Column("macro_f1", Real),
    _column("scores", Text),
    sa.Column("seconds", Real),
    _column("cut", Text),
    _column("environment", Text),
    _column("origin", Text),
    _column("note", Text),
    _column("created", Text),
    _column("seal", Text),
    sa.Column("deleted", Text),
    sa.UniqueConstraint("model", "version"),
    sa.Index(None, "task"),
    sa.Index(None, "dataset"),
    sa.Index(None, "weights"),
    sa.Index(None, "base"),
    sa.Index(  # all that lists sort by or filter; whole rows are long
        "ix_entries_there",
        *("val_loss", "accuracy", "macro_f1", "trainable", "size", "seconds"),
        *("model", "task", "method"),
        sqlite_where=sa.text("deleted IS NULL"),
    ),
)

epochs = _table(
    "epochs",
    sa.Column("entry", Whole, _needs("entries.id"), primary_key=True),
    sa.Column("number", Whole, primary_key=True),
    _column("train_loss", Real),
    _column("val_loss", Real),
    _column("val_accuracy", Real),
    _column("seconds", Real),
)

outputs = _table(
    "outputs",
    sa.Column("entry", Whole, _needs("entries.id"), primary_key=True),
    sa.Column("split", Text, primary_key=True),
    _column("rows", Whole),
    _column("columns", Whole),
    _column("logits", Bytes),
    _column("truth", Bytes),
    sa.CheckConstraint("split IN ('val', 'test')", name="split"),
    sa.CheckConstraint("length(logits) = 4 * rows * columns", name="length"),
    sa.CheckConstraint("length(truth) = 2 * rows", name="truth"),
)

aliases = _table(
    "aliases",
    sa.Column("model", Whole, _needs("models.id"), primary_key=True),
    sa.Column("alias", Text, primary_key=True),
    _column("entry", Whole, _needs("entries.id")),
    _column("created", Text),
    sa.Index(None, "entry"),
)

tags = _table(
    "tags",
    sa.Column("entry", Whole, _needs("entries.id"), primary_key=True),
    sa.Column("key", Text, primary_key=True),
    _column("value", Text),
    sa.Index(None, "key"),
)

events = _table(
    "events",
    sa.Column("id", Whole, primary_key=True),
    _column("at", Text),
    _column("actor", Text),
    _column("verb", Text),
    _column("subject", Text),
    _column("detail", Text),
)

alias_moves = _table(  # versions by number: the history outlives what gc frees
    "alias_moves",
    sa.Column("event", Whole, _needs("events.id"), primary_key=True),
    _column("model", Whole, _needs("models.id")),
    _column("alias", Text),
    _column("kind", Text),
    sa.Column("old", Whole),
    sa.Column("new", Whole),
    _column("message", Text),
    sa.CheckConstraint("kind IN ('set', 'rollback', 'rm')", name="kind"),
    sa.CheckConstraint("(kind = 'rm') = (new IS NULL)", name="target"),
    sa.Index(None, "model", "alias"),
)
