"""The monthly report as a PDF, drawn by fpdf2 with a font of our own: foreign text stays text, no link, no script."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, TableCellFillMode, XPos, YPos
from fpdf.fonts import FontFace

from dashboard.views.monthly import MonthlyReport, Section

_FONTS: Final = Path(__file__).parent / "fonts"
_TEXT: Final = (23, 32, 44)
_MUTED: Final = (91, 103, 118)
_LINE: Final = (220, 225, 231)
_STRIPE: Final = (246, 248, 250)
_MARGIN: Final = 15
_LEAST: Final = 7
_MOST: Final = 26
"""Signs that a column of a table has room for, in the proportion that its page allows."""
LONGEST_CELL: Final = 200
"""Characters of a cell; a table row must fit on a page."""

logging.getLogger("fpdf").setLevel(logging.ERROR)
logging.getLogger("fontTools").setLevel(logging.ERROR)


class _Page(FPDF):
    """A4, with the page's number at its foot."""

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font("sans", size=8)
        self.set_text_color(*_MUTED)
        self.cell(0, 6, f"Watchkeeper · page {self.page_no()} of {{nb}}", align="R")


def pdf(report: MonthlyReport, *, now: datetime) -> bytes:
    """Give the report as a PDF that was made `now`. A sign that the font lacks is drawn as an empty box."""
    page = _Page(format="A4")
    page.set_creation_date(now)
    page.set_title(report.title)
    page.set_author("Watchkeeper")
    page.set_lang("en")
    page.set_margins(_MARGIN, _MARGIN)
    page.set_auto_page_break(auto=True, margin=_MARGIN)
    page.add_font("sans", fname=_FONTS / "report-regular.ttf")
    page.add_font("sans", style="B", fname=_FONTS / "report-bold.ttf")
    page.add_page()
    _line(page, report.title, size=20, bold=True)
    _line(page, f"{report.place} · {report.made}", size=9, muted=True)
    page.ln(3)
    _line(page, report.sentence, size=11)
    page.ln(3)
    _figures(page, report)
    for section in report.sections:
        _section(page, section)
    return bytes(page.output())


def _line(page: FPDF, text: str, *, size: float, bold: bool = False, muted: bool = False) -> None:
    page.set_font("sans", style="B" if bold else "", size=size)
    page.set_text_color(*(_MUTED if muted else _TEXT))
    page.multi_cell(0, size * 0.5, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")


def _figures(page: FPDF, report: MonthlyReport) -> None:
    page.set_draw_color(*_LINE)
    width = page.epw / max(1, len(report.figures))
    top = page.get_y()
    for place, (label, amount, what) in enumerate(report.figures):
        page.set_xy(page.l_margin + place * width, top)
        page.rect(page.get_x(), top, width - 2, 21, round_corners=True, corner_radius=1.5)
        lines = ((label, 7.5, False, 5), (amount, _fitting(amount), True, 7), (what, 6.5, False, 3))
        for text, size, bold, height in lines:
            page.set_x(page.l_margin + place * width + 1.5)
            page.set_font("sans", style="B" if bold else "", size=size)
            page.set_text_color(*(_TEXT if bold else _MUTED))
            page.multi_cell(width - 4, height, text, align="L", new_x=XPos.LEFT, new_y=YPos.NEXT, max_line_height=3.2)
    page.set_y(top + 24)


def _fitting(amount: str) -> float:
    return 14 if len(amount) <= 9 else 11 if len(amount) <= 12 else 8


def _section(page: FPDF, section: Section) -> None:
    if page.will_page_break(30):
        page.add_page()
    page.ln(4)
    _line(page, section.title, size=13, bold=True)
    if section.note:
        _line(page, section.note, size=8.5, muted=True)
    if not section.rows:
        return
    page.ln(1)
    page.set_font("sans", size=7.5)
    page.set_text_color(*_TEXT)
    page.set_draw_color(*_LINE)
    with page.table(
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        cell_fill_color=_STRIPE,
        cell_fill_mode=TableCellFillMode.EVEN_ROWS,
        col_widths=_widths(section),
        headings_style=FontFace(emphasis="BOLD", color=_MUTED),
        line_height=4.2,
        text_align="LEFT",
        padding=(0.8, 1),
    ) as table:
        for cells in (section.columns, *section.rows):
            row = table.row()
            for cell in cells:
                row.cell(cell if len(cell) <= LONGEST_CELL else f"{cell[: LONGEST_CELL - 1]}…")


def _widths(section: Section) -> tuple[int, ...]:
    """Give columns room for their longest word, and for their text up to a point."""
    columns = list(zip(section.columns, *section.rows, strict=True))
    words = [max(len(word) for cell in cells for word in cell.split() or [""]) for cells in columns]
    texts = [max(map(len, cells)) for cells in columns]
    return tuple(max(_LEAST, min(word, _MOST), min(text, _MOST)) for word, text in zip(words, texts, strict=True))
