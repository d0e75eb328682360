"""HTML that text cannot break out of: it gets in through `element`, which escapes it."""

from __future__ import annotations

from html import escape


class Markup(str):
    """HTML that was made here."""

    __slots__ = ()


def element(name: str, *content: str, style: str = "", **attributes: str) -> Markup:
    """Make an element. What of its content is no `Markup` is text, whatever it looks like."""
    if style:
        attributes["style"] = style
    start = "".join(f' {key}="{_escaped(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{start}>{joined(*content)}</{name}>")


def joined(*content: str) -> Markup:
    """Make one piece of several."""
    return Markup("".join(part if isinstance(part, Markup) else _escaped(part) for part in content))


def _escaped(text: str) -> str:
    # JSON can hold half a surrogate pair, which no message to a browser can.
    return escape(text.encode("utf-8", "replace").decode("utf-8"))
