"""The command line: it parses, calls swereg, and prints. Nothing else in swereg prints."""

from __future__ import annotations

import os
import sys
import warnings

from swereg.cli import exit_codes, output


def main() -> None:
    """Run the command line and exit."""
    output.prepare()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # what has to be said is said by swereg, as a notice
    exit_codes.watch_signals()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; return its exit code."""
    from swereg.cli.app import app
    from swereg.cli.options import Session

    if "_SWEREG_COMPLETE" in os.environ:
        app.main(arguments, prog_name="swereg")  # answers the shell and exits
    session = Session()
    output.begin()
    try:
        exit_codes.refuse_broken(arguments)
        with app.make_context("swereg", list(arguments), obj=session) as context:
            app.invoke(context)
        sys.stdout.flush()
    except BaseException as fault:
        return exit_codes.tell_fault(fault, arguments, session)
    return 0
