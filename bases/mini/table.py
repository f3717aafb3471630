"""Print the table of an evaluation: mean and standard deviation over the seeds, as Markdown.

python table.py results.jsonl
"""

import argparse
import json
import statistics
from collections import defaultdict
from pathlib import Path

ROWS = {
    ("", "majority"): "majority class",
    ("", "tfidf"): "TF-IDF, words and characters",
    ("random", "head"): "random weights, `head`",
    ("random", "lora"): "random weights, `lora`",
    ("random", "full"): "random weights, `full`",
    ("base", "head"): "`mini`, `head`",
    ("base", "lora"): "`mini`, `lora`",
    ("base", "full"): "`mini`, `full`",
}
Found = dict[tuple[str, str], dict[str, list[dict[str, float]]]]


def read(path: Path) -> Found:
    """Collect the test scores: row, then task, to one set of scores per seed."""
    found: Found = defaultdict(lambda: defaultdict(list))
    for line in path.read_text(encoding="utf-8").splitlines():
        result = json.loads(line)
        what = result["what"]
        found[what.get("weights", ""), what["method"]][what["task"]].append(result["test"])
    return found


def cell(scores: list[dict[str, float]], metric: str) -> str:
    """Write one metric over the seeds: 68.1 ± 1.2."""
    values = [score[metric] for score in scores]
    mean = f"{statistics.mean(values):.1f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.1f}"


def table(found: Found, metric: str) -> list[str]:
    """Write one metric of all tasks as a Markdown table."""
    tasks = list(dict.fromkeys(task for row in found.values() for task in row))
    lines = ["| | " + " | ".join(tasks) + " |", "|---|" + "---:|" * len(tasks)]
    for row, title in ROWS.items():
        if row in found:
            cells = [cell(found[row][t], metric) if found[row][t] else "" for t in tasks]
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    """Print accuracy and macro-F1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("results", type=Path, help="written by evaluate.py")
    found = read(parser.parse_args().results)
    for title, metric in (("Accuracy", "accuracy"), ("Macro-F1", "macro_f1")):
        print(f"{title}, per cent on test:\n")
        print("\n".join(table(found, metric)), end="\n\n")


if __name__ == "__main__":
    main()
