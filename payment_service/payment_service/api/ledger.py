"""What admins see of the money: summaries, the books, the trial balance, payouts."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payment_service.models import Entry, Payout, Posting
from payment_service.queries import ledger
from shared.auth import roles
from shared.http import MoneyShape, Shape, written
from shared.money import Money
from shared.pagination import Cursor, read_filter


class FinancialShape(Shape):
    currency = serializers.CharField()
    taken = MoneyShape()
    refunded = MoneyShape()
    commission = MoneyShape()
    commission_tax = MoneyShape()
    tax = MoneyShape()
    vendors_pending = MoneyShape()
    vendors_available = MoneyShape()
    payouts_in_transit = MoneyShape()
    paid_out = MoneyShape()
    at_provider = MoneyShape()
    gift_cards = MoneyShape()
    store_credit = MoneyShape()
    given_away = MoneyShape()
    unclaimed = MoneyShape()


class FinancialsShape(Shape):
    currencies = FinancialShape(many=True)


class FinancialsView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_financials",
        tags=["admin"],
        summary="What was taken, earned, owed and paid out, by currency",
        responses=FinancialsShape,
    )
    def get(self, request: Request) -> Response:
        return Response({"currencies": [_summary(one) for one in ledger.financials()]})


def _summary(one: ledger.Financials) -> dict[str, Any]:
    figures = asdict(one)
    currency = figures.pop("currency")
    return {"currency": currency, **{name: Money(minor, currency).as_json() for name, minor in figures.items()}}


class SideShape(Shape):
    kind = serializers.CharField()
    debits = MoneyShape()
    credits = MoneyShape()
    difference = MoneyShape()


class CurrencyBalanceShape(Shape):
    currency = serializers.CharField()
    debits = MoneyShape()
    credits = MoneyShape()
    difference = MoneyShape()
    accounts = SideShape(many=True)


class TrialBalanceShape(Shape):
    currencies = CurrencyBalanceShape(many=True)


class TrialBalanceView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_trial_balance",
        tags=["admin"],
        summary="Debits and credits by currency; the difference is zero",
        responses=TrialBalanceShape,
    )
    def get(self, request: Request) -> Response:
        return Response(written(TrialBalanceShape, {"currencies": ledger.trial_balance()}))


class PostingShape(Shape):
    account = serializers.CharField()
    owner_id = serializers.UUIDField(allow_null=True)
    vendor_order_id = serializers.UUIDField(allow_null=True)
    debit = MoneyShape()
    credit = MoneyShape()


class EntryShape(Shape):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Entry.Kind.choices)
    reference = serializers.UUIDField()
    memo = serializers.CharField(allow_blank=True)
    recorded_at = serializers.DateTimeField()
    postings = PostingShape(many=True)


def _posting(posting: Posting) -> dict[str, Any]:
    debit, credit = max(posting.minor, 0), max(-posting.minor, 0)
    return {
        "account": posting.account.kind,
        "owner_id": posting.account.owner_id,
        "vendor_order_id": posting.vendor_order_id,
        "debit": Money(debit, posting.currency).as_json(),
        "credit": Money(credit, posting.currency).as_json(),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.kind,
        "reference": entry.reference,
        "memo": entry.memo,
        "recorded_at": entry.recorded_at,
        "postings": [_posting(posting) for posting in entry.postings.all()],
    }


class EntryFilter(Shape):
    kind = serializers.ChoiceField(choices=Entry.Kind.choices, required=False)
    reference = serializers.UUIDField(required=False)


class EntryPage(Cursor):
    ordering = "-id"


class LedgerView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_ledger_list",
        tags=["admin"],
        summary="The entries of the books, newest first",
        parameters=[EntryFilter],
        responses=EntryShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = EntryPage()
        wanted = read_filter(EntryFilter, request)
        rows = page.paginate_queryset(ledger.entries().filter(**wanted), request, view=self)
        return page.get_paginated_response([_entry(entry) for entry in rows or []])


class PayoutShape(Shape):
    id = serializers.UUIDField()
    vendor_id = serializers.UUIDField()
    amount = MoneyShape()
    status = serializers.ChoiceField(choices=Payout.Status.choices)
    reason = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)


class PayoutFilter(Shape):
    vendor_id = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(choices=Payout.Status.choices, required=False)


class PayoutsView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_payouts_list",
        tags=["admin"],
        summary="Payouts to vendors, newest first",
        parameters=[PayoutFilter],
        responses=PayoutShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = EntryPage()
        wanted = read_filter(PayoutFilter, request)
        rows = page.paginate_queryset(ledger.payouts().filter(**wanted), request, view=self)
        return page.get_paginated_response(written(PayoutShape, rows or [], many=True))
