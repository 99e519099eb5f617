"""A vendor's payout account: written in full, read back by its last digits."""

from typing import Any

from Crypto.Hash import keccak
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from stdnum import bic, iban

from shared.auth import roles
from shared.http import LineField, Shape, read, written
from shared.idempotency import idempotent
from vendor_service.actions.payout_accounts import Destination, set_account
from vendor_service.api.callers import vendor_of
from vendor_service.models import PayoutAccount
from vendor_service.models.members import Right
from vendor_service.queries.payout_accounts import payout_account

_NEEDED = {"iban": {"holder_name", "iban"}, "local": {"holder_name", "account_number", "bank_code"}, "evm": {"address"}}
_ALLOWED = {**_NEEDED, "iban": _NEEDED["iban"] | {"bic"}, "evm": _NEEDED["evm"] | {"holder_name"}}


class PayoutAccountIn(Shape):
    """`iban`: holder_name, iban, bic or none. `local`: holder_name, account_number, bank_code. `evm`: address."""

    kind = serializers.ChoiceField(choices=PayoutAccount.Kind.choices)
    holder_name = LineField(max_length=70, required=False)
    iban = LineField(max_length=42, required=False, help_text="With or without spaces.")
    bic = LineField(max_length=11, required=False)
    account_number = serializers.RegexField(r"^[A-Za-z0-9-]{4,34}\Z", required=False)
    bank_code = serializers.RegexField(r"^[A-Za-z0-9-]{1,35}\Z", required=False)
    address = serializers.RegexField(r"^0x[0-9A-Fa-f]{40}\Z", required=False)

    def validate_iban(self, given: str) -> str:
        if not iban.is_valid(given):
            raise serializers.ValidationError("This is not an IBAN.")
        return str(iban.compact(given))

    def validate_bic(self, given: str) -> str:
        if not bic.is_valid(given):
            raise serializers.ValidationError("This is not a BIC.")
        return str(bic.compact(given))

    def validate_address(self, given: str) -> str:
        digits = given[2:]
        if digits not in {digits.lower(), digits.upper(), _with_checksum(digits)}:
            raise serializers.ValidationError("Its capitals are not its checksum (EIP-55): a digit may be wrong.")
        return f"0x{_with_checksum(digits)}"

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        kind, names = given["kind"], given.keys() - {"kind"}
        wrong = {name: ["This field is required."] for name in sorted(_NEEDED[kind] - names)}
        wrong |= {name: [f"Not of a payout account that is {kind}."] for name in sorted(names - _ALLOWED[kind])}
        if wrong:
            raise serializers.ValidationError(wrong)
        return given


def _with_checksum(digits: str) -> str:
    """EIP-55: a letter is a capital where the hash of the address has a digit of 8 or more."""
    plain = digits.lower()
    checksum = keccak.new(digest_bits=256, data=plain.encode()).hexdigest()
    return "".join(one.upper() if int(mark, 16) >= 8 else one for one, mark in zip(plain, checksum, strict=False))


class PayoutAccountShape(Shape):
    kind = serializers.ChoiceField(choices=PayoutAccount.Kind.choices)
    holder_name = serializers.CharField()
    ending = serializers.CharField(help_text="The last digits: nobody is shown the others.")
    bic = serializers.CharField()
    bank_code = serializers.CharField()
    usable_from = serializers.DateTimeField(help_text="Nothing is paid out before.")
    changed_at = serializers.DateTimeField()


class PayoutAccountView(APIView):
    permission_classes = [roles("vendor")]

    @extend_schema(
        operation_id="vendors_me_payout_account_read",
        tags=["vendors"],
        summary="Where you are paid",
        responses=PayoutAccountShape,
    )
    def get(self, request: Request) -> Response:
        return Response(written(PayoutAccountShape, payout_account(vendor_of(request, Right.SEE_MONEY))))

    @extend_schema(
        operation_id="vendors_me_payout_account_set",
        tags=["vendors"],
        summary="Say where you want to be paid",
        description="One that replaces another is used after a cool-down, and you are told of it.",
        request=PayoutAccountIn,
        responses=PayoutAccountShape,
    )
    @idempotent()
    def put(self, request: Request) -> Response:
        destination = Destination(**read(PayoutAccountIn, request.data))
        account = set_account(vendor_id=vendor_of(request, Right.PAYOUT_ACCOUNT), destination=destination)
        return Response(written(PayoutAccountShape, account))
