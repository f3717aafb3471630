"""The page as a whole: one file that asks nothing of the network, and has no script."""

from __future__ import annotations

from importlib.resources import files

from swereg.evaluation.report import typesetting
from swereg.evaluation.report.calibration import calibration, explanation
from swereg.evaluation.report.contents import Contents
from swereg.evaluation.report.cost import worth
from swereg.evaluation.report.curves import curves
from swereg.evaluation.report.data import data
from swereg.evaluation.report.entries import closeups, left_out
from swereg.evaluation.report.html import Html, el, joined
from swereg.evaluation.report.leaderboard import leaderboard
from swereg.evaluation.report.panels import section
from swereg.evaluation.report.summary import opening

GENERATOR = "swereg report"  # by this a page is known as ours

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(contents: Contents) -> str:
    """Write the page."""
    return f"<!doctype html>\n{el('html', _head(contents), _body(contents), lang='en')}\n"


def _head(contents: Contents) -> Html:
    style = files("swereg.evaluation.report").joinpath("style.css").read_text(encoding="utf-8")
    return el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="generator", content=f"{GENERATOR} {contents.version}"),
        el("meta", name="color-scheme", content="light dark"),
        el("link", rel="icon", href="data:,"),
        el("title", f"{contents.comparison.task} \u2013 swereg report"),
        el("style", Html(style)),
    )


def _body(contents: Contents) -> Html:
    cost = worth(contents)
    parts = [
        section("leaderboard", "Leaderboard", leaderboard(contents)),
        section("worth", "What it costs", cost) if cost else None,
        section("curves", "Learning curves", curves(contents)),
        section("calibration", "Calibration", el("p", explanation()), calibration(contents)),
        section("entries", "Entry by entry", closeups(contents), left_out(contents)),
        section("data", "Data", data(contents)),
        section("reading", "How to read this page", _reading(contents)),
    ]
    return el("body", opening(contents), el("main", *parts), _footer(contents))


def _reading(contents: Contents) -> Html:
    metric = typesetting.title_of(contents.metric)
    return joined(
        el(
            "p",
            "An interval says where a score would plausibly lie on all examples of the same "
            "kind: the examples are drawn again 2,000 times, the same ones for all entries, and "
            "with them the seeds of a recipe that has several. It covers 95\u202f% of these "
            "samples. What other training data would change is not in it.",
        ),
        el(
            "p",
            f"{metric} decides the order. An entry is within the noise if its paired "
            "difference to the best cannot be told from nothing. The best was chosen on these very "
            "examples, which flatters it a little. A difference counts as better or worse only if "
            "its interval leaves out nothing, and at least six examples speak for it; for the "
            "accuracy of two single entries McNemar's exact test has to agree.",
        ),
        el(
            "p",
            "Calibration errors are means over 15 bins. An entry's curve, mistakes and labels "
            "are those of the seed with the lowest validation loss.",
        ),
    )


def _footer(contents: Contents) -> Html:
    when = f"{contents.created[:10]} {contents.created[11:16]} UTC"
    time = el("time", when, datetime=contents.created)
    return el(
        "footer",
        el(
            "p",
            "Made ",
            time,
            f" by swereg {contents.version}, from stored "
            "answers; nothing was trained or predicted again.",
        ),
    )
