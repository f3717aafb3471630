"""The top of the page: what there is, and what it comes to, in plain words."""

from __future__ import annotations

from swereg.evaluation.comparison import Row
from swereg.evaluation.report import typesetting
from swereg.evaluation.report.contents import Contents
from swereg.evaluation.report.html import Html, Part, el, foreign
from swereg.evaluation.statistics import METRICS
from swereg.records import formatting


def opening(contents: Contents) -> Html:
    """Build the head line, the finding and the key figures."""
    about = contents.task.description
    return el(
        "header",
        el("p", "swereg report", class_="kicker"),
        el("h1", foreign(contents.comparison.task)),
        el("p", foreign(about), class_="about") if about else None,
        el("p", *_finding(contents), class_="lead"),
        _key_figures(contents),
    )


def _finding(contents: Contents) -> list[Part]:
    """Say which is best, whether that is sure, and what it costs: three sentences at most."""
    best, comparison = contents.best, contents.comparison
    if best is None:
        return [
            "No entry here has answers on examples that others were tested on, so none can "
            "be called the best."
        ]
    limits = best.intervals.get(comparison.metric)
    value = typesetting.metric(comparison.metric, best.figures.get(comparison.metric))
    name = _in_a_sentence(comparison.metric)
    examples = formatting.several(
        comparison.examples, f"{formatting.SPLITS[comparison.split]} example"
    )
    sure = f" (95\u202f% interval {typesetting.limits(limits)})" if limits else ""
    ranked = [row for row in comparison.rows if row.ranked]
    if len(ranked) == 1:
        return [el("strong", best.ref), f" reaches {name} {value}{sure} on {examples}."]
    lowest = "lowest" if METRICS[comparison.metric].small else "highest"
    head = [el("strong", best.ref), f" has the {lowest} {name}, {value}{sure}, on {examples}. "]
    return [*head, *_against_baseline(contents, best), *_others(contents, best, ranked)]


def _others(contents: Contents, best: Row, ranked: list[Row]) -> list[Part]:
    noise = [row for row in ranked if row.within_noise and row is not best]
    near = [row for row in noise if not row.baseline]
    if not near:
        return [] if noise else ["The examples tell it from every other."]
    who = near[0].ref if len(near) == 1 else f"{len(near)} others"
    head = f"Within the noise {'is' if len(near) == 1 else 'are'} {who}"
    smaller = [row for row in near if 2 * row.figures["size"] <= best.figures["size"]]
    if not smaller:
        return [f"{head}."]
    small, metric = smaller[0], contents.metric
    behind = typesetting.signed(
        small.figures[metric] - best.figures[metric], formatting.writer(metric)
    )
    return [
        f"{head}; ",
        el("strong", small.ref),
        f" differs by {behind}, stores "
        f"{typesetting.shown(small.figures['size'], formatting.size)} instead of "
        f"{typesetting.shown(best.figures['size'], formatting.size)} and trained "
        f"{typesetting.shown(small.figures['trainable_percent'], formatting.percent)} "
        "of the parameters.",
    ]


def _against_baseline(contents: Contents, best: Row) -> list[Part]:
    """Hold the best against the baseline, if there is one and it is another."""
    base, metric = contents.baseline, contents.metric
    held = best.verdicts.get(metric)
    if base is None or base is best or held is None or held.value is None:
        return []
    by = typesetting.signed(held.value, formatting.writer(metric))
    limits = f" ({typesetting.limits(held.interval, sign=True)})" if held.interval else ""
    if held.verdict == "indistinguishable":
        sure = f"{by}{limits}, which these examples cannot tell from nothing"
        return [f"Its difference to full fine-tuning ({base.ref}) is {sure}. "]
    return [f"It is {held.verdict} than full fine-tuning ({base.ref}), by {by}{limits}. "]


def _key_figures(contents: Contents) -> Html:
    comparison = contents.comparison
    first = contents.entries[comparison.rows[0].refs[0]]
    bases = sorted({row.base for row in comparison.rows if row.base})
    facts: list[tuple[str, Part]] = [
        ("entries", formatting.count(len(contents.entries))),
        ("recipes", formatting.count(len(comparison.rows))),
        ("labels", formatting.count(len(first.labels))),
        (f"{formatting.SPLITS[comparison.split]} examples", formatting.count(comparison.examples)),
        ("base" if len(bases) < 2 else "bases", ", ".join(bases) or formatting.NO_BASE),
    ]
    items = [el("div", el("dt", name), el("dd", value)) for name, value in facts]
    return el("dl", *items, class_="key-figures")


def _in_a_sentence(metric: str) -> str:
    name = typesetting.title_of(metric)
    return name if name[1].isupper() else name[0].lower() + name[1:]
