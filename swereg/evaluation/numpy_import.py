"""numpy for a short piece of work."""

import os
import sys

_THREADS = "OPENBLAS_NUM_THREADS"


def import_numpy() -> None:
    """Import numpy with one thread for its products, unless somebody has said how many.

    More of them wait for each other by spinning. Beside other busy programs that made one answer
    on KB-BERT's shape take twice as long (2 processors), and alone there is little to divide.
    """
    if "numpy" in sys.modules or _THREADS in os.environ:
        return
    os.environ[_THREADS] = "1"
    try:
        import numpy  # noqa: F401 - OpenBLAS reads the variable when it is loaded
    finally:
        del os.environ[_THREADS]
