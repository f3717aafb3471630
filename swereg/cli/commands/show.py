"""swereg show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import swereg
from swereg.api.values import ordered_settings
from swereg.cli import options, output
from swereg.cli.commands.list import tags_of
from swereg.cli.completion import references
from swereg.cli.display import answers, tables
from swereg.cli.options import Session, option
from swereg.records import formatting
from swereg.records.formatting import SPLITS

if TYPE_CHECKING:
    from swereg.records.dataset import Split
    from swereg.records.entry import Entry
    from swereg.records.training import Recipe

Facts = list[tuple[str, str]]

_ABOUT = ("source", "licence", "homepage", "citation", "metric")


@click.command(cls=options.Command)
@click.argument("ref", shell_complete=references)
@option("--errors", is_flag=True, help="The examples that it gets wrong, most confident first.")
@option("--confusion", is_flag=True, help="Which labels it takes for which.")
@option("--calibration", is_flag=True, help="Whether its probabilities can be believed.")
@option("--per-label", is_flag=True, help="Precision, recall and F1 of each label.")
@option(
    "--split",
    type=click.Choice(["test", "val"]),
    metavar="NAME",
    help="The answers to look at: test or val.  [default: test, else val]",
)
@option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="The most errors to show.",
)
@options.plot()
@options.as_json("Print all stored facts as JSON; with one of the views, all that it is made of.")
@click.pass_obj
def show(
    session: Session,
    ref: str,
    errors: bool,
    confusion: bool,
    calibration: bool,
    per_label: bool,
    split: Split | None,
    limit: int,
    plot: str | None,
    as_json: bool,
) -> None:
    """Show everything about one entry, or look closely at its answers.

    REF is a model's name (its alias prod, else its newest version), a version such as
    sentiment/3, or an alias such as sentiment@prod, @latest or @best.

    \b
    swereg show sentiment
    swereg show sentiment@prod --errors --confusion
    """
    entry = swereg.show(ref, registry=session.registry)
    if plot:
        path = swereg.plot(entry.ref, output=plot, registry=session.registry)
        output.say(f"drawn: {path}")
    views = {
        "errors": errors,
        "confusion": confusion,
        "calibration": calibration,
        "per-label": per_label,
    }
    if any(views.values()) or split:
        examination = swereg.examine(entry, split=split, registry=session.registry)
        if as_json:
            output.as_json(examination.to_json())
            return
        answers.draw_answers(examination, [view for view, is_on in views.items() if is_on], limit)
    elif as_json:
        output.as_json(entry.to_json())
    elif output.is_terminal():
        tables.facts(sections(entry, _measured(session, entry)))
    else:
        tables.facts([("", [("ref", entry.ref)]), *sections(entry)])


def _measured(session: Session, entry: Entry) -> Facts:
    """What the answers on test say, with what the choice of the examples leaves open."""
    if not entry.scores:
        return []
    examination = swereg.examine(entry, registry=session.registry)
    shown = formatting.several(examination.report.rows, f"{SPLITS[examination.split]} example")
    return [("measured on", f"{shown}; in brackets 95 % intervals"), *answers.metrics(examination)]


def sections(entry: Entry, measured: Facts | None = None) -> list[tuple[str, Facts]]:
    """Arrange an entry's facts under headings."""
    return [
        (entry.ref, _identity(entry)),
        *([("Origin", _origin(entry))] if entry.imported else []),
        ("Scores", [*(scores(entry) or [("scores", formatting.UNKNOWN)]), *(measured or [])]),
        ("Training", [*_training(entry), *_effort(entry)]),
        ("Data", _data(entry)),
        ("Base", _base(entry)),
        ("Environment", [(name, str(value)) for name, value in entry.environment.items()]),
    ]


def scores(entry: Entry) -> Facts:
    """The scores of each split."""
    ordered = formatting.in_order(entry.scores, SPLITS)
    return [(SPLITS[split], formatting.scores(metrics)) for split, metrics in ordered]


def _identity(entry: Entry) -> Facts:
    when = f"{entry.created[:10]} {entry.created[11:19]} UTC"
    return [
        ("task", entry.task),
        ("labels", ", ".join(entry.labels)),
        ("aliases", ", ".join(entry.aliases) or "none"),
        ("tags", tags_of(entry) or "none"),
        ("note", entry.note or "none"),
        ("created", f"{when} ({formatting.ago(entry.created)})"),
        ("size", formatting.size(entry.weights_size)),
        ("weights", entry.weights_digest),
        ("run", entry.run),
    ]


