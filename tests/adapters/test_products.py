"""oneDNN's products are torch's, and where they are not, torch's own are used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from swereg.adapters import products


@pytest.fixture(autouse=True)
def _try_anew() -> Iterator[None]:
    for asked in (products.faster, products.faster_as_they_are, products.is_right):
        asked.cache_clear()
    yield
    for asked in (products.faster, products.faster_as_they_are, products.is_right):
        asked.cache_clear()


sizes = st.integers(1, 90)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    rows=sizes,
    narrow=sizes,
    wide=sizes,
    packed=st.booleans(),
    turned=st.booleans(),
    bias=st.booleans(),
)
def test_products_are_those_of_torch(
    rows: int, narrow: int, wide: int, packed: bool, turned: bool, bias: bool
) -> None:
    if not products.is_right(torch.float32):
        pytest.skip("oneDNN's products are not there")
    made = torch.Generator().manual_seed(rows)
    x = torch.randn(rows, narrow, generator=made)
    weight = torch.randn(narrow, wide, generator=made).T
    weight = weight if turned else weight.contiguous()
    b = torch.randn(wide, generator=made) if bias else None
    wanted = F.linear(x, weight, b)
    ready = products._packed(weight.contiguous()) if packed else weight
    assert torch.allclose(products._onednn(x, ready, b), wanted, rtol=1e-5, atol=1e-5)
    assert torch.equal(products.multiply(x, weight, b), wanted)  # it is too small


def broken(*_: Any) -> Tensor:
    raise RuntimeError("no such operator")


def wrong(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return F.linear(x, weight.to_dense(), bias) * 1.001


def slow(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    found = weight
    for _ in range(5):
        found = F.linear(x, weight.to_dense(), bias)
    return found


@pytest.mark.parametrize("fault", [broken, wrong, slow])
def test_an_operator_that_is_gone_wrong_or_slow_is_not_used(
    fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "_onednn", fault)
    assert not products.faster(torch.float32)
    assert products.maker(torch.device("cpu")) == "torch"
    x, weight = torch.randn(3, 300), torch.randn(300, 300)
    assert products.pack_weight(weight) is weight
    assert torch.equal(products.multiply(x, weight), F.linear(x, weight))


def test_what_was_faster_once_stays_so_while_it_is_right(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not products.is_right(torch.float32):
        pytest.skip("oneDNN's products are not there")
    times = iter([[1.0, 2.0]])
    monkeypatch.setattr(products, "_shortest", lambda *_: next(times, [2.0, 1.0]))
    for _ in range(2):
        assert products.faster(torch.float32)
        products.faster.cache_clear()
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("SWEREG_HOME", str(tmp_path / "elsewhere"))
        assert not products.faster(torch.float32)
        products.faster.cache_clear()
    monkeypatch.setattr(products, "_onednn", wrong)
    products.is_right.cache_clear()
    assert not products.faster(torch.float32)


@pytest.mark.parametrize("ours", [1.0, 3.0])
def test_weights_that_are_not_packed_are_tried_apart_and_once(
    ours: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not products.is_right(torch.float32):
        pytest.skip("oneDNN's products are not there")
    times = iter([[1.0, 2.0], [ours, 2.0]])  # packed, and not
    used: list[torch.Size] = []
    onednn = products._onednn

    def counted(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        used.append(x.shape)
        return onednn(x, weight, bias)

    monkeypatch.setattr(products, "_shortest", lambda *_, **__: next(times))
    x, weight = torch.randn(7, 300), torch.randn(300, 300)
    name = "oneDNN" if ours < 2 else "oneDNN, torch"
    for _ in range(2):  # as in another process: what was found is remembered
        assert products.faster_as_they_are(torch.float32) == (ours < 2)
        assert products.maker(torch.device("cpu")) == name
        products.faster_as_they_are.cache_clear()
        products.faster.cache_clear()
    monkeypatch.setattr(products, "_onednn", counted)
    assert torch.allclose(products.multiply(x, weight), F.linear(x, weight), atol=1e-4)
    assert (x.shape in used) == (ours < 2)
    used.clear()
    products.multiply(x, products.pack_weight(weight))
    assert used == [x.shape]


def test_without_the_operator_speed_is_all_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        pass

    monkeypatch.setattr(torch.ops, "mkldnn", Gone())
    assert not products.faster(torch.float32)


def test_other_types_are_torchs() -> None:
    assert not products.faster(torch.float64)


def test_trying_takes_no_random_numbers() -> None:
    before = torch.get_rng_state()
    products.faster(torch.float32)
    assert torch.equal(torch.get_rng_state(), before)
