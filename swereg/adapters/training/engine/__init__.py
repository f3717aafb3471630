"""The training engine: what a method has attached itself to learns on packed tokens, or replayed.

A BERT of transformers keeps its layers, its parameters and their names, with everything that PEFT
put into them; the engine goes through them in its own way (packed_bert.py), multiplies as this
processor does it best (fast_linear.py), draws dropout masks cheaply (dropout.py) and leaves alone
the embeddings of words that do not occur (seen_words.py); on a GPU it replays whole steps
(cuda_graphs.py). So any method learns on it, the numbers are those of
transformers and PEFT, and what is stored is the same.
"""

from swereg.adapters.training.engine.cuda_graphs import backward_on, length_multiple
from swereg.adapters.training.engine.dropout import renew_masks
from swereg.adapters.training.engine.joint_pass import Together
from swereg.adapters.training.engine.packed_bert import take_over
from swereg.adapters.training.engine.seen_words import learn_seen_words

__all__ = [
    "Together",
    "backward_on",
    "learn_seen_words",
    "length_multiple",
    "renew_masks",
    "take_over",
]
