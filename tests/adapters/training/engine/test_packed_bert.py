"""The engine learns as transformers and PEFT do: the same logits, gradients, keys and chances."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from swereg.adapters import products
from swereg.adapters.bert.fast_linear import FastLinear
from swereg.adapters.bert.hidden import Hidden
from swereg.adapters.bert.layers import BertLayers
from swereg.adapters.sequence_classifier import SequenceClassifier
from swereg.adapters.training import engine
from swereg.adapters.training.engine.dropout import FastDropout, Masks
from swereg.adapters.training.engine.packed_bert import PackedBert
from tests.adapters.frozen.test_base import make_other
from tests.adapters.methods.test_every_method import PEFT, SHARED, Base, Case, base, chosen, inputs

__all__ = ["base"]

CPU = torch.device("cpu")
CASES: list[Case] = [*SHARED, *PEFT, ("full", {})]
LABELS = torch.tensor([0, 1, 2, 0, 1, 2])


@pytest.fixture(params=["torch", "oneDNN"])
def maker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whose products the layers of a tiny base use."""
    use(monkeypatch, request.param)
    return str(request.param)


def use(monkeypatch: pytest.MonkeyPatch, maker: str) -> None:
    if maker == "oneDNN" and not products.is_right(torch.float32):
        pytest.skip("oneDNN's products are not there")
    monkeypatch.setattr(products, "SMALLEST", 1)
    used = products.is_right if maker == "oneDNN" else lambda _: False
    monkeypatch.setattr(products, "faster", used)


def attached(base: Base, case: Case, dropout: float = 0.0) -> Any:
    """What a method makes of a model, with random numbers where training would put them."""
    method, settings = chosen(case)
    torch.manual_seed(0)
    model = method.attach(SequenceClassifier(base.fresh(), 3, dropout=dropout), settings)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.05 * torch.randn_like(parameter))
    return model


def on_engine(model: nn.Module, precision: str = "fp32", device: torch.device = CPU) -> Any:
    """A copy of a model that learns on the engine."""
    taken = copy.deepcopy(model)
    engine.take_over(taken, device, precision)
    assert any(isinstance(module, PackedBert) for module in taken.modules())
    return taken


def without_dropout(case: Case) -> Case:
    method, settings = case
    known = {"lora", "rslora", "dora"}
    return method, settings | ({"dropout": 0.0} if method in known else {})


