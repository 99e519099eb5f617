"""Django's admin: what the pages have in common, and how records are acted upon.

Pages show models and edit nothing. What may be done to a record is an `operation`: it calls one of the service's
actions, so that rules, messages and audit entries are those of the API.
"""

from collections.abc import Callable
from functools import reduce, wraps
from operator import or_
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME, ActionForm
from django.contrib.admin.utils import quote
from django.core.exceptions import BadRequest, ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLResolver, path

from shared.auth import Caller
from shared.errors import Refused
from shared.models import InboxMessage, OutboxMessage, WorkerReport
from shared.money import Money
from shared.operators import Operator

HISTORY = "/admin/history"
"""The gateway's: it leads to the audit log."""
MOST_AT_ONCE = 200
REASON_LENGTH = 200
COMPARED = frozenset({"exact", "isnull", "gte", "lt", "isempty"})
"""How Django's own filters compare."""


def pages() -> URLResolver:
    """For urls.py: everything below `/admin/<service>/`."""
    return path(f"admin/{settings.SERVICE}/", admin.site.urls)


class OperationForm(ActionForm):
    reason = forms.CharField(
        required=False,
        label="",
        widget=forms.TextInput(
            attrs={"placeholder": "Reason, where one is needed", "aria-label": "Reason", "maxlength": REASON_LENGTH}
        ),
    )


class Records(admin.ModelAdmin):
    """Looked at, searched, filtered; changed by the operations in `actions` alone. `support` only looks.

    What is typed as a UUID is looked for in `search_ids` and in those of `search_fields` that are compared as a whole;
    anything else in Django's `search_fields` alone.
    """

    search_ids: tuple[str, ...] = ("pk",)
    action_form = OperationForm
    list_per_page = 50
    show_full_result_count = False
    view_on_site = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return operator_of(request).may_operate

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """All, also those that nobody could edit: when a record was made and changed."""
        if self.fields:
            return self.fields
        return [field.name for field in self.opts.concrete_fields if field.name not in (self.exclude or ())]

    def get_search_fields(self, request: HttpRequest) -> Any:
        return self.search_fields or self.search_ids

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        try:
            sought = UUID(search_term.strip())
        except ValueError:
            if search_term and not self.search_fields:
                return queryset.none(), False
            return super().get_search_results(request, queryset, search_term)
        whole = [Q(**{name: sought}) for name in self.search_ids]
        whole += [Q(**{name: str(sought)}) for name in self.search_fields if name.endswith("__exact")]
        return queryset.filter(reduce(or_, whole)) if whole else queryset.none(), False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what a filter of the list asks. Django would compare any of the model's columns, also what is shown
        nowhere: a password's hash or a secret message could be guessed a letter at a time.
        """
        about, _, compared = lookup.rpartition("__")
        offered = {lookup} if compared not in COMPARED else {lookup, about}
        return bool(offered & self._filtered(request)) and super().lookup_allowed(lookup, value, request)

    def _filtered(self, request: HttpRequest) -> set[str]:
        filters = [one[0] if isinstance(one, tuple) else one for one in self.get_list_filter(request)]
        return {one if isinstance(one, str) else str(getattr(one, "parameter_name", "")) for one in filters}

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:  # type: ignore[override]
        """Django asks the database for whatever stands for a record."""
        for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                ProhibitNullCharactersValidator()(chosen)
                self.opts.pk.clean(chosen, None)
            except ValidationError:
                raise BadRequest("What is chosen names no record.") from None
        return super().response_action(request, queryset)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The database takes no null character, not even to look for it among names."""
        return None if "\0" in object_id else super().get_object(request, object_id, from_field)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        offered = [(name, label) for name, label in self.get_action_choices(request) if name]
        return super().change_view(request, object_id, form_url, {"operations": offered, **(extra_context or {})})

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The audit log has it, of all services."""
        return HttpResponseRedirect(f"{HISTORY}?{urlencode({'subject': object_id})}")


class AdminRecords(Records):
    """Support does not see them, here as in the API."""

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return operator_of(request).may_operate


class Rows(admin.TabularInline):
    """Rows that belong to a record, shown on its page."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Not what `can_delete` says: Django asks this as well."""
        return False


