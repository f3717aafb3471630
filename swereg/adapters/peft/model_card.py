"""The model card of an exported entry: stored facts, and how to load it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from swereg.records.dataset import SPLITS
from swereg.records.entry import Entry

_PEFT = """```python
from peft import AutoPeftModelForSequenceClassification

model = AutoPeftModelForSequenceClassification.from_pretrained(FOLDER, num_labels={labels})
```

PEFT does not know the labels; they are in `swereg.json` and in the metadata of
`adapter_model.safetensors`.

With swereg, which checks the base by its fingerprint:

```
swereg import FOLDER --name {name}
```
"""
_MERGED = """```python
from transformers import pipeline

pipeline("text-classification", FOLDER)("Maten var underbar")
```
"""


def model_card(entry: Entry, *, merged: bool) -> str:
    """Write the card of an entry's adapter, or of a whole model that it was merged into."""
    base = entry.require_base()
    settings = ", ".join(f"{k}={v}" for k, v in entry.recipe.settings.items() if v != "")
    facts = {
        "task": entry.task,
        "labels, in the order of the outputs": ", ".join(entry.labels),
        "base": f"{base.name}@{base.revision}" if base.revision else base.name,
        "fingerprint of the base": base.fingerprint,
        "method": f"{entry.method} ({settings})" if settings else entry.method,
        "trainable": f"{entry.trainable:,} of {entry.total:,} parameters "
        f"({entry.trainable_percent:.4g} %)",
        "longest text": f"{entry.recipe.max_length} tokens",
        "trained": "elsewhere" if entry.imported else entry.created,
        **_data(entry),
    }
    lines = [f"- {name}: {_plain(value)}" for name, value in facts.items()]
    use = (_MERGED if merged else _PEFT).format(labels=len(entry.labels), name=entry.name)
    return "\n".join(
        [
            *_header(entry, merged),
            f"# {entry.ref}",
            "",
            *lines,
            "",
            *_scores(entry),
            "## Use",
            "",
            use,
        ]
    )


def _header(entry: Entry, merged: bool) -> list[str]:
    """The card's metadata, as the Hub reads it."""
    facts = {"library_name": "transformers" if merged else "peft"}
    facts["pipeline_tag"] = "text-classification"
    base = entry.require_base()
    if base.revision:
        facts["base_model"] = base.name
    return ["---", *(f"{key}: {json.dumps(value)}" for key, value in facts.items()), "---", ""]


def _data(entry: Entry) -> dict[str, str]:
    if entry.dataset is None:
        return {"data": "not known"}
    sizes = ", ".join(f"{entry.sizes[s]:,} {s}" for s in SPLITS if entry.sizes.get(s))
    return {"data": f"{sizes}; digest {entry.dataset}"}


def _scores(entry: Entry) -> list[str]:
    """A line for each split: its number of examples, and its scores."""
    if not entry.scores:
        return ["No scores are known.", ""]
    lines = [
        f"- {split} (n={entry.sizes[split]:,}): {_metrics(entry.scores[split])}"
        for split in SPLITS
        if entry.scores.get(split)
    ]
    return ["## Scores", "", *lines, ""]


def _metrics(metrics: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())


def _plain(text: str) -> str:
    """One line, in which nothing is Markdown or HTML."""
    line = " ".join(text.split())
    for sign in "\\`*<>[]":
        line = line.replace(sign, f"\\{sign}")
    return line
