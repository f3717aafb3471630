"""Learning curves: the losses of every epoch, all on the same axes."""

from __future__ import annotations

from collections.abc import Sequence

from swereg.evaluation.comparison import Row
from swereg.evaluation.report import svg
from swereg.evaluation.report.contents import Contents
from swereg.evaluation.report.html import Html, el, joined
from swereg.evaluation.report.panels import panel
from swereg.evaluation.report.scales import Scale, around
from swereg.evaluation.report.typesetting import shown
from swereg.records import formatting
from swereg.records.entry import Entry
from swereg.records.training import Epoch

_SIZE = (300, 206)
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 294, 8, 172


def curves(contents: Contents) -> Html:
    """Draw the curves of each detailed row, with its other seeds as fine lines."""
    rows = [(row, entry) for row, entry in contents.detailed if entry.epochs]
    if not rows:
        return el("p", "Nothing here was trained in epochs, so there are no curves.")
    everyone = [contents.entries[ref].epochs for row, _ in rows for ref in row.refs]
    x = Scale(1, max(2, *(len(epochs) for epochs in everyone)), _LEFT + 6, _RIGHT - 6)
    losses = [loss for epochs in everyone for e in epochs for loss in (e.train_loss, e.val_loss)]
    y = Scale(*around(losses), _BOTTOM, _TOP)
    drawn = [
        panel(contents, row, _drawing(row, entry, contents, x, y), _caption(row, entry))
        for row, entry in rows
    ]
    return joined(
        _key(several=any(len(row.refs) > 1 for row, _ in rows)), el("div", *drawn, class_="panels")
    )


def _drawing(row: Row, entry: Entry, contents: Contents, x: Scale, y: Scale) -> Html:
    siblings = [contents.entries[ref].epochs for ref in row.refs if ref != entry.ref]
    best = next(epoch for epoch in entry.epochs if epoch.number == entry.best_epoch)
    description = (
        f"Validation loss from {entry.epochs[0].val_loss:.3f} to {entry.epochs[-1].val_loss:.3f}, "
        f"training loss from {entry.epochs[0].train_loss:.3f} to "
        f"{entry.epochs[-1].train_loss:.3f}, "
        f"over {formatting.several(len(entry.epochs), 'epoch')}; "
        f"lowest validation loss {best.val_loss:.3f} in epoch {best.number}."
    )
    epochs = [tick for tick in x.ticks(7) if tick == int(tick)]
    return svg.drawing(
        _SIZE,
        f"Learning curve of {entry.ref}",
        description,
        *svg.axis_y(y, (_LEFT, _RIGHT), y.ticks(5), ".1f"),
        *svg.axis_x(x, _BOTTOM, epochs),
        svg.words((_LEFT + _RIGHT) / 2, _BOTTOM + 31, "epoch"),
        *(svg.line(_points(sibling, x, y, "val_loss"), "val faint") for sibling in siblings),
        svg.line(_points(entry.epochs, x, y, "train_loss"), "train"),
        svg.line(_points(entry.epochs, x, y, "val_loss"), "val"),
        svg.dot(x(best.number), y(best.val_loss), 4.5, "kept"),
        class_="curve",
    )


def _points(epochs: Sequence[Epoch], x: Scale, y: Scale, field_name: str) -> list[svg.Point]:
    return [(x(epoch.number), y(getattr(epoch, field_name))) for epoch in epochs]


def _caption(row: Row, entry: Entry) -> str:
    seconds = row.figures.get("seconds")
    took = f", {shown(seconds, formatting.duration)}" if seconds is not None else ""
    return (
        f"best epoch {entry.best_epoch} of {len(entry.epochs)}, validation loss "
        f"{shown(entry.val_loss, formatting.loss)}{took}"
    )


def _key(*, several: bool) -> Html:
    """Say which line is which, beside a sample of it."""
    samples = [("val", "validation loss"), ("train", "training loss, with dropout")]
    if several:
        samples.append(("val faint", "validation loss of other seeds"))
    lines = [
        el(
            "span",
            el("svg", svg.line([(0, 5), (26, 5)], class_), viewBox="0 0 26 10", aria_hidden="true"),
            name,
        )
        for class_, name in samples
    ]
    marker = el("svg", svg.dot(5, 5, 4.5, "kept"), viewBox="0 0 10 10", aria_hidden="true")
    return el("p", *lines, el("span", marker, "the epoch that was kept"), class_="key")
