"""Turn a folder of text files into a tokenizer, token arrays and word vectors.

    python prepare.py --corpus TEXTS --out WORK [--lexicons FOLDER] [--vocab 16000]

`TEXTS` holds UTF-8 files (`*.txt` or `*.txt.xz`), one paragraph per line. `WORK` receives
`tokenizer.json`, `vectors.npy` and, for training and held-out text alike, `tokens` (uint16) and
one entry per sentence: where it starts, its paragraph, its run of neighbours, its polarity.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from corpus import Polarity, Source, read_lines, read_mix, repeat, split_sentences
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from vectors import word_vectors

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]  # ids 0 to 4
HELD_OUT = 0.003  # share of the paragraphs kept for the held-out loss

Block = tuple[list[str], bool]


def new_tokenizer() -> Tokenizer:
    """Return an untrained cased WordPiece tokenizer that keeps accents and works on NFC."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=60))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFC(),
            normalizers.BertNormalizer(
                clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False
            ),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    return tokenizer


def train_tokenizer(lines: Iterator[str], vocab: int) -> Tokenizer:
    """Train the WordPiece vocabulary and add BERT's template of special tokens."""
    tokenizer = new_tokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab,
        min_frequency=5,
        limit_alphabet=300,
        special_tokens=SPECIAL,
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return tokenizer


def mix_blocks(sources: list[Source], seed: int) -> tuple[list[Block], list[Block]]:
    """Return the blocks of one pass over the mix, shuffled, and the held-out paragraphs."""
    rng = np.random.default_rng(seed)
    train: list[Block] = []
    held_out: list[Block] = []
    for source in sources:
        lines = read_lines(source.path)
        held = rng.random(len(lines)) < HELD_OUT
        held_out.append(([line for line, out in zip(lines, held, strict=True) if out], False))
        kept = [line for line, out in zip(lines, held, strict=True) if not out]
        train += [(block, source.running) for block in repeat(kept, source.weight, rng)]
    order = rng.permutation(len(train))
    return [train[i] for i in order], held_out


def tokenise(
    blocks: list[Block], tokenizer: Tokenizer, polarity: Polarity
) -> dict[str, np.ndarray]:
    """Tokenise sentence by sentence.

    Returns `tokens`, and per sentence `starts` (one longer), `paragraphs`, `runs`, `polarity`.
    """
    tokens: list[np.ndarray] = []
    columns: list[tuple[int, int, int, int]] = []  # length, paragraph, run, polarity
    paragraph = run = 0
    for lines, running in blocks:
        sentences: list[tuple[str, int, int]] = []
        for line in lines:
            paragraph += 1
            run += 0 if running else 1
            sentences += [(text, paragraph, run) for text in split_sentences(line)]
        run += 1
        encoded = tokenizer.encode_batch([s[0] for s in sentences], add_special_tokens=False)
        for (text, line_number, run_number), encoding in zip(sentences, encoded, strict=True):
            if encoding.ids:
                tokens.append(np.array(encoding.ids, dtype=np.uint16))
                columns.append(
                    (len(encoding.ids), line_number, run_number, polarity.sentence(text))
                )
    table = np.array(columns, dtype=np.int64)
    return {
        "tokens": np.concatenate(tokens),
        "starts": np.concatenate([[0], np.cumsum(table[:, 0])]),
        "paragraphs": table[:, 1],
        "runs": table[:, 2],
        "polarity": table[:, 3].astype(np.int8),
    }


def main() -> None:
    """Prepare everything that pretraining reads."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True, help="folder of text files")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--mix", type=Path, default=here / "mix.toml")
    parser.add_argument("--lexicons", type=Path, help="folder of the sentiment lexicons")
    parser.add_argument("--vocab", type=int, default=16000, help="at most 65536")
    parser.add_argument("--dim", type=int, default=256, help="width of the word vectors")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    start = time.time()

    def say(what: str) -> None:
        print(f"{time.time() - start:6.0f} s  {what}", flush=True)

    args.out.mkdir(parents=True, exist_ok=True)
    train, held_out = mix_blocks(read_mix(args.mix, args.corpus), args.seed)
    say(f"{sum(len(block) for block, _ in train):,} paragraphs in one pass over the mix")
    tokenizer = train_tokenizer((line for block, _ in train for line in block), args.vocab)
    tokenizer.save(str(args.out / "tokenizer.json"))
    say(f"tokenizer trained, {tokenizer.get_vocab_size():,} pieces")
    polarity = Polarity(args.lexicons)
    for name, blocks in (("heldout", held_out), ("train", train)):
        arrays = tokenise(blocks, tokenizer, polarity)
        for key, array in arrays.items():
            np.save(args.out / f"{name}-{key}.npy", array)
        sentences, unknown = len(arrays["paragraphs"]), float((arrays["tokens"] == 1).mean())
        say(f"{name}: {len(arrays['tokens']):,} tokens, {sentences:,} sentences, unk {unknown:.5f}")
    vectors = word_vectors(
        arrays["tokens"],
        np.repeat(arrays["paragraphs"], np.diff(arrays["starts"])),
        vocab=tokenizer.get_vocab_size(),
        dim=args.dim,
        seed=args.seed,
        report=say,
    )
    np.save(args.out / "vectors.npy", vectors)
    say("word vectors written")


if __name__ == "__main__":
    main()
