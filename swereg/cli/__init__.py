"""The command line: it parses, calls swereg, and prints. Nothing else in swereg prints."""

from __future__ import annotations

import os
import sys
import warnings

from swereg.cli import ending, output


def main() -> None:
    """Run the command line and exit."""
    output.prepare()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # what has to be said is said by swereg, as a notice
    ending.watch_signals()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; return its exit code."""
    from swereg.cli.app import app
    from swereg.cli.commands import Session

    if "_SWEREG_COMPLETE" in os.environ:
        app.main(arguments, prog_name="swereg")  # answers the shell and exits
    session = Session()
    output.begin()
    try:
        ending.refuse_broken(arguments)
        with app.make_context("swereg", list(arguments), obj=session) as context:
            app.invoke(context)
        sys.stdout.flush()
    except BaseException as fault:
        return ending.tell(fault, arguments, session)
    return 0