def _origin(entry: Entry) -> Facts:
    """Where an imported entry comes from; what its folder claims is marked as a claim."""
    claims = entry.origin.get("claims", {})
    facts = [("origin", "imported from a PEFT folder"), ("base check", entry.origin["base"])]
    for key in ("ref", "created", "dataset"):
        if claims.get(key):
            facts.append((f"claimed {key}", claims[key]))
    for split, metrics in formatting.in_order(claims.get("scores", {}), SPLITS):
        facts.append((f"claimed {SPLITS[split]}", formatting.scores(metrics)))
    return facts


def _method(recipe: Recipe) -> tuple[str, str]:
    settings = ordered_settings(recipe.method, recipe.settings)
    return "method", f"{recipe.method} ({settings})" if settings else recipe.method


def _training(entry: Entry) -> Facts:
    if entry.imported:
        return _elsewhere(entry)
    if "learning_rate" in entry.known_recipe:
        return [*_recipe(entry.recipe), *_curve(entry)]
    return [_method(entry.recipe), ("seed", str(entry.recipe.seed))]


def _elsewhere(entry: Entry) -> Facts:
    """What is known of a training that was not done here."""
    unknown = ("recipe", "val loss", "train loss", "best epoch")
    return [_method(entry.recipe), *((name, formatting.UNKNOWN) for name in unknown)]


def _recipe(recipe: Recipe) -> Facts:
    return [
        _method(recipe),
        (
            "recipe",
            f"learning rate {recipe.learning_rate:g}, batch size {recipe.batch_size}, "
            f"at most {formatting.several(recipe.epochs, 'epoch')}, patience {recipe.patience}, "
            f"seed {recipe.seed}, max length {recipe.max_length}, dropout {recipe.dropout:g}, "
            f"weight decay {recipe.weight_decay:g}, clip {recipe.clip:g}, "
            f"{recipe.precision} on {recipe.device}",
        ),
    ]


def _curve(entry: Entry) -> Facts:
    """The losses of all epochs as two lines of bars, and where the best one is."""
    val = [epoch.val_loss for epoch in entry.epochs]
    train = [epoch.train_loss for epoch in entry.epochs]
    marked = next(i for i, epoch in enumerate(entry.epochs) if epoch.number == entry.best_epoch)
    room = max(8, min(60, output.width() - 40))
    (top, bottom), column = formatting.sparklines(
        val, train, marked=marked, columns=room, unicode=output.is_unicode()
    )
    width = len(top)
    best = f"{entry.best_epoch} of {len(entry.epochs)}, validation loss {val[marked]:.4f}"
    return [
        ("val loss", f"{top}  {val[0]:.4f} to {val[-1]:.4f}"),
        ("train loss", f"{bottom}  {train[0]:.4f} to {train[-1]:.4f}"),
        ("best epoch", f"{'^':>{column + 1}}{'':{width - column - 1}}  {best}"),
    ]


def _effort(entry: Entry) -> Facts:
    return [
        ("trainable", formatting.trainable(entry.trainable, entry.total)),
        ("time", formatting.known(entry.seconds, formatting.duration)),
    ]


def _data(entry: Entry) -> Facts:
    sizes, cuts = (formatting.in_order(numbers, SPLITS) for numbers in (entry.sizes, entry.cut))
    cut = [f"{n:,} of {entry.sizes[s]:,} in {SPLITS[s]}" for s, n in cuts if n]
    return [
        ("examples", ", ".join(f"{n:,} {SPLITS[s]}" for s, n in sizes if n) or formatting.UNKNOWN),
        ("digest", entry.dataset[:12] if entry.dataset else formatting.UNKNOWN),
        ("cut texts", ", ".join(cut) or ("none" if cuts else formatting.UNKNOWN)),
        *((fact, entry.about[fact]) for fact in _ABOUT if entry.about.get(fact)),
    ]


def _base(entry: Entry) -> Facts:
    for base in entry.bases:
        return [
            ("name", base.name),
            ("revision", base.revision or "none"),
            ("fingerprint", base.fingerprint),
            (
                "encoder",
                f"{base.architecture}, {base.parameters:,} parameters, {base.hidden_size} "
                f"wide, texts of up to {base.max_length} tokens",
            ),
        ]
    return [("base", entry.base_label)]
