"""Put swereg.json beside an exported base: recommended settings, and its fingerprint.

python sign.py --base mini
"""

import argparse
import json
import shutil
from pathlib import Path

from swereg.adapters.bases import sources

SIDE_FILE = Path(__file__).with_name(sources.SIDE_FILE)


def main() -> None:
    """Copy the settings and add the fingerprint of what lies there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base", type=Path, required=True, help="folder written by export.py")
    folder = parser.parse_args().base
    target = folder / sources.SIDE_FILE
    shutil.copyfile(SIDE_FILE, target)
    fingerprint = sources.resolve(str(folder)).load().info.fingerprint
    content = {"fingerprint": fingerprint, **json.loads(SIDE_FILE.read_text(encoding="utf-8"))}
    target.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    # From now on tokenizer.json is read without asking transformers what it makes of it.
    if sources.resolve(str(folder)).load().info.fingerprint != fingerprint:
        target.unlink()
        raise SystemExit("tokenizer.json is not what transformers makes of this folder")
    print(fingerprint)


if __name__ == "__main__":
    main()
