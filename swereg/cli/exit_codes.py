"""How a command ends: every error becomes words and an exit code here, and only here."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from types import FrameType
from typing import TYPE_CHECKING

import click

from swereg.cli import output
from swereg.errors import SweregError, UsageError

if TYPE_CHECKING:
    from swereg.cli.options import Session

SIGNALS = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}

_received: list[int] = []


class Interrupted(KeyboardInterrupt):
    """SIGINT or SIGTERM came. Like KeyboardInterrupt, nothing below catches it."""


def watch_signals() -> None:
    """Let SIGINT and SIGTERM end the command in an orderly way, unless they are ignored."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number, usual in SIGNALS.items():
        if signal.getsignal(number) is usual:
            signal.signal(number, _on_signal)


def check_signals() -> None:
    """Raise what a signal has raised, in case it was lost on its way (in a destructor, say)."""
    if _received:
        raise Interrupted


def _on_signal(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)  # a second one ends the process at once
    _received.append(number)
    raise Interrupted


def refuse_broken(arguments: list[str]) -> None:
    """Refuse arguments that are no text in the encoding of this environment.

    Raises:
        UsageError: such an argument was given.
    """
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as fault:
            raise UsageError(
                f"{output.clean(argument)} is not valid {sys.getfilesystemencoding()}",
                hint="Set the environment's encoding to the terminal's, such as LANG=sv_SE.UTF-8.",
                code="usage.encoding",
            ) from fault


def tell_fault(fault: BaseException, arguments: list[str], session: Session) -> int:
    """Say how a command ended; return its exit code."""
    json_too, debug = "--json" in arguments, "--debug" in arguments
    if isinstance(fault, click.exceptions.Exit):
        return fault.exit_code
    if isinstance(fault, KeyboardInterrupt | click.Abort):
        return _interrupted(session, fault)
    if isinstance(fault, BrokenPipeError):  # the reader of the pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if isinstance(fault, click.ClickException):
        error: SweregError = _usage(fault)
    elif isinstance(fault, SweregError):
        error = fault
    elif isinstance(fault, Exception):
        error = _unexpected(fault)
    else:
        raise fault
    if debug:
        output.say("".join(traceback.format_exception(fault)).rstrip())
    output.error(error, json_too=json_too)
    _say_stored(session)
    return fault.exit_code if isinstance(fault, click.ClickException) else error.exit_code


def _interrupted(session: Session, fault: BaseException) -> int:
    state = (
        f"{session.stored} had been stored"
        if session.stored
        else "nothing was stored, the registry is as it was"
    )
    start = "\n" if output.is_terminal(sys.stderr) else ""  # after the terminal's own ^C
    notes = "".join(f"\n{note}" for note in getattr(fault, "__notes__", ()))
    output.say(f"{start}interrupted: {state}{notes}")
    return 128 + (_received[-1] if _received else signal.SIGINT)


def _say_stored(session: Session) -> None:
    """Say what of several entries is there, although not all of them are."""
    if session.stored:
        output.say(f"{session.stored} had been stored")


def _usage(fault: click.ClickException) -> SweregError:
    """Put click's complaint into the words of all other errors."""
    message = fault.format_message()
    context = getattr(fault, "ctx", None)
    command = context.command_path if context else "swereg"
    return UsageError(
        message[:1].lower() + message[1:].rstrip("."),
        hint=f"See: {command} --help",
        code="usage",
    )


def _unexpected(fault: Exception) -> SweregError:
    return SweregError(
        f"{type(fault).__name__}: {fault}",
        why="swereg did not expect this.",
        hint="Run it again with --debug to see where it comes from, and report that.",
        code="unexpected",
    )