def operator_of(request: HttpRequest) -> Operator:
    """Only on these pages, where nobody else comes in."""
    operator: object = request.user
    assert isinstance(operator, Operator)
    return operator


_OWN_FIELDS = {"csrfmiddlewaretoken", "sure"}
CarryOut = Callable[[Any, Caller, str], object]


def operation(label: str, *, needs_reason: bool = False, final: bool = False) -> Callable[[CarryOut], Any]:
    """An entry in a list's menu and a button on a record's page. The function gets the record, who asks, and the reason
    ("" if none was given), and calls one action of the service. Each record is a transaction of its own: what is
    refused is told, and the others go on. What is `final` cannot be taken back, and is asked about once more.
    """

    def offered(carry_out: CarryOut) -> Any:
        @admin.action(description=label, permissions=["operate"])
        @wraps(carry_out)
        def operate(records: Records, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse | None:
            caller, reason = operator_of(request).caller, request.POST.get("reason", "").strip()
            if wrong := _wrong(chosen, reason, needs_reason):
                messages.error(request, wrong)
            elif final and request.POST.get("sure") != "yes":
                return _ask_whether_sure(records, request, chosen, label)
            elif caller:
                _each(request, label, chosen, lambda record: carry_out(record, caller, reason))
            return HttpResponseRedirect(_back(request))

        return operate

    return offered


def _ask_whether_sure(records: Records, request: HttpRequest, chosen: QuerySet[Any], label: str) -> TemplateResponse:
    """A page with the same form, which says `sure`."""
    again = [(name, value) for name, values in request.POST.lists() for value in values if name not in _OWN_FIELDS]
    facts = {"title": f"{label}?", "chosen": chosen, "again": again, "label": label, "opts": records.opts}
    context = {**records.admin_site.each_context(request), **facts}
    return TemplateResponse(request, "admin/sure.html", context)


def _back(request: HttpRequest) -> str:
    """To the record's page if its button was pressed there, else to the list as it was."""
    if on_page := request.POST.get("on_page"):
        return f"{request.path}{quote(on_page)}/change/"
    return request.get_full_path()


def _wrong(chosen: QuerySet[Any], reason: str, needs_reason: bool) -> str:
    if needs_reason and not reason:
        return "Give a reason."
    if len(reason) > REASON_LENGTH or not reason.isprintable():
        return f"A reason is one line of at most {REASON_LENGTH} characters."
    return f"At most {MOST_AT_ONCE} records at once." if chosen.count() > MOST_AT_ONCE else ""


def _each(request: HttpRequest, label: str, chosen: QuerySet[Any], carry_out: Callable[[Any], object]) -> None:
    done = 0
    for record in chosen:
        try:
            carry_out(record)
            done += 1
        except Refused as refusal:
            messages.error(request, f"{record}: {refusal.detail}")
    if done:
        messages.success(request, f"{label}: {done}")


def amount(minor: str, currency: str = "currency") -> Callable[[Any], str]:
    """A column: `amount("total_minor")` shows 12.30 USD."""

    @admin.display(description=minor.removesuffix("_minor").replace("_", " "), ordering=minor)
    def shown(record: Any) -> str:
        value = getattr(record, minor)
        return "" if value is None else f"{Money(value, code := getattr(record, currency)).amount} {code}"

    return shown


# ── What every service has ───────────────────────────────────────────────────────────────────────────────────────────


@admin.register(OutboxMessage)
class OutboxMessages(Records):
    list_display = ("recorded_at", "type", "subject", "correlation_id", "published_at")
    list_filter = (("published_at", admin.EmptyFieldListFilter), "type")
    search_ids = ("message_id",)
    search_fields = ("subject__exact", "correlation_id__exact")
    ordering = ("-position",)
    exclude = ("envelope",)


@admin.register(InboxMessage)
class InboxMessages(Records):
    list_display = ("received_at", "type", "subject", "source", "attempts", "handled_at")
    list_filter = (("handled_at", admin.EmptyFieldListFilter), "source", "type")
    search_ids = ("message_id",)
    search_fields = ("subject__exact", "correlation_id__exact")
    ordering = ("-received_at",)


@admin.register(WorkerReport)
class WorkerReports(Records):
    list_display = ("instance", "seen_at", "queue_depth", "dead_depth")
    search_ids = ()
