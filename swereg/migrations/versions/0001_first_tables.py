"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Real = sa.Double().with_variant(sa.REAL(), "sqlite")
Text = sa.Text()
Bytes = sa.LargeBinary()


def upgrade() -> None:
    """Make every table, index and trigger of schema 1."""

    def table(name: str, *parts: sa.schema.SchemaItem) -> None:
        op.create_table(name, *parts, sqlite_strict=True)

    def column(name: str, kind: sa.types.TypeEngine, *parts: sa.schema.SchemaItem) -> sa.Column:
        return sa.Column(name, kind, *parts, nullable=False)

    def primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
        return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")

    def foreign(table: str, name: str, target: str) -> sa.ForeignKeyConstraint:
        return sa.ForeignKeyConstraint(
            [name], [target], name=f"fk_{table}_{name}", ondelete="RESTRICT"
        )

    def check(table: str, name: str, rule: str) -> sa.CheckConstraint:
        return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))

    table("meta", column("key", Text), column("value", Text), primary("meta", "key"))
    table(
        "bases",
        column("fingerprint", Text),
        column("name", Text),
        column("revision", Text),
        column("architecture", Text),
        column("parameters", Whole),
        column("hidden_size", Whole),
        column("max_length", Whole),
        column("recommended", Text),
        column("created", Text),
        primary("bases", "fingerprint"),
    )
    table(
        "tasks",
        column("name", Text),
        column("labels", Text),
        column("description", Text),
        column("source", Text),
        column("licence", Text),
        column("homepage", Text),
        column("citation", Text),
        column("metric", Text),
        column("created", Text),
        primary("tasks", "name"),
    )
    table(
        "datasets",
        column("digest", Text),
        column("labels", Text),
        column("train", Whole),
        column("val", Whole),
        column("test", Whole),
        column("counts", Text),
        column("source", Text),
        sa.Column("content", Bytes),
        column("created", Text),
        primary("datasets", "digest"),
    )
    table(
        "weights",
        column("digest", Text),
        column("size", Whole),
        column("store", Text),
        sa.Column("data", Bytes),
        primary("weights", "digest"),
        check("weights", "store", "store IN ('db', 'file')"),
        check("weights", "place", "(store = 'db') = (data IS NOT NULL)"),
        check("weights", "length", "data IS NULL OR length(data) = size"),
    )
    table(
        "models",
        column("id", Whole),
        column("name", Text),
        column("task", Text),
        column("next_version", Whole),
        column("created", Text),
        primary("models", "id"),
        foreign("models", "task", "tasks.name"),
        sa.UniqueConstraint("name", name="uq_models_name"),
    )
    table(
        "entries",
        column("id", Whole),
        column("model", Whole),
        column("version", Whole),
        column("run", Text),
        column("task", Text),
        column("method", Text),
        column("labels", Text),
        sa.Column("base", Text),
        sa.Column("base_name", Text),
        sa.Column("base_revision", Text),
        sa.Column("dataset", Text),
        column("weights", Text),
        column("size", Whole),
        column("recipe", Text),
        column("trainable", Whole),
        column("total", Whole),
        sa.Column("best_epoch", Whole),
        sa.Column("val_loss", Real),
        sa.Column("accuracy", Real),
        sa.Column("macro_f1", Real),
        column("scores", Text),
        sa.Column("seconds", Real),
        column("cut", Text),
        column("environment", Text),
        column("origin", Text),
        column("note", Text),
        column("created", Text),
        column("seal", Text),
        sa.Column("deleted", Text),
        primary("entries", "id"),
        foreign("entries", "model", "models.id"),
        foreign("entries", "task", "tasks.name"),
        foreign("entries", "base", "bases.fingerprint"),
        foreign("entries", "dataset", "datasets.digest"),
        foreign("entries", "weights", "weights.digest"),
        sa.UniqueConstraint("run", name="uq_entries_run"),
        sa.UniqueConstraint("model", "version", name="uq_entries_model_version"),
    )
    for name in ("task", "dataset", "weights", "base"):
        op.create_index(f"ix_entries_{name}", "entries", [name])
    op.create_index(
        "ix_entries_there",
        "entries",
        ["val_loss", "accuracy", "macro_f1", "trainable", "size", "seconds",
         "model", "task", "method"],
        sqlite_where=sa.text("deleted IS NULL"),
    )
    table(
        "epochs",
        column("entry", Whole),
        column("number", Whole),
        column("train_loss", Real),
        column("val_loss", Real),
        column("val_accuracy", Real),
        column("seconds", Real),
        primary("epochs", "entry", "number"),
        foreign("epochs", "entry", "entries.id"),
    )
    table(
        "outputs",
        column("entry", Whole),
        column("split", Text),
        column("rows", Whole),
        column("columns", Whole),
        column("logits", Bytes),
        column("truth", Bytes),
        primary("outputs", "entry", "split"),
        foreign("outputs", "entry", "entries.id"),
        check("outputs", "split", "split IN ('val', 'test')"),
        check("outputs", "length", "length(logits) = 4 * rows * columns"),
        check("outputs", "truth", "length(truth) = 2 * rows"),
    )
    table(
        "aliases",
        column("model", Whole),
        column("alias", Text),
        column("entry", Whole),
        column("created", Text),
        primary("aliases", "model", "alias"),
        foreign("aliases", "model", "models.id"),
        foreign("aliases", "entry", "entries.id"),
    )
    op.create_index("ix_aliases_entry", "aliases", ["entry"])
    table(
        "tags",
        column("entry", Whole),
        column("key", Text),
        column("value", Text),
        primary("tags", "entry", "key"),
        foreign("tags", "entry", "entries.id"),
    )
    op.create_index("ix_tags_key", "tags", ["key"])
    table(
        "events",
        column("id", Whole),
        column("at", Text),
        column("actor", Text),
        column("verb", Text),
        column("subject", Text),
        column("detail", Text),
        primary("events", "id"),
    )
    table(
        "alias_moves",
        column("event", Whole),
        column("model", Whole),
        column("alias", Text),
        column("kind", Text),
        sa.Column("old", Whole),
        sa.Column("new", Whole),
        column("message", Text),
        primary("alias_moves", "event"),
        foreign("alias_moves", "event", "events.id"),
        foreign("alias_moves", "model", "models.id"),
        check("alias_moves", "kind", "kind IN ('set', 'rollback', 'rm')"),
        check("alias_moves", "target", "(kind = 'rm') = (new IS NULL)"),
    )
    op.create_index("ix_alias_moves_model_alias", "alias_moves", ["model", "alias"])
    if op.get_bind().dialect.name == "sqlite":
        _forbid_changes()


