"""On a GPU all learn and answer as on a processor. Where there is none, this is skipped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from swereg.adapters.bases.sources import BaseSource
from swereg.adapters.frozen.base import FrozenBase
from swereg.adapters.training import engine
from swereg.adapters.training.engine import cuda_graphs
from swereg.adapters.training.engine.packed_bert import PackedBert
from swereg.records.dataset import Dataset
from swereg.testing import TEXTS
from tests.adapters.frozen.test_base import SPECS, place, trained
from tests.adapters.methods.test_every_method import Base, Case, base, inputs
from tests.adapters.training.engine.test_packed_bert import (
    CASES,
    LABELS,
    attached,
    gradients,
    without_dropout,
)
from tests.adapters.training.test_together import DIFFERENT, Said, Trained, assert_same

__all__ = ["base"]

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
ALONE: list[Said] = [("lora[r=4,dropout=0.3]", {"seed": 3, "dropout": 0.2, "batch_size": 4})]


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The losses of replayed steps."""
    found: list[Any] = []
    replay = cuda_graphs._Graph.replay

    def remember(recording: Any, turn: Any) -> Any:
        found.append(replay(recording, turn))
        return found[-1]

    monkeypatch.setattr(cuda_graphs._Graph, "replay", remember)
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_logits_and_gradients_are_those_of_a_processor(
    case: Case, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = attached(base, without_dropout(case))
    wanted, on_cpu = gradients(theirs, inputs(base))
    theirs.zero_grad()
    assert engine.take_over(theirs, torch.device("cuda"), "fp32")
    batch = {name: value.cuda() for name, value in inputs(base).items()}
    monkeypatch.setattr("tests.adapters.test_engine.LABELS", LABELS.cuda())
    found, on_gpu = gradients(theirs.cuda(), batch)
    assert (found.cpu() - wanted).abs().max() < 1e-5
    largest = max(float(gradient.norm()) for gradient in on_cpu.values())
    for name, gradient in on_cpu.items():
        off = float((on_gpu[name].cpu() - gradient).norm())
        assert off < 2e-5 * max(float(gradient.norm()), 1e-2 * largest), name


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_recorded_steps_are_those_that_are_not(
    precision: str,
    source: BaseSource,
    dataset: Dataset,
    replayed: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With dropout, which has to be the same too; and each step with another."""
    those = [(spec, said | {"precision": precision}) for spec, said in ALONE]
    found = Trained(source, dataset, those, "cuda").one_by_one()
    assert len(replayed) > len(found.steps[0]) / 2
    monkeypatch.setattr(cuda_graphs, "suits", lambda _: False)
    before = len(replayed)
    wanted = Trained(source, dataset, those, "cuda").one_by_one()
    assert len(replayed) == before
    assert_same(found, wanted, [0], steps=1e-5)
    assert len(set(found.steps[0])) == len(found.steps[0])


@pytest.mark.parametrize("spec", ["lora", "rslora", "dora", "ia3", "vera[r=8]", "bitfit", "full"])
def test_every_method_can_be_recorded(
    spec: str, source: BaseSource, dataset: Dataset, replayed: list[Any]
) -> None:
    Trained(source, dataset, [(spec, {"learning_rate": 1e-3})], "cuda").one_by_one()
    assert replayed


@pytest.mark.parametrize("always", [True, False])
def test_what_cannot_be_recorded_learns_step_by_step(
    always: bool,
    source: BaseSource,
    dataset: Dataset,
    replayed: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """None of its shapes of batches, or the second one alone."""
    monkeypatch.setattr(cuda_graphs, "MULTIPLE", 1)  # so that there are several
    wanted = Trained(source, dataset, ALONE, "cuda").one_by_one()
    forward, recorded = PackedBert.forward, []

    def waiting(self: PackedBert, input_ids: Any, attention_mask: Any) -> Any:
        if torch.cuda.is_current_stream_capturing():
            recorded.append(input_ids.shape)
            if always or len(recorded) > 1:
                assert int(input_ids.sum()) > 0  # which has to wait for the GPU
        return forward(self, input_ids, attention_mask)

    monkeypatch.setattr(PackedBert, "forward", waiting)
    replayed.clear()
    found = Trained(source, dataset, ALONE, "cuda").one_by_one()
    assert always == (not replayed)
    assert len(recorded) == (1 if always else 2)
    assert_same(found, wanted, [0], steps=1e-5)


def test_several_at_once_are_what_each_is_alone(
    source: BaseSource, dataset: Dataset, replayed: list[Any]
) -> None:
    wanted = Trained(source, dataset, DIFFERENT, "cuda").one_by_one()
    found = Trained(source, dataset, DIFFERENT, "cuda").at_once()
    assert replayed
    assert_same(found, wanted, list(range(len(DIFFERENT))), steps=1e-6)


def test_what_learnt_on_a_gpu_without_dropout_is_what_a_processor_learns(
    source: BaseSource, dataset: Dataset
) -> None:
    those: list[Said] = [("lora[dropout=0.0]", {"dropout": 0.0, "batch_size": 4})]
    ours, theirs = (
        Trained(source, dataset, those, place).one_by_one() for place in ("cuda", "cpu")
    )
    assert np.abs(np.subtract(ours.steps[0], theirs.steps[0])).max() < 1e-4


def test_answers_are_those_of_a_processor(source: BaseSource) -> None:
    found = {}
    for device in ("cuda", "cpu"):
        opened = FrozenBase.open(source, device)
        placed = [
            place(opened, spec, trained(source, spec, 2 + number % 3, number)[1], 2 + number % 3)
            for number, spec in enumerate([*SPECS, "lora", "lora", "lora"])
        ]
        rows = [(text, one) for text in TEXTS for one in placed]
        mixed = opened.logits([text for text, _ in rows], [one for _, one in rows])[0]
        every = opened.logits_all(TEXTS, placed)[0]
        found[device] = np.concatenate([*mixed, *(row for rows in every for row in rows)])
    assert np.abs(found["cuda"] - found["cpu"]).max() < 1e-5


def test_answers_in_bf16_are_close(source: BaseSource) -> None:
    found = []
    for device, precision in (("cpu", "fp32"), ("cuda", "bf16")):
        opened = FrozenBase.open(source, device, precision)
        placed = place(opened, "lora", trained(source, "lora", 2, 0)[1], 2)
        found.append(np.stack(opened.logits(TEXTS, [placed] * len(TEXTS))[0]))
    assert 0 < np.abs(found[0] - found[1]).max() < 0.05
