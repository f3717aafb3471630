"""Write a registry of today's schema into frozen/, with something in every table.

    .venv/bin/python -m tests.registry.freeze

Once a schema is released its file stays as it is: later programs have to read it (test_frozen.py).
"""

from __future__ import annotations

import lzma
import tempfile
from pathlib import Path

from swereg.registry import Registry, opening
from tests.registry.make_entry import make

FROZEN = Path(__file__).parent / "frozen"


def fill(registry: Registry) -> None:
    """Store entries and do to them what can be done."""
    one, two, three = (registry.add(make(f"run-{number}")) for number in range(3))
    registry.add(make("run-3", name="ärende", base=None), keep_data=False)
    registry.alias(one.ref, "prod", message="först")
    registry.alias(two.ref, "prod", message="bättre")
    registry.note(two.ref, "efter mötet")
    registry.tag(two.ref, {"team": "växel"})
    registry.rm(three.ref)


def main() -> None:
    """Write the file, compressed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "registry.db"
        with Registry.open(path, create=True) as registry:
            fill(registry)
        content = lzma.compress(path.read_bytes(), preset=9)
    (FROZEN / f"{opening.HEAD:04}.db.xz").write_bytes(content)


if __name__ == "__main__":
    main()
