"""Write a checkpoint as a transformers folder: BertModel with pooler, fp16, and its tokenizer.

    python export.py --run RUN --data WORK --out FOLDER [--card CARD.md]

The folder is written beside `FOLDER` and renamed, so that a reader never sees half of it.
"""

import argparse
import json
import shutil
import tempfile
import tomllib
from pathlib import Path

import torch
from checkpoint import read_state
from safetensors import safe_open
from safetensors.torch import save_file

WIDEST = 512  # positions in the exported model
ENCODER = "model.bert."


def read_encoder(path: Path) -> dict[str, torch.Tensor]:
    """Return the encoder's and pooler's weights of a checkpoint, in float32."""
    with safe_open(path, framework="pt") as file:
        return {
            name.removeprefix(ENCODER): file.get_tensor(name)
            for name in file.keys()  # noqa: SIM118 (a safetensors file is no dict)
            if name.startswith(ENCODER)
        }


def widen_positions(trained: torch.Tensor, widest: int) -> torch.Tensor:
    """Repeat the later half of the trained positions up to `widest` (they were never trained)."""
    half = trained[len(trained) // 2 :]
    copies = -(-(widest - len(trained)) // len(half))
    return torch.cat([trained, *[half] * copies])[:widest]


def bert_config(weights: dict[str, torch.Tensor], heads: int) -> dict[str, object]:
    """Return config.json for these weights."""
    vocab, width = weights["embeddings.word_embeddings.weight"].shape
    layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder."))
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": vocab,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": weights["encoder.layer.0.intermediate.dense.weight"].shape[0],
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "max_position_embeddings": WIDEST,
        "type_vocab_size": weights["embeddings.token_type_embeddings.weight"].shape[0],
        "layer_norm_eps": 1e-12,
        "initializer_range": 0.02,
        "pad_token_id": 0,
        "dtype": "float32",  # what to compute in; the file stores fp16
    }


TOKENIZER_CONFIG: dict[str, object] = {
    # BertTokenizerFast rebuilds its normalizer from options and would lose NFC; this class
    # keeps tokenizer.json as it is.
    "tokenizer_class": "PreTrainedTokenizerFast",
    "do_lower_case": False,
    "strip_accents": False,
    "tokenize_chinese_chars": False,
    "model_max_length": WIDEST,
    "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
    "clean_up_tokenization_spaces": False,
}


def write_notice(mix: Path) -> str:
    """Return the attributions of the training texts."""
    lines = [
        "# Notice",
        "",
        "The weights were trained from nothing on these texts and lexicons.",
        "",
    ]
    for name, entry in tomllib.loads(mix.read_text(encoding="utf-8")).items():
        lines.append(f"- {name}: {entry['source']}. {entry['licence']}.")
    lines += [
        "- lexicons: SenSALDO 0.2 (J. Rouces, L. Borin, N. Tahmasebi, S. Rødven Eide) and "
        "sentimentlex, Språkbanken Text. CC BY 4.0.",
        "",
        "CC BY 4.0: https://creativecommons.org/licenses/by/4.0/  ",
        "CC BY 2.0 FR: https://creativecommons.org/licenses/by/2.0/fr/",
    ]
    return "\n".join(lines) + "\n"


def dump(path: Path, content: object) -> None:
    """Write readable JSON."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write(args: argparse.Namespace, folder: Path) -> None:
    """Write every file of the base into `folder`."""
    weights = read_encoder(args.run / "checkpoint.safetensors")
    positions = "embeddings.position_embeddings.weight"
    weights[positions] = widen_positions(weights[positions], WIDEST)
    settings = json.loads((args.run / "settings.json").read_text(encoding="utf-8"))
    heads = settings["heads"] or settings["dim"] // 64
    dump(folder / "config.json", bert_config(weights, heads))
    half = {name: tensor.half().contiguous() for name, tensor in sorted(weights.items())}
    save_file(half, folder / "model.safetensors", metadata={"format": "pt"})
    shutil.copyfile(args.data / "tokenizer.json", folder / "tokenizer.json")
    dump(folder / "tokenizer_config.json", TOKENIZER_CONFIG)
    (folder / "NOTICE.md").write_text(write_notice(args.mix), encoding="utf-8")
    if args.card:
        shutil.copyfile(args.card, folder / "README.md")
    for path in folder.iterdir():
        path.chmod(0o644)


def main() -> None:
    """Export the newest checkpoint of a run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--data", type=Path, required=True, help="folder written by prepare.py")
    parser.add_argument("--out", type=Path, required=True, help="folder to write or replace")
    parser.add_argument("--mix", type=Path, default=Path(__file__).parent / "mix.toml")
    parser.add_argument("--card", type=Path, help="model card to copy as README.md")
    args = parser.parse_args()
    out: Path = args.out
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    write(args, fresh)
    fresh.chmod(0o755)
    if out.exists():
        old = fresh.with_name(fresh.name + "-old")
        out.rename(old)
        fresh.rename(out)
        shutil.rmtree(old)
    else:
        fresh.rename(out)
    state = read_state(args.run / "checkpoint.safetensors")
    size = sum(path.stat().st_size for path in out.iterdir()) / 1e6
    print(f"{out}: {size:.1f} MB, step {state['step']:,}, {state['tokens'] / 1e6:.1f} M tokens")


if __name__ == "__main__":
    main()
