"""Hypothesis: products as they may stand in the database, and so in files."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from catalog_service.actions.product_lines import ImageLine, PriceLine, ProductLine, SaleLine, VariantLine
from shared.money import EXPONENTS, Money
from shared.text import is_odd

_characters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")


def line(most: int, *, least: int = 0) -> st.SearchStrategy[str]:
    """One line of text that can be seen."""
    seen = text(most, least=least).map(lambda found: "".join(one for one in found if not is_odd(one)).strip())
    return seen.filter(lambda found: len(found) >= least)


def paragraphs(most: int) -> st.SearchStrategy[str]:
    return text(most).map(lambda found: "".join(one for one in found if one in "\n\r\t" or not is_odd(one)).strip())


def text(most: int, *, least: int = 0) -> st.SearchStrategy[str]:
    """As the API stores it: without white space at its ends. Formulas, quotes, commas and tags are tried more often."""
    nasty = st.sampled_from(
        ["=1+1", "'=x", "''@a", '"', '","', ", ", "a, b", "<b>", "&amp;", "'", "-5", "a\r\nb", "\\"]
    )
    pieces = st.lists(st.one_of(st.text(_characters, max_size=8), nasty), max_size=4)
    stripped = pieces.map(lambda found: "".join(found).strip()[:most].strip())
    # Rust and Python agree on white space but for these four.
    return stripped.map(lambda found: found.strip("\x1c\x1d\x1e\x1f \t\r\n")).filter(lambda found: len(found) >= least)


keys = st.text(_characters, min_size=1, max_size=12).filter(lambda found: found.isprintable())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(_characters, max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def sales(draw: Any, below: int, currency: str) -> SaleLine:
    amount = Money(draw(st.integers(1, below - 1)), currency).amount
    times = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
    starts_at = draw(st.none() | times)
    ends_at = draw(st.none() | times.filter(lambda found: starts_at is None or found > starts_at))
    return SaleLine(amount=amount, starts_at=starts_at, ends_at=ends_at)


@st.composite
def prices(draw: Any) -> list[PriceLine]:
    currencies = draw(st.lists(st.sampled_from(sorted(EXPONENTS)), min_size=1, max_size=3, unique=True))
    found = []
    for currency in sorted(currencies):
        minor = draw(st.integers(1, 10**9))
        above = draw(st.none() | st.integers(minor + 1, 2 * 10**9))
        compare_at = None if above is None else Money(above, currency).amount
        sale = draw(st.none() | sales(minor, currency)) if minor > 1 else None
        amount = Money(minor, currency).amount
        found.append(PriceLine(amount=amount, currency=currency, compare_at=compare_at, sale=sale))
    return found


options = st.one_of(
    st.dictionaries(st.sampled_from(["Size", "Colour", "Title"]), text(20, least=1), max_size=3),
    st.dictionaries(keys, text(20), max_size=5),
    st.just({"Title": "Default Title"}),
)


@st.composite
def products(draw: Any) -> ProductLine:
    skus = draw(st.lists(st.from_regex(r"\A[A-Z0-9][A-Z0-9._+-]{0,12}\Z"), min_size=1, max_size=4, unique=True))
    variants = [
        VariantLine(
            sku=sku,
            prices=draw(prices()),
            stock=draw(st.integers(0, 1_000)),
            options=draw(options),
            barcode=draw(text(32)),
            weight_grams=draw(st.integers(0, 10_000)),
            position=i,
        )
        for i, sku in enumerate(skus)
    ]
    urls = draw(st.lists(st.from_regex(r"\Ahttps://a\.example/[a-z]{1,8}\Z"), max_size=3, unique=True))
    primary = draw(st.integers(0, len(urls) - 1)) if urls else None
    return ProductLine(
        handle=draw(st.from_regex(r"\A[a-z][a-z0-9-]{0,20}\Z")),
        name=draw(line(200, least=1)),
        category="pots",
        brand=draw(st.none() | line(200, least=1)),
        description=draw(paragraphs(2_000)),
        specifications=draw(st.dictionaries(keys, json_values, max_size=3)),
        tags=draw(st.lists(line(50, least=1), max_size=4)),
        featured=draw(st.booleans()),
        seo_title=draw(line(200)) or None,
        seo_description=draw(line(200)) or None,
        status=draw(st.sampled_from(["draft", "in_review", "active", "inactive", "archived"])),
        variants=variants,
        images=[ImageLine(url=url, alt=draw(text(300)), primary=i == primary) for i, url in enumerate(urls)] or None,
    )
