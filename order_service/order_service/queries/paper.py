"""Sheets of paper as PDF: the same content makes the same bytes, in any script the fonts have."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import segno
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

FONTS = Path(__file__).parent.parent / "fonts"
PLAIN, SANS, FALLBACK = "helvetica", "DejaVu", "Droid"
"""Every reader has the first, for Latin-1; the others are read, cut down and embedded, which takes a while."""
RIGHT_TO_LEFT = {"R", "AL", "AN"}
LABEL = (100.0, 150.0)
"""Millimetres; the size that label printers take."""


class Paper(FPDF):
    """A4, or a label."""

    def __init__(self, *, title: str, at: datetime, texts: str, label: bool = False) -> None:
        """`texts`: all that will be printed, which decides the fonts. `at`: when what it tells of happened."""
        super().__init__(format=LABEL if label else "A4")
        self.set_title(title)
        self.set_creator("Nexus")
        self.set_creation_date(at)
        self.sans = PLAIN if _is_latin(texts) else self._with_fonts_for(texts)
        self.set_margin(6 if label else 15)
        self.add_page()

    def _with_fonts_for(self, texts: str) -> str:
        self.add_font(SANS, fname=FONTS / "DejaVuSans.ttf")
        self.add_font(SANS, style="B", fname=FONTS / "DejaVuSans-Bold.ttf")
        if not set(texts) <= _drawn():
            self.add_font(FALLBACK, fname=FONTS / "DroidSansFallback.ttf")
            self.set_fallback_fonts([FALLBACK], exact_match=False)
        if any(unicodedata.bidirectional(letter) in RIGHT_TO_LEFT for letter in texts):
            self.set_text_shaping(True)
        return SANS

    def _printable(self, text: str) -> str:
        return text.encode("latin-1", "replace").decode("latin-1") if self.sans == PLAIN else text

    def say(self, text: str, *, size: float = 9, bold: bool = False, align: str = "L") -> None:
        """A paragraph of its own."""
        self.set_font(self.sans, "B" if bold else "", size)
        self.multi_cell(0, size * 0.5, self._printable(text), align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def say_all(self, texts: Iterable[str], *, size: float = 9) -> None:
        for text in texts:
            if text:
                self.say(text, size=size)

    def gap(self, millimetres: float = 4) -> None:
        self.ln(millimetres)

    def columns(self, heads: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> None:
        """The first column is text, the others are figures."""
        aligned = ("LEFT", *["RIGHT"] * (len(heads) - 1))
        self.set_font(self.sans, "", 8)
        bold = FontFace(emphasis="BOLD")
        with self.table(
            col_widths=tuple(widths), text_align=aligned, headings_style=bold, borders_layout="HORIZONTAL_LINES",
            line_height=5,
        ) as table:  # fmt: skip
            for row in [heads, *rows]:
                table.row([self._printable(cell) for cell in row])
        self.gap()

    def code(self, text: str, *, size: float) -> None:
        """A QR code, in the middle."""
        picture = BytesIO()
        segno.make(text, error="m", micro=False).save(picture, kind="png", scale=8, border=1)
        self.image(picture, x=(self.w - size) / 2, w=size)

    def content(self) -> bytes:
        return bytes(self.output())


def _is_latin(texts: str) -> bool:
    try:
        texts.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=1)
def _drawn() -> frozenset[str]:
    """The letters that the first font has."""
    with TTFont(FONTS / "DejaVuSans.ttf", lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap())) | frozenset("\n")
