"""Inconsistencies, each named as the invariant that has to find it; what they yield is whom it is found about."""

from cases import copies, money, own, stock
from cases.registry import CASES, Case

__all__ = ["CASES", "Case", "copies", "money", "own", "stock"]
