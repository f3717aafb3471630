"""Several trainings on one base: one after the other, or in one pass over it.

A training is a generator that yields each batch and is sent its loss; alone it is driven by its own
model, together by one pass over the frozen layers of all. The loop is the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from swereg.adapters.training import engine
from swereg.adapters.training.engine.turns import Turn
from swereg.adapters.training.fit import Training, alone
from swereg.adapters.training.loop import Learning, Learnt, Paused
from swereg.errors import TrainingError
from swereg.records.training import BaseInfo, Fitted

Outcome = tuple[BaseInfo, Fitted] | Paused | TrainingError
Make = Callable[[], Training]
OnEnd = Callable[[int, Outcome], None]


def fit_all(makers: Sequence[Make], on_end: OnEnd) -> None:
    """Train several entries on one base, on a processor in one pass where they allow it.

    On a GPU, where steps are replayed as a whole, one pass of eight operation by operation takes
    longer than a step of each. Each learns what it would learn alone. One that is at its end, or
    whose loss is no longer finite, leaves; the others go on.

    Args:
        makers: begin each training, on the same base, device and precision.
        on_end: called with the number of a training and what came of it, as soon as it has ended.

    Raises:
        SweregError: as ``training.fit``; what has ended before is not lost.
    """
    first = makers[0]()
    on_processor = first.accelerator.device.type == "cpu" and not first.method.frozen_encoder
    if len(makers) > 1 and on_processor and engine.Together.suits(first.model):
        _fit_together([first, *makers[1:]], on_end)
        return
    training: Training | None = first
    for number, make in enumerate(makers):
        training = training or make()
        on_end(number, _outcome(training, _alone(training)))
        training = None  # what it holds goes before the next one begins


@dataclass
class _Member:
    """A training among others, and the state of its chance."""

    training: Training
    learning: Learning
    chance: Tensor
    loss: float | None = None

    @contextmanager
    def on_its_own(self) -> Iterator[None]:
        """Let torch's generator stand where it would stand if nobody else were there."""
        torch.set_rng_state(self.chance)
        yield
        self.chance = torch.get_rng_state()


def _fit_together(makers: Sequence[Training | Make], on_end: OnEnd) -> None:
    together = engine.Together()
    members: dict[int, _Member] = {}
    for number, make in enumerate(makers):
        training = make if isinstance(make, Training) else make()
        together.add(training.model)
        members[number] = _Member(training, training.learn(), torch.get_rng_state())
    while members:
        turns: dict[int, Turn] = {}
        for number, member in list(members.items()):
            outcome = _advance(member)
            if isinstance(outcome, Turn):
                turns[number] = outcome
            else:
                del members[number]
                on_end(number, _outcome(member.training, outcome))
        if turns:
            accelerator = next(iter(members.values())).training.accelerator
            with accelerator.autocast():
                pooled = together.pooled({number: turn.batch for number, turn in turns.items()})
            losses = {
                number: cross_entropy(turn.model(pooled=pooled[number]).float(), turn.labels)
                for number, turn in turns.items()
            }
            accelerator.backward(torch.stack(list(losses.values())).sum())
            for number, loss in losses.items():
                members[number].loss = loss.item()


def _advance(member: _Member) -> Turn | Learnt | Paused | TrainingError:
    """Go on with a training until it needs a loss, or has ended."""
    with member.on_its_own():
        try:
            if member.loss is None:
                return next(member.learning)
            return member.learning.send(member.loss)
        except StopIteration as end:
            learnt: Learnt = end.value
            return learnt
        except (Paused, TrainingError) as fault:
            return fault


def _alone(training: Training) -> Learnt | Paused | TrainingError:
    try:
        return alone(training)
    except (Paused, TrainingError) as fault:
        return fault


def _outcome(training: Training, outcome: Learnt | Paused | TrainingError) -> Outcome:
    return training.end(outcome) if isinstance(outcome, tuple) else outcome
