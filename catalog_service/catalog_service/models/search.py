"""What search knows besides the cards: the words there are, which of them mean the same, and what people looked for."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q

from shared.context import new_id

TERM_LENGTH = 60
MAX_TERMS = 30
TERM_WORDS = 3


class Synonym(models.Model):
    """Terms that find the same products, in plain words (`search_plain`); `keys` are their stems (`search_stems`)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    terms = ArrayField(models.CharField(max_length=TERM_LENGTH))
    keys = ArrayField(models.CharField(max_length=TERM_LENGTH))
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "synonym"
        constraints = (models.CheckConstraint(condition=Q(terms__len__gte=2), name="synonym_of_something"),)
        indexes = (
            GinIndex(fields=["keys"], name="synonym_keys"),
            models.Index(fields=["created_at", "id"], name="synonym_by_age"),
        )

    def __str__(self) -> str:
        return ", ".join(self.terms)


class SearchWord(models.Model):
    """A word that some card has or had, for spelling. Not unique: two transactions that bring one at once must not wait
    for each other, and a reader does not mind.
    """

    word = models.CharField(max_length=TERM_LENGTH)

    class Meta:
        db_table = "search_word"
        indexes = (
            models.Index(OpClass("word", name="text_pattern_ops"), name="search_word_prefix"),
            GinIndex(fields=["word"], name="search_word_trigrams", opclasses=["gin_trgm_ops"]),
        )

    def __str__(self) -> str:
        return self.word


class CommonWord(models.Model):
    """A word that a good part of the cards have, as PostgreSQL's statistics have it: which plan a search takes. The
    document "" has the number of all cards.
    """

    document = models.CharField(max_length=8)
    lexeme = models.CharField(max_length=TERM_LENGTH)
    share = models.FloatField()

    class Meta:
        db_table = "common_word"
        indexes = (models.Index(OpClass("lexeme", name="text_pattern_ops"), name="common_word_prefix"),)

    def __str__(self) -> str:
        return self.lexeme


class SearchCount(models.Model):
    """How often a text was looked for on a day (UTC), and how often of these nothing was found."""

    id = models.UUIDField(primary_key=True, default=new_id)
    day = models.DateField()
    text = models.CharField(max_length=TERM_LENGTH)
    searches = models.PositiveIntegerField()
    fruitless = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "search_count"
        constraints = (
            models.UniqueConstraint(fields=["day", "text"], name="search_count_once"),
            models.CheckConstraint(condition=Q(fruitless__lte=F("searches")), name="search_count_sensible"),
        )

    def __str__(self) -> str:
        return f"{self.text} on {self.day}"
