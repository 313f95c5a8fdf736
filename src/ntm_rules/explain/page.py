"""The frame of an HTML page that is one file and needs nothing else: no network, no script."""

from __future__ import annotations

from html import escape

from ntm_rules.model.text import Language, printable

__all__ = ["page", "safe"]

# On a phone the text fits the width, and a table in a box of its own is alone moved sideways.
_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 0 1rem 2rem; overflow-wrap: anywhere; }
h1 { font-size: 1.25rem; }
summary { cursor: pointer; padding: .3rem 0; }
table { border-collapse: collapse; font-size: .9rem; overflow-wrap: normal; }
th, td { border: 1px solid #bbb; padding: .25rem .5rem; vertical-align: top; }
""".strip()


def safe(text: str) -> str:
    """Text from anywhere as HTML: one line, with nothing in it that a browser obeys."""
    return escape(printable(text))


def page(title: str, body: str, lang: Language, *, style: str = "") -> str:
    """A whole page; `body` is HTML, `title` is text, `style` is added to that of every page."""
    head = (
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Without it a browser asks the server of the page for an icon.
        '<link rel="icon" href="data:,">\n'
        f"<title>{safe(title)}</title>\n<style>\n{_STYLE}{style}\n</style>"
    )
    return f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>'
