"""Elements of HTML and SVG. What is not an element already is text, and is escaped."""

from __future__ import annotations

import html
import re

_VOID = frozenset({"br", "hr"})
# Control characters that HTML does not allow, and halves of letters that no file can hold.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Html(str):
    """Markup made here, which is not escaped again, neither by a template."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


Part = str | int | None  # a child or an attribute; None is left out


def el(name: str, /, *children: Part, **attributes: Part) -> Html:
    """Build an element; text in it and in its attributes is escaped.

    A trailing underscore of an attribute is dropped and the others become hyphens: ``class_``,
    ``aria_label``, ``stroke_width``.
    """
    html_attributes = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = joined(*children)
    return Html(
        f"<{name}{html_attributes}>"
        if name in _VOID
        else f"<{name}{html_attributes}>{inner}</{name}>"
    )


def joined(*parts: Part) -> Html:
    """Put parts side by side; text among them is escaped."""
    return Html(
        "".join(
            part if isinstance(part, Html) else escaped(str(part))
            for part in parts
            if part is not None
        )
    )


def escaped(text: str) -> Html:
    """Make a text harmless: no markup, and no character that a page cannot have."""
    return Html(html.escape(_UNPRINTABLE.sub("\ufffd", text)))


def foreign(text: str, lang: str | None = None) -> Html:
    """Write what comes from data, such as a label, so that its direction ends with it."""
    return el("bdi", text, lang=lang)
