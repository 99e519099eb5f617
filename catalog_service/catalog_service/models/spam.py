"""How much like spam a review looks: rules that anybody can read, each with its points. The sum is the score, 0 to 100.

Nothing is refused because of it. Moderators see the score with the rules that were broken, and where reviews need no
approval, those that look like spam need it all the same.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

RECENT = timedelta(hours=1)
MANY_AT_ONCE = 5
COPY_LENGTH = 20
"""Characters, below which everybody says the same: "Very good!"."""

_LINK = re.compile(r"https?://|www\.|\b[\w-]{1,63}\.(?:com|net|org|info|biz|ru|xyz)\b", re.I)
_CONTACT = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,63}\.\w|(?<![\w.-])\+?\d(?:[ ()/-]{0,2}\d){8,14}(?!\w)|\b(?:whatsapp|telegram)\b", re.I
)
_SALES_TALK = re.compile(
    r"\b(?:buy now|click here|promo ?code|discount code|free money|casino|viagra|crypto giveaway|earn \$?\d+|"
    r"work from home|followers for sale)\b",
    re.I,
)
_REPEATED = re.compile(r"([^\W\d])\1{4,}|([!?.])\2{3,}", re.I)


@dataclass(frozen=True, slots=True)
class Suspect:
    """What is judged. `copies`: reviews elsewhere with the same text; `recent`: others of this user within RECENT."""

    text: str
    copies: int = 0
    recent: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    points: int
    why: str
    is_broken_by: Callable[[Suspect], bool]


def _shouts(suspect: Suspect) -> bool:
    letters = [character for character in suspect.text if character.isalpha()]
    return len(letters) >= 20 and sum(map(str.isupper, letters)) > 0.7 * len(letters)


RULES = (
    Rule("copy", 50, "The same text stands elsewhere.", lambda suspect: suspect.copies > 0),
    Rule("link", 40, "Leads to another site.", lambda suspect: bool(_LINK.search(suspect.text))),
    Rule("contact", 30, "Tells how to reach somebody.", lambda suspect: bool(_CONTACT.search(suspect.text))),
    Rule("sales_talk", 30, "Speaks as advertisements do.", lambda suspect: bool(_SALES_TALK.search(suspect.text))),
    Rule("burst", 30, "One of many within an hour.", lambda suspect: suspect.recent >= MANY_AT_ONCE),
    Rule("shouting", 15, "Is written in capitals.", _shouts),
    Rule("repetition", 10, "Repeats one character.", lambda suspect: bool(_REPEATED.search(suspect.text))),
)


def broken_rules(suspect: Suspect) -> dict[str, int]:
    """Name → points."""
    return {rule.name: rule.points for rule in RULES if rule.is_broken_by(suspect)}


def digest_of(text: str) -> str:
    """The same for texts of the same letters and digits; "" for what is too short to be a copy."""
    said = "".join(filter(str.isalnum, text.casefold()))
    return hashlib.sha256(said.encode()).hexdigest() if len(said) >= COPY_LENGTH else ""
