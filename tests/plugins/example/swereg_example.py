"""A task and two methods of your own: this file and its pyproject.toml are all of it."""

from dataclasses import dataclass

from swereg import Dataset, Example, Task
from swereg.extending import Learnt, Lora

FINE = ["Solen skiner", "Klarblå himmel", "Varmt och skönt", "Ljumma vindar", "Äntligen sol"]
FOUL = ["Det öser ner", "Snöblandat regn", "Iskall blåst", "Grått och rått", "Hagel igen"]


def read() -> Dataset:
    rows = [
        Example(f"{text} i {place}", label)
        for place in ("Luleå", "Växjö", "Gävle")
        for label, texts in (("fine", FINE), ("foul", FOUL))
        for text in texts
    ]
    return Dataset(("fine", "foul"), train=tuple(rows[:10]), val=tuple(rows[10:20]))


TASK = Task("weather", read, ("fine", "foul"), "Is the weather fine?", "made up", "CC0-1.0")


class LoraFrozenA(Lora):
    name = "lora-fa"
    description = "LoRA whose A stays at its random start (LoRA-FA)."
    learning_rate = 2e-4

    def attach(self, model, settings):
        wrapped = super().attach(model, settings)
        for name, parameter in wrapped.named_parameters():
            if "lora_A" in name:
                parameter.requires_grad_(False)
        return wrapped


METHOD = LoraFrozenA()


@dataclass(frozen=True)
class NoSettings:
    pass


class ByLength:
    name = "by-length"
    description = "The label whose training texts are about as long."
    settings = NoSettings
    seeded = False

    def fit(self, dataset, settings, *, seed, on_progress):
        import numpy as np

        lengths = [
            np.mean([len(e.text) for e in dataset.train if e.label == label])
            for label in dataset.labels
        ]
        return Learnt({"lengths": np.array(lengths)}, len(lengths), settings)

    def answerer(self, tensors, labels, settings):
        import numpy as np

        return lambda texts: -np.abs(np.array([[len(t)] for t in texts]) - tensors["lengths"])


BY_LENGTH = ByLength()
