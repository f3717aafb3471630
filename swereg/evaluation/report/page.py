"""The page as a whole: one file that asks nothing of the network, and has no script.

Its frame is the template ``page.html``; what is drawn or worked out comes from the files beside it.
"""

from __future__ import annotations

from importlib.resources import files

from swereg.evaluation.report import typesetting
from swereg.evaluation.report.calibration import calibration, explanation
from swereg.evaluation.report.contents import Contents
from swereg.evaluation.report.cost import worth
from swereg.evaluation.report.curves import curves
from swereg.evaluation.report.data import data
from swereg.evaluation.report.entries import closeups, left_out
from swereg.evaluation.report.html import Html, escaped
from swereg.evaluation.report.leaderboard import leaderboard
from swereg.evaluation.report.summary import opening

GENERATOR = "swereg report"  # by this a page is known as ours


def page(contents: Contents) -> str:
    """Write the page."""
    import jinja2  # 40 ms that no other verb needs

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    template = environment.from_string(_read("page.html"))
    return template.render(
        generator=GENERATOR,
        version=contents.version,
        created=contents.created,
        # Autoescaping leaves characters that no page can have, such as halves of letters.
        task=escaped(contents.comparison.task),
        style=Html(_read("style.css")),
        metric=typesetting.title_of(contents.metric),
        opening=opening(contents),
        leaderboard=leaderboard(contents),
        cost=worth(contents),
        curves=curves(contents),
        calibration_explained=explanation(),
        calibration=calibration(contents),
        entries=closeups(contents),
        left_out=left_out(contents) or "",
        data=data(contents),
    )


def _read(name: str) -> str:
    return files("swereg.evaluation.report").joinpath(name).read_text(encoding="utf-8")
