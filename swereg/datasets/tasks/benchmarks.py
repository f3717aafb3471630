"""Tasks of Swedish benchmarks: a TOML file each, in swereg/tasks/toml; the Hub has the examples."""

from pathlib import Path

from swereg.datasets.tasks.toml_files import read_task

FOLDER = Path(__file__).parent / "toml"

ABSABANK_IMM = read_task(FOLDER / "absabank-imm.toml")
DALAJ_GED = read_task(FOLDER / "dalaj-ged.toml")
MASSIVE_SV = read_task(FOLDER / "massive-sv.toml")
SCALA_SV = read_task(FOLDER / "scala-sv.toml")
SWEREC = read_task(FOLDER / "swerec.toml")
