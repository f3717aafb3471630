"""The sentences, word by word."""

from __future__ import annotations

import pytest

from swereg.evaluation.statistics import Bootstrap, Difference, Interval, McNemar, Pair, sentence
from tests.evaluation.statistics.making import answers, pair


def compared(rows: int = 60, level: float = 0.95, **facts: object) -> Pair:
    """Make a pair with one difference, by default a clear one."""
    plain = {
        "metric": "accuracy",
        "a": 0.6,
        "b": 0.75,
        "value": 0.15,
        "differing": 12,
        "p": 0.0118,
        "interval": Interval(0.0503, 0.2496, level, 2000),
        "verdict": "better",
    }
    found = Difference(**{**plain, **facts})  # type: ignore[arg-type]
    differences = {found.metric: found}
    bootstrap = Bootstrap(level=level)
    return Pair("t/1", "t/2", rows, differences, McNemar(1, 1, 1, 1, 1.0), bootstrap)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            {},
            "t/2 is better than t/1 on n = 60 test examples: accuracy +0.150 (95 % interval "
            "+0.050 to +0.250), McNemar p = 0.012.",
        ),
        (
            {
                "value": -0.15,
                "interval": Interval(-0.25, -0.05, 0.95, 2000),
                "verdict": "worse",
                "p": 0.0004,
            },
            "t/2 is worse than t/1 on n = 60 test examples: accuracy -0.150 (95 % interval "
            "-0.250 to -0.050), McNemar p < 0.001.",
        ),
        (
            {
                "value": 0.0,
                "interval": Interval(-0.05, 0.05, 0.95, 2000),
                "p": 1.0,
                "differing": 5,
                "verdict": "indistinguishable",
            },
            "t/1 and t/2 are not distinguishable on these n = 60 test examples: accuracy +0.000 "
            "(95 % interval -0.050 to +0.050), McNemar p = 1.000, only 5 answered differently.",
        ),
        (
            {
                "rows": 1,
                "value": 1.0,
                "interval": None,
                "p": 1.0,
                "differing": 1,
                "verdict": "indistinguishable",
            },
            "t/1 and t/2 are not distinguishable on this n = 1 test example: accuracy +1.000, "
            "McNemar p = 1.000, only 1 answered differently.",
        ),
        (
            {"level": 0.9, "differing": 5},
            "t/2 is better than t/1 on n = 60 test examples: accuracy +0.150 (90 % interval "
            "+0.050 to +0.250), McNemar p = 0.012.",
        ),
    ],
)
def test_by_accuracy(facts: dict[str, object], said: str) -> None:
    assert sentence(compared(**facts)) == said  # type: ignore[arg-type]


def test_by_another_metric() -> None:
    found = compared(metric="macro_f1")
    assert sentence(found, "macro_f1", "validation") == (
        "t/2 is better than t/1 on n = 60 validation examples: macro f1 +0.150 (95 % interval "
        "+0.050 to +0.250), p = 0.012."
    )


def test_of_no_kind_in_particular() -> None:
    assert "on n = 60 examples:" in sentence(compared(), kind="")


def test_what_cannot_tell_says_why() -> None:
    a = answers([0] * 30, [0] * 20 + [1] * 10)
    b = answers([0] * 30, [0] * 30)
    found = pair(a, b, ("t/1", "t/2"), Bootstrap(100))
    head = "t/1 and t/2 are not distinguishable on these n = 30 test examples"
    assert sentence(found, "roc_auc") == (
        f"{head}: roc auc cannot tell, as every example is labelled a."
    )
    assert sentence(found, "ece") == (
        f"{head}: ece cannot tell, as resamples exaggerate calibration errors."
    )


def test_of_a_real_pair() -> None:
    a = answers([0, 1] * 30, [0, 1] * 20 + [1, 0] * 10)
    b = answers([0, 1] * 30, [0, 1] * 30)
    found = sentence(pair(a, b, ("omdöme/1", "omdöme/2")))
    assert found.startswith(
        "omdöme/2 is better than omdöme/1 on n = 60 test examples: accuracy +0.3"
    )
    assert found.endswith("McNemar p < 0.001.")
