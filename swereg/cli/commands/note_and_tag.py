"""swereg note and tag: what may change of an entry."""

from __future__ import annotations

import click

import swereg
from swereg.cli import options, output
from swereg.cli.completion import references
from swereg.cli.options import Session, option
from swereg.errors import UsageError


@click.command(cls=options.Command)
@click.argument("ref", shell_complete=references)
@click.argument("text")
@click.pass_obj
def note(session: Session, ref: str, text: str) -> None:
    """Replace an entry's note; an empty TEXT removes it.

    \b
    swereg note sentiment/3 "klarar ironi, tränad efter mötet"
    """
    entry = swereg.note(ref, text, registry=session.registry)
    output.data(entry.ref)


@click.command(cls=options.Command)
@click.argument("ref", shell_complete=references)
@click.argument("pairs", nargs=-1, metavar="KEY=VALUE...")
@option("--rm", "remove", multiple=True, metavar="KEY", help="Remove this tag.")
@click.pass_obj
def tag(session: Session, ref: str, pairs: tuple[str, ...], remove: tuple[str, ...]) -> None:
    """Set tags of an entry, or remove them.

    swereg list --tag KEY=VALUE finds the entries that have one.

    \b
    swereg tag sentiment/3 status=pilot team=växel
    swereg tag sentiment/3 --rm status
    """
    tags = dict(_pair(text) for text in pairs)
    entry = swereg.tag(ref, tags, remove=remove, registry=session.registry)
    output.cells([entry.ref, *(f"{key}={value}" for key, value in entry.tags.items())])


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(
            f"{text!r} is no tag",
            hint="Write KEY=VALUE, such as status=pilot; --rm KEY removes one.",
            code="tag.form",
        )
    return key, value