def gradients(model: Any, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """Logits in training, and the gradient of all that learns, by name."""
    logits = model.train()(**batch)
    cross_entropy(logits, LABELS).backward()
    return logits.detach(), {
        name: parameter.grad
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and parameter.grad is not None
    }


@pytest.mark.parametrize("case", CASES, ids=str)
def test_logits_and_gradients_are_those_of_transformers_and_peft(
    case: Case, maker: str, base: Base
) -> None:
    theirs = attached(base, without_dropout(case))
    ours = on_engine(theirs)
    assert any(isinstance(m, FastLinear) for m in ours.modules()) == (maker == "oneDNN")
    wanted, theirs_learn = gradients(theirs, inputs(base))
    found, ours_learn = gradients(ours, inputs(base))
    assert (found - wanted).abs().max() < 1e-5
    assert ours_learn.keys() == theirs_learn.keys()
    largest = max(float(gradient.norm()) for gradient in theirs_learn.values())
    for name, gradient in theirs_learn.items():
        off = float((ours_learn[name] - gradient).norm())
        assert off < 1e-5 * max(float(gradient.norm()), 1e-2 * largest), name  # key's bias: 0


@pytest.mark.parametrize(
    "case", [("lora", {}), ("dora", {}), ("bitfit", {}), ("full", {}), ("peft", {})], ids=str
)
def test_layers_without_transformers_learn_as_with_it(case: Case, base: Base) -> None:
    """The layers alone, read from a checkpoint, with the same numbers where it learns."""
    method, settings = chosen(without_dropout(case))
    layers = BertLayers(base.tensors, base.encoder.config.to_dict())
    assert layers.state_dict().keys() == base.tensors.keys()
    ours = method.attach(SequenceClassifier(copy.deepcopy(layers), 3, dropout=0.0), settings)
    theirs = attached(base, without_dropout(case))
    ours.load_state_dict(theirs.state_dict())
    assert engine.take_over(ours, CPU, "fp32")
    wanted, theirs_learn = gradients(theirs, inputs(base))
    found, ours_learn = gradients(ours, inputs(base))
    assert (found - wanted).abs().max() < 1e-5
    assert ours_learn.keys() == theirs_learn.keys()
    for name, gradient in theirs_learn.items():
        assert (ours_learn[name] - gradient).norm() < 1e-5 * max(float(gradient.norm()), 1e-2)


@pytest.mark.parametrize("case", [("lora", {}), ("full", {}), ("vera", {}), ("peft", {})], ids=str)
def test_what_is_stored_keeps_its_keys_and_its_start(case: Case, maker: str, base: Base) -> None:
    method, _ = chosen(case)
    theirs = attached(base, case)
    before, after = method.state(theirs), method.state(on_engine(theirs))
    assert list(after) == list(before)
    assert all(torch.equal(after[key], before[key]) for key in before)


@pytest.mark.parametrize("case", [("lora", {}), ("full", {}), ("dora", {})], ids=str)
def test_a_step_of_the_optimizer_reaches_the_engine(case: Case, maker: str, base: Base) -> None:
    """Nothing that learns is kept packed."""
    theirs = attached(base, without_dropout(case))
    ours = on_engine(theirs)
    for model in (theirs, ours):
        learning = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(learning, lr=1e-2)
        gradients(model, inputs(base))
        optimizer.step()
    wanted, found = (model.eval()(**inputs(base)) for model in (theirs, ours))
    assert (found - wanted).abs().max() < 1e-4  # the first step of Adam is the gradients' signs


def test_bf16_is_close(base: Base, maker: str) -> None:
    if maker == "oneDNN" and not products.is_right(torch.bfloat16):
        pytest.skip("no products in bf16")
    model = attached(base, ("lora", {"dropout": 0.0}))
    wanted, exact = gradients(model, inputs(base))
    with torch.autocast("cpu", torch.bfloat16):
        found, near = gradients(on_engine(model, "bf16"), inputs(base))
    assert (found.float() - wanted).abs().max() < 0.05 * wanted.abs().max()
    off = sum(float((near[name] - exact[name]).norm()) ** 2 for name in exact)
    assert off < 0.05**2 * sum(float(gradient.norm()) ** 2 for gradient in exact.values())
    assert off > 0


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rows_that_stay_padded_give_the_same(
    case: Case, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU: nothing is packed."""
    model = on_engine(attached(base, without_dropout(case)))
    wanted, packed = gradients(model, inputs(base))
    model.zero_grad()
    monkeypatch.setattr(Hidden, "of_padded", Hidden.of_rows)
    found, padded = gradients(model, inputs(base))
    assert (found - wanted).abs().max() < 1e-5
    largest = max(float(gradient.norm()) for gradient in packed.values())
    for name, gradient in packed.items():
        off = float((padded[name] - gradient).norm())
        assert off < 1e-5 * max(float(gradient.norm()), 1e-2 * largest), name


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_way_of_a_gpu_is_torchs_own(precision: str, base: Base) -> None:
    """Taken over for a GPU, but run here: plain operations, under autocast where it is bf16."""
    model = attached(base, ("lora", {"dropout": 0.0}))
    ours = on_engine(model, precision, torch.device("cuda"))
    assert not any(isinstance(m, FastLinear | FastDropout) for m in ours.modules())
    wanted, exact = gradients(model, inputs(base))
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        found, near = gradients(ours, inputs(base))
    allowed = 0.05 if precision == "bf16" else 1e-5
    assert (found.float() - wanted).abs().max() < allowed * max(1, float(wanted.abs().max()))
    off = sum(float((near[name] - exact[name]).norm()) ** 2 for name in exact)
    assert off < allowed**2 * sum(float(gradient.norm()) ** 2 for gradient in exact.values())


# --- chance


@limits(deadline=None, max_examples=30, derandomize=True)
@given(p=st.floats(0.001, 0.999), size=st.integers(20_000, 40_001))
def test_masks_drop_as_often_as_they_should_and_keep_the_mean(p: float, size: int) -> None:
    torch.manual_seed(1)
    mask = Masks().draw(torch.Size([size]), p)
    kept = mask > 0
    assert abs(float(kept.float().mean()) - (1 - p)) < 5 * (p * (1 - p) / size) ** 0.5 + 1e-5
    assert torch.allclose(mask[kept], torch.tensor(1 / (1 - p)), rtol=1e-2 if p > 0.99 else 1e-3)
    beside = (kept[1:] & kept[:-1]).float().mean()  # neighbours know nothing of each other
    assert abs(float(beside) - (1 - p) ** 2) < 6 / size**0.5


def test_masks_begin_where_torch_stands_and_go_on() -> None:
    drawn = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        masks = Masks()
        drawn.append([masks.draw(torch.Size([7, 9]), 0.5) for _ in range(2)])
    assert torch.equal(drawn[0][0], drawn[1][0])
    assert torch.equal(drawn[0][1], drawn[1][1])
    assert not torch.equal(drawn[0][0], drawn[0][1])
    assert not torch.equal(drawn[0][0], drawn[2][0])


def test_dropout_does_nothing_but_in_training() -> None:
    x = torch.randn(4, 5, requires_grad=True)
    layer = FastDropout(0.5, Masks())
    assert layer.eval()(x) is x
    assert FastDropout(0.0, Masks()).train()(x) is x
    y = layer.train()(x)
    y.sum().backward()
    assert x.grad is not None
    assert torch.equal(y, x * x.grad)  # the same mask on both ways


def losses(model: Any, batch: dict[str, Tensor], times: int) -> Iterator[tuple[float, float]]:
    """The loss and the size of the gradients, with another dropout each time."""
    for seed in range(times):
        torch.manual_seed(seed)
        model.zero_grad()
        logits, learning = gradients(model, batch)
        size = sum(float(gradient.square().sum()) for gradient in learning.values())
        yield float(cross_entropy(logits, LABELS)), size**0.5


@pytest.mark.parametrize("case", [("lora", {"dropout": 0.3}), ("full", {})], ids=str)
def test_dropout_gives_losses_and_gradients_of_the_same_distribution(
    case: Case, base: Base
) -> None:
    theirs = attached(base, case, dropout=0.2)
    ours = on_engine(theirs)
    assert sum(isinstance(m, FastDropout) for m in ours.modules()) == sum(
        isinstance(m, nn.Dropout) for m in theirs.modules()
    )
    wanted, found = (np.array(list(losses(model, inputs(base), 300))) for model in (theirs, ours))
    for column in (0, 1):
        assert ks_2samp(found[:, column], wanted[:, column]).pvalue > 0.01
    without = np.array(list(losses(attached(base, without_dropout(case)), inputs(base), 1)))
    assert ks_2samp(wanted[:, 0], np.repeat(without[:, 0], 300)).pvalue < 1e-6  # it would show


# --- what it leaves alone


def test_an_encoder_that_somebody_changed_is_left_alone(base: Base) -> None:
    class Wrapped(nn.Module):
        def __init__(self, layer: nn.Module) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, *arguments: Any, **more: Any) -> Any:
            return self.layer(*arguments, **more)

    def wrap(encoder: Any) -> None:
        encoder.encoder.layer[1] = Wrapped(encoder.encoder.layer[1])

    def hook(encoder: Any) -> None:
        encoder.encoder.layer[0].register_forward_hook(lambda *_: None)

    def patch(encoder: Any) -> None:
        encoder.pooler.forward = lambda x: x[:, 0]

    def relative(encoder: Any) -> None:
        encoder.config.position_embedding_type = "relative_key"

    for change in (wrap, hook, patch, relative):
        model = SequenceClassifier(base.fresh(), 3, dropout=0.1)
        change(model.encoder)
        kinds = [type(module) for module in model.modules()]
        engine.take_over(model, CPU, "fp32")
        assert [type(module) for module in model.modules()] == kinds, change


@pytest.mark.parametrize("model_type", ["distilbert", "roberta"])
def test_another_architecture_is_left_alone(model_type: str, tmp_path: Path) -> None:
    from transformers import AutoModel

    make_other(tmp_path, model_type)
    model = SequenceClassifier(AutoModel.from_pretrained(tmp_path), 3, dropout=0.1)
    kinds = [type(module) for module in model.modules()]
    engine.take_over(model, CPU, "fp32")
    assert [type(module) for module in model.modules()] == kinds


def test_layers_of_a_plugin_may_have_more_dimensions(maker: str) -> None:
    layer = nn.Linear(300, 300)
    fast = FastLinear(layer, torch.float32)
    x = torch.randn(2, 3, 300)
    for shape in ((2, 3, 300), (6, 300), (1, 6, 1, 300)):
        found, wanted = fast(x.view(shape)), layer(x.view(shape))
        assert found.shape == wanted.shape
        assert torch.allclose(found, wanted, atol=1e-5)
