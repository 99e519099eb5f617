"""Text that strangers wrote: which of its characters have no business in a line, and how to show one all the same."""

import unicodedata

_ODD = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's controls, formats, halves of surrogate pairs, and separators of lines and paragraphs."""
_JOINS = "\u200c\u200d\u200e\u200f\u061c"
"""Formats that Persian, Hindi, Hebrew, Arabic and emoji are written with."""


def is_odd(character: str) -> bool:
    """Has no business in a line of text. What joins letters and marks the direction of a script does."""
    return unicodedata.category(character) in _ODD and character not in _JOINS


def shown(text: str, most: int) -> str:
    """At most so many characters, each odd one as U+FFFD: to be kept, logged and looked at."""
    return "".join("\N{REPLACEMENT CHARACTER}" if is_odd(character) else character for character in text[:most])
