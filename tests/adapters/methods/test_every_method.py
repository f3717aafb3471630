"""Every method: what is stored comes back bit by bit, and what is lowered answers as PEFT does."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from scipy.stats import ks_2samp
from torch import Tensor, nn
from transformers import BertModel

from swereg.adapters.method import Delta, Lowered
from swereg.adapters.methods.peft_method import PEFT_PREFIX, PeftMethod
from swereg.adapters.sequence_classifier import SequenceClassifier, count, pool
from swereg.adapters.tensors import read_tensors, write_tensors
from swereg.errors import CheckFailed, UsageError
from swereg.plugins import specs

ALL = "query+key+value+dense"  # the pooler's dense too
RANKS = json.dumps({"layer.1.attention.self.query": 6, "pooler.dense": 2, "output.dense": 3})
ALPHAS = json.dumps({"bert.encoder.layer.0.output.dense": 7, "query": 0.5})
Case = tuple[str, dict[str, Any]]


def lora_cases(method: str) -> list[Case]:
    return [
        (method, {}),
        (method, {"r": 3, "alpha": 5.5, "targets": ALL}),
        (method, {"targets": ALL, "rank_pattern": RANKS, "alpha_pattern": ALPHAS}),
        (method, {"targets": ALL, "layers": "1", "rank_pattern": '{"dense": 7}'}),
        (method, {"targets": "attention.output.dense+intermediate.dense", "layers": "0+1"}),
    ]


SHARED: list[Case] = [
    *lora_cases("lora"),
    *lora_cases("rslora"),
    *lora_cases("dora"),
    ("ia3", {}),
    ("ia3", {"targets": "query+value"}),
    ("ia3", {"targets": ALL}),
    ("ia3", {"targets": ALL, "feedforward": "dense"}),
    ("ia3", {"targets": "key+value+output.dense", "feedforward": ""}),
    ("vera", {}),
    ("vera", {"r": 5, "seed": 3, "targets": ALL}),
    ("vera", {"r": 40, "targets": "intermediate.dense+pooler.dense"}),
    ("bitfit", {}),
    ("head", {}),
]
PEFT: list[Case] = [
    ("peft", {"type": kind, "config": json.dumps(config)})
    for kind, config in (
        ("loha", {}),
        ("loha", {"r": 4, "target_modules": ["query", "value"]}),
        ("lokr", {"r": 4, "target_modules": ["query", "dense"]}),
        ("oft", {"oft_block_size": 4, "target_modules": ["query", "dense"]}),
        ("boft", {"boft_block_size": 4, "target_modules": ["query", "dense"]}),
        ("hra", {"r": 4, "target_modules": ["query", "dense"]}),
        ("adalora", {"total_step": 10, "target_modules": ["query", "dense"]}),
        ("ln_tuning", {"target_modules": ["LayerNorm"]}),
    )
]


class Base:
    """A frozen base, made of transformers alone."""

    prefix = "bert"

    def __init__(self, folder: Path) -> None:
        self.encoder = BertModel.from_pretrained(folder).eval()
        self.tensors = self.encoder.state_dict()

    def tensor(self, name: str) -> Tensor:
        if name not in self.tensors:
            raise CheckFailed(f"no tensor {name}")
        tensor: Tensor = self.tensors[name]
        return tensor

    def fresh(self) -> BertModel:
        return copy.deepcopy(self.encoder)


@pytest.fixture(scope="module")
def base(tiny_base: Path) -> Base:
    return Base(tiny_base)


def trained(base: Base, case: Case) -> tuple[Any, dict[str, Tensor]]:
    """Attach a method, put random numbers where training would; return model and tensors."""
    method, settings = chosen(case)
    torch.manual_seed(0)
    model = method.attach(SequenceClassifier(base.fresh(), 3, dropout=0.0), settings)
    learning, total = count(model)
    assert 0 < learning < total
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval(), method.state(model)


def chosen(case: Case) -> tuple[Any, Any]:
    method = specs.parse_method(case[0]).method
    return method, specs.settings_of(method, case[1])


@pytest.mark.parametrize("case", [*lora_cases("lora"), *lora_cases("rslora")], ids=str)
def test_our_lora_is_pefts(case: Case, base: Base) -> None:
    """The same keys, and with the same numbers under them the same logits and gradients."""
    ours, state = trained(base, case)
    method, settings = chosen(case)
    plain = SequenceClassifier(base.fresh(), 3, dropout=0.0)
    theirs: Any = PeftMethod.attach(method, plain, settings).eval()
    learning = {
        name.replace(".default.", "."): parameter
        for name, parameter in theirs.named_parameters()
        if parameter.requires_grad
    }
    assert learning.keys() == state.keys() == PeftMethod.state(method, theirs).keys()
    with torch.no_grad():
        for key, parameter in learning.items():
            parameter.copy_(state[key])
    logits = [model(**inputs(base)) for model in (ours, theirs)]
    assert (logits[0] - logits[1]).abs().max() < 1e-6
    for found in logits:
        found.square().sum().backward()
    for name, parameter in ours.named_parameters():
        if parameter.requires_grad:
            wanted = learning[PEFT_PREFIX + name].grad
            assert (parameter.grad - wanted).norm() <= 1e-5 * wanted.norm(), name


def test_lora_starts_as_peft_starts_it(base: Base) -> None:
    method, settings = chosen(("lora", {"r": 64}))
    model = method.attach(SequenceClassifier(base.fresh(), 3, dropout=0.0), settings)
    found = torch.cat([p.flatten() for name, p in model.named_parameters() if "lora_A" in name])
    peft: Any = PeftMethod.attach(
        method, SequenceClassifier(base.fresh(), 3, dropout=0.0), settings
    )
    wanted = torch.cat([p.flatten() for name, p in peft.named_parameters() if "lora_A" in name])
    assert ks_2samp(found.detach().numpy(), wanted.detach().numpy()).pvalue > 0.01
    assert not any(p.any() for name, p in model.named_parameters() if "lora_B" in name)


def lowered(base: Base, case: Case, stored: Mapping[str, Tensor]) -> Lowered:
    method, settings = chosen(case)
    found = method.lower(stored, base, settings)
    assert isinstance(found, Lowered)
    return found


def inputs(base: Base) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(5, base.fresh().config.vocab_size, (6, 11), generator=generator)
    mask = (torch.arange(11) < torch.tensor([11, 3, 7, 2, 9, 11])[:, None]).long()
    return {"input_ids": ids, "attention_mask": mask}


def adapted(f: Callable[[Tensor], Tensor], delta: Delta) -> Callable[[Tensor], Tensor]:
    """The formula of Delta, written once more."""

    def forward(x: Tensor) -> Tensor:
        if delta.in_scale is not None:
            x = x * delta.in_scale
        y = f(x)
        if delta.out_scale is not None:
            y = y * delta.out_scale
        if delta.down is not None and delta.up is not None:
            inner = x @ delta.down.T
            if delta.mid_scale is not None:
                inner = inner * delta.mid_scale
            update = inner @ delta.up.T
            y = y + (update if delta.up_scale is None else update * delta.up_scale)
        return y if delta.bias is None else y + delta.bias

    return forward


def answer(base: Base, entry: Lowered) -> Tensor:
    """What a lowered entry says, by the formula alone."""
    encoder: nn.Module = base.fresh()
    if entry.encoder is not None:
        encoder.load_state_dict(entry.encoder)
    for name, delta in entry.deltas.items():
        layer = encoder.get_submodule(name)
        layer.forward = adapted(layer.forward, delta)
    with torch.no_grad():
        pooled = pool(encoder, **inputs(base))
        return pooled @ entry.head_weight.T + entry.head_bias


@pytest.mark.parametrize("case", [*SHARED, *PEFT], ids=str)
def test_a_lowered_entry_answers_as_the_model_that_was_trained(case: Case, base: Base) -> None:
    model, state = trained(base, case)
    stored = read_tensors(write_tensors(state))
    assert stored.keys() == state.keys()
    assert all(torch.equal(stored[key], state[key]) for key in state)
    entry = lowered(base, case, stored)
    assert (entry.encoder is None) == (case in SHARED)
    with torch.no_grad():
        wanted = model(**inputs(base))
    assert (answer(base, entry) - wanted).abs().max() < 1e-5
    if case[0] != "head":  # the adapter does something
        plain = Lowered(entry.head_weight, entry.head_bias)
        assert (answer(base, plain) - wanted).abs().max() > 1e-3


REFUSING: list[Case] = [
    ("lora", {"targets": ALL}),
    ("rslora", {}),
    ("dora", {}),
    ("ia3", {"targets": ALL}),
    ("vera", {"r": 5, "targets": ALL}),
    ("bitfit", {}),
    ("peft", {}),
]


@pytest.mark.parametrize("case", REFUSING, ids=str)
def test_tensors_that_do_not_fit_are_refused_by_name(case: Case, base: Base) -> None:
    _, state = trained(base, case)
    for key in state:
        with pytest.raises(CheckFailed) as missing:
            lowered(base, case, {name: state[name] for name in state if name != key})
        assert key.removeprefix("base_model.model.bert.") in str(missing.value)
    for key in [key for key in state if "classifier" not in key][::5]:  # the head: by its labels
        with pytest.raises(CheckFailed) as misshaped:
            lowered(base, case, state | {key: torch.zeros(3, 2)})
        assert key in str(misshaped.value)
    for stranger in ("other", next(key for key in state if "layer.0" in key) + "x"):
        with pytest.raises(CheckFailed, match=stranger):
            lowered(base, case, state | {stranger: torch.zeros(1)})


@pytest.mark.parametrize(
    ("settings", "key"),
    [({"r": 3}, "lora_A"), ({"rank_pattern": '{"1.attention.self.value": 2}'}, "layer.1.")],
)
def test_ranks_that_are_not_the_settings_are_refused(
    settings: dict[str, Any], key: str, base: Base
) -> None:
    _, state = trained(base, ("lora", {}))
    with pytest.raises(CheckFailed, match=key) as caught:
        lowered(base, ("lora", settings), state)
    assert caught.value.code == "weights.shape"


def test_vera_keeps_its_pair_once(base: Base) -> None:
    _, state = trained(base, ("vera", {"r": 5}))
    deltas = lowered(base, ("vera", {"r": 5}), state).deltas.values()
    assert all(delta.shared for delta in deltas)
    for part in ("down", "up"):
        assert len({getattr(delta, part).data_ptr() for delta in deltas}) == 1


@pytest.mark.parametrize(
    "case",
    [
        ("lora", {"layers": "1,2"}),
        ("lora", {"layers": "top"}),
        ("lora", {"rank_pattern": "[1]"}),
        ("lora", {"rank_pattern": '{"query": 0}'}),
        ("lora", {"rank_pattern": '{"query": true}'}),
        ("lora", {"rank_pattern": '{".*": 8}'}),
        ("lora", {"rank_pattern": '{"(a+)+": 8}'}),
        ("rslora", {"alpha_pattern": '{"query": NaN}'}),
        ("dora", {"alpha_pattern": '{"query": -1}'}),
        ("dora", {"alpha_pattern": "{"}),
        ("ia3", {"targets": "query|value"}),
        ("ia3", {"feedforward": "query", "targets": "value"}),
        ("vera", {"r": 0}),
        ("vera", {"d_initial": 0}),
        ("vera", {"seed": -1}),
        ("peft", {"type": "lora"}),
        ("peft", {"type": "LoHa"}),
        ("peft", {"config": "[]"}),
        ("peft", {"config": '{"target_modules": ".*"}'}),
        ("peft", {"config": '{"modules_to_save": ["pooler"]}'}),
        ("peft", {"config": '{"megatron_core": "os"}'}),
        ("peft", {"config": '{"runtime_config": {}}'}),
        ("peft", {"config": '{"rank_pattern": {"(a+)+": 2}}'}),
        ("peft", {"config": '{"target_modules": [1]}'}),
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(case: Case) -> None:
    with pytest.raises(UsageError, match=f"cannot have {next(iter(case[1]))}=") as caught:
        chosen(case)
    assert caught.value.why
    assert caught.value.hint


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (("peft", {"type": "prefix_tuning"}), "cannot be merged"),
        (("peft", {"type": "adaption_prompt"}), "cannot be merged"),
        (("peft", {"type": "poly"}), "cannot be merged"),
        (("peft", {"type": "lily"}), "cannot be merged"),
        (("peft", {"type": "shadow"}), "cannot be merged"),
        (("peft", {"type": "nope"}), "PEFT has no type"),
        (("peft", {"type": "hra", "config": '{"rank": 4}'}), "PEFT refuses the config of hra"),
        (("peft", {"config": '{"target_modules": ["nope"]}'}), "cannot put this on the base"),
        (("peft", {"config": '{"target_modules": ["classifier"]}'}), "cannot put this on the"),
        (("lora", {"targets": "query+classifier"}), "cannot put this on the base"),
        (("lora", {"targets": "word_embeddings"}), "cannot put this on the base"),
        (("lora", {"layers": "2"}), "cannot put this on the base"),
        (("lora", {"layers": "1+2"}), "cannot put this on the base"),
        (("lora", {"targets": "query+valeu"}), "cannot put this on the base"),
        (("vera", {"targets": "nope"}), "cannot put this on the base"),
        (("ia3", {"targets": "LayerNorm"}), "cannot put this on the base"),
    ],
    ids=str,
)
def test_what_cannot_be_adapted_is_refused_before_training(
    case: Case, message: str, base: Base
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        trained(base, case)
    assert caught.value.hint or caught.value.why


LOWER = """
import json, sys
from pathlib import Path
from types import SimpleNamespace
from safetensors.torch import load_file
from swereg.plugins import specs
from swereg.adapters.tensors import read_tensors, write_tensors
from swereg.errors import CheckFailed
from swereg.records.training import Weights

frozen = load_file(Path(sys.argv[1], "model.safetensors"))

def tensor(name):
    if name not in frozen:
        raise CheckFailed(name)
    return frozen[name]

base = SimpleNamespace(prefix="bert", tensor=tensor)
for name, settings in json.loads(sys.argv[3]):
    method = specs.parse_method(name).method
    stored = read_tensors(Weights.of(Path(sys.argv[2], name).read_bytes()))
    assert method.lower(stored, base, specs.settings_of(method, settings)).deltas, name
loaded = {"peft", "accelerate", "transformers", "swereg.adapters.training.fit"} & set(sys.modules)
assert not loaded, loaded
"""


def test_lowering_imports_no_peft_but_for_peft(base: Base, tiny_base: Path, tmp_path: Path) -> None:
    cases = [case for case in REFUSING if case[0] != "peft"]
    for case in cases:
        weights = write_tensors(trained(base, case)[1])
        Path(tmp_path, case[0]).write_bytes(weights.data or b"")
    done = subprocess.run(
        [sys.executable, "-c", LOWER, tiny_base, tmp_path, json.dumps(cases)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
