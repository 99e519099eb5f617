"""What is searched, and what words mean."""

from django.contrib import admin

from catalog_service.actions import synonyms
from catalog_service.models import (
    SearchCount,
    Synonym,
)
from shared.admin import Records, operation
from shared.auth import Caller


@operation("Delete", final=True)
def delete_synonym(synonym: Synonym, by: Caller, reason: str) -> None:
    synonyms.delete_synonym(synonym_id=synonym.id)


@admin.register(Synonym)
class Synonyms(Records):
    list_display = ("terms", "created_at", "updated_at")
    search_ids = ("id",)
    search_fields = ("terms__icontains",)
    ordering = ("-created_at", "-id")
    actions = (delete_synonym,)


@admin.register(SearchCount)
class SearchCounts(Records):
    list_display = ("day", "text", "searches", "fruitless")
    list_filter = ("day",)
    search_ids = ("id",)
    search_fields = ("text__icontains",)
    ordering = ("-day", "-searches", "text")
