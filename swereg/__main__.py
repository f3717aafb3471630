"""Run the command line as ``python -m swereg``."""

from swereg.cli import main

main()
