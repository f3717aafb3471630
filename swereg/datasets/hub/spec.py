"""How a dataset on the Hugging Face Hub is written down.

hub:ORG/NAME                                          the whole of it, or its default config
hub:ORG/NAME@REVISION[config=sv,label=intent,val=dev] with some of it said
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from swereg.datasets.files.refusals import some, unknown_key
from swereg.datasets.files.splits import Source
from swereg.errors import UsageError
from swereg.records.dataset import SPLITS, Split

PREFIX = "hub:"
KEYS = ("config", "text", "label", *SPLITS)
_SPEC = re.compile(r"(?P<name>[^@\[\]\s]+)(@(?P<revision>[^\[\]\s]+))?(\[(?P<said>[^\[\]]*)\])?")


@dataclass(frozen=True)
class Spec:
    """A dataset on the Hub, and which part of it is meant.

    Attributes:
        name: such as ``EuroEval/scala-sv``.
        revision: a branch, tag or commit; ``""`` is the main branch.
        config: of those that the dataset has; ``""`` is its default.
        text, label: column names; ``""`` finds the usual names.
        splits: from train, val and test to what they are called there.
    """

    name: str
    revision: str = ""
    config: str = ""
    text: str = ""
    label: str = ""
    splits: Mapping[Split, str] = field(default_factory=dict)

    def at(self, commit: str) -> str:
        """Write the spec with the commit it was resolved to."""
        parts = [("config", self.config), ("text", self.text), ("label", self.label)]
        parts += self.splits.items()
        pairs = ",".join(f"{key}={value}" for key, value in parts if value)
        return f"{PREFIX}{self.name}@{commit}{f'[{pairs}]' if pairs else ''}"


def spec_in(source: Source) -> Spec | None:
    """Read a data source as a Hub spec, or return None where it is one of files.

    Raises:
        UsageError: it is no spec, or one among several sources.
    """
    sources = [source] if isinstance(source, str | Path) else list(source)
    texts = [str(location) for location in sources]
    if not any(text.startswith(PREFIX) for text in texts):
        return None
    if len(texts) > 1:
        raise UsageError(
            "a Hub dataset does not go together with other data",
            why=f"Given: {some(texts)}.",
            hint="Give it alone; it brings its own splits.",
            code="hub.spec",
        )
    return parse_spec(texts[0])


def parse_spec(text: str) -> Spec:
    """Read a Hub spec.

    Raises:
        UsageError: it is none, or says something that is not known.
    """
    match = _SPEC.fullmatch(text.removeprefix(PREFIX).strip())
    if not match:
        raise UsageError(
            f"{text!r} is not a dataset on the Hub",
            hint="Write it as hub:ORG/NAME, or hub:ORG/NAME@REVISION[config=sv,label=intent].",
            code="hub.spec",
        )
    pairs: dict[str, str] = {}
    for pair in filter(str.strip, (match["said"] or "").split(",")):
        key, _, value = (part.strip() for part in pair.partition("="))
        if key not in KEYS:
            raise unknown_key(key, KEYS, f"{text!r}", "hub.spec")
        if not value or key in pairs:
            raise UsageError(
                f"{pair.strip()!r} of {text!r} is not KEY=VALUE, once for each key",
                why=f"The keys are {', '.join(KEYS)}.",
                code="hub.spec",
            )
        pairs[key] = value
    splits: dict[Split, str] = {name: pairs.pop(name) for name in SPLITS if name in pairs}
    return Spec(match["name"], match["revision"] or "", splits=splits, **pairs)
