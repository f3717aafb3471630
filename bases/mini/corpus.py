"""Read the raw text: the mix, the paragraphs, the sentences and their lexicon polarity."""

import csv
import lzma
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SENTENCE_END = re.compile(r"(?<=[.!?…])[\"»”’')]*\s+(?=[A-ZÅÄÖÉ0-9»\"”–—-])")
WORD = re.compile(r"[^\W\d_]+")
BLOCK = 64  # lines; a file's fraction is taken in blocks, so that neighbours stay neighbours
ENDINGS = (  # of nouns, adjectives and verbs, longest first
    *("arens", "arna", "erna", "orna", "ades", "aren", "ande", "ende", "aste"),
    *("ade", "are", "ast", "ens", "ets", "igt", "iga"),
    *("en", "et", "ar", "er", "or", "na", "de", "te", "ad", "at", "as"),
    *("s", "n", "t", "r", "a", "e"),
)
NEGATIONS = {"inte", "ej", "icke", "aldrig", "ingen", "inget", "inga", "knappast", "utan"}


@dataclass(frozen=True)
class Source:
    """One file of the corpus and its place in the mix."""

    path: Path
    weight: float  # passes over the file in one pass over the mix
    running: bool  # does the next line continue the same document?


def read_mix(mix: Path, folder: Path) -> list[Source]:
    """Return the sources of the mix that exist in `folder`; without a mix, every file once."""
    if not mix.is_file():
        return [Source(path, 1.0, True) for path in sorted(folder.glob("*.txt*"))]
    entries = tomllib.loads(mix.read_text(encoding="utf-8"))
    sources = [
        Source(path, float(entry["weight"]), bool(entry["running"]))
        for name, entry in entries.items()
        for path in sorted(folder.glob(f"{name}.txt*"))
    ]
    if not sources:
        raise SystemExit(f"no file of {mix} is in {folder}")
    return sources


def read_lines(path: Path) -> list[str]:
    """Return the non-empty lines of a text file or an xz file, in NFC."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return [unicodedata.normalize("NFC", line.strip()) for line in file if line.strip()]


def repeat(lines: list[str], weight: float, rng: np.random.Generator) -> Iterator[list[str]]:
    """Yield `weight` passes over the lines as blocks of neighbours, a fraction at random."""
    blocks = [lines[i : i + BLOCK] for i in range(0, len(lines), BLOCK)]
    for _ in range(int(weight)):
        yield from blocks
    share = weight - int(weight)
    yield from (block for block in blocks if rng.random() < share)


def split_sentences(paragraph: str) -> list[str]:
    """Split a paragraph after sentence-final punctuation that a capital or a digit follows."""
    return [part for part in SENTENCE_END.split(paragraph) if part]


class Polarity:
    """Score sentences with sentiment lexicons (SenSALDO and sentimentlex, both CC BY)."""

    def __init__(self, folder: Path | None) -> None:
        self.scores: dict[str, int] = {}
        self._cache: dict[str, int] = {"men": 0}  # the conjunction, not the noun for injury
        if folder is not None:
            self._read_sensaldo(folder / "sensaldo-base-v02.txt")
            self._read_sentimentlex(folder / "sentimentlex.csv")

    def _read_sensaldo(self, path: Path) -> None:
        for line in path.read_text(encoding="utf-8").splitlines():
            fields = line.split("\t")
            if len(fields) == 2 and not line.startswith("#"):  # a word's first sense counts
                self.scores.setdefault(fields[0].split("..")[0], int(fields[1]))

    def _read_sentimentlex(self, path: Path) -> None:
        signs = {"pos": 1, "neg": -1}
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if float(row["confidence"] or 0) >= 0.5:
                    self.scores[row["word"].lower()] = signs.get(row["polarity"], 0)

    def word(self, word: str) -> int:
        """Return -1, 0 or 1 for a word, trying its stems when the form itself is not listed."""
        if word not in self._cache:
            self._cache[word] = self._look_up(word)
        return self._cache[word]

    def _look_up(self, word: str) -> int:
        if word in self.scores:
            return self.scores[word]
        stems = (word.removesuffix(ending) for ending in ENDINGS if word.endswith(ending))
        forms = (form for stem in stems if len(stem) > 2 for form in (stem, stem + "a"))
        return next((self.scores[form] for form in forms if form in self.scores), 0)

    def sentence(self, sentence: str) -> int:
        """Return the sum of the words' polarities, turned after a negation, from -3 to 3."""
        words = WORD.findall(sentence.lower())
        total = 0
        for i, word in enumerate(words):
            turned = not NEGATIONS.isdisjoint(words[max(0, i - 2) : i])
            total += -self.word(word) if turned else self.word(word)
        return max(-3, min(3, total))