def _forbid_changes() -> None:
    """What is stored stays as it is: only notes, deletion marks and pointers may change."""
    changing = {"entries": {"note", "deleted"}, "datasets": {"content"}, "models": {"next_version"}}
    for table in (
        "entries", "epochs", "outputs", "weights", "datasets", "bases", "models", "events", "alias_moves",
    ):
        columns = [row[1] for row in op.get_bind().exec_driver_sql(f"PRAGMA table_info({table})")]
        fixed = [name for name in columns if name not in changing.get(table, ())]
        _forbid(f"{table}_are_fixed", f"UPDATE OF {', '.join(fixed)} ON {table}")
    _forbid(  # texts may come in later, or be erased
        "texts_are_fixed",
        "UPDATE OF content ON datasets",
        "OLD.content IS NOT NULL AND NEW.content IS NOT NULL",
    )
    _forbid(
        "models_count_up",
        "UPDATE OF next_version ON models",
        "NEW.next_version <= OLD.next_version",
    )
    _forbid("models_are_kept", "DELETE ON models")
    _forbid("events_are_kept", "DELETE ON events")
    _forbid("alias_moves_are_kept", "DELETE ON alias_moves")
    _forbid("entries_are_kept", "DELETE ON entries", "OLD.deleted IS NULL")
    _forbid(
        "entries_in_use_are_kept",
        "UPDATE OF deleted ON entries",
        "NEW.deleted IS NOT NULL AND EXISTS (SELECT 1 FROM aliases WHERE entry = NEW.id)",
    )
    for event, name in (("INSERT ON", "new_aliases"), ("UPDATE OF entry ON", "aliases")):
        _forbid(
            f"{name}_point_to_what_is_there",
            f"{event} aliases",
            "(SELECT deleted FROM entries WHERE id = NEW.entry) IS NOT NULL",
        )


def _forbid(name: str, event: str, when: str = "") -> None:
    condition = f"WHEN {when} " if when else ""
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} {condition}"
        f"BEGIN SELECT RAISE(ABORT, '{name.replace('_', ' ')}'); END"
    )


def downgrade() -> None:
    """There is nothing before the first schema."""
    raise NotImplementedError("restore a backup instead")
