"""Wallet addresses: somebody's own notes of where money may go. Nobody is paid by them alone."""

import re

from Crypto.Hash import keccak
from django.db import models
from django.db.models import Q

from shared.context import new_id
from shared.errors import Invalid
from user_service.models.accounts import User

_EVM = re.compile(r"0x[0-9a-fA-F]{40}")


class Wallet(models.Model):
    """`address` in its one spelling, with the checksum of EIP-55 in the case of its letters."""

    class Network(models.TextChoices):
        EVM = "evm"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="wallets")
    network = models.CharField(max_length=8, choices=Network.choices, default=Network.EVM)
    address = models.CharField(max_length=42)
    label = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "wallet"
        constraints = (
            models.UniqueConstraint(fields=["user", "network", "address"], name="wallet_once"),
            models.CheckConstraint(condition=Q(address__regex=r"^0x[0-9a-fA-F]{40}$"), name="wallet_address_evm"),
        )
        indexes = (models.Index(fields=["user", "-id"], name="wallet_of_user"),)

    def __str__(self) -> str:
        return str(self.id)


def checksummed(address: str) -> str:
    """EIP-55. An address in one case has no checksum and gets one; in mixed case it has to be right, or somebody
    mistyped it. Raises Invalid.
    """
    if not _EVM.fullmatch(address):
        raise Invalid({"address": ["0x and 40 hexadecimal digits."]})
    digits = address[2:].lower()
    digest = keccak.new(digest_bits=256, data=digits.encode()).hexdigest()
    right = "0x" + "".join(
        digit.upper() if int(mark, 16) >= 8 else digit for digit, mark in zip(digits, digest, strict=False)
    )
    if address[2:] not in (digits, digits.upper(), right[2:]):
        raise Invalid({"address": ["Its checksum (EIP-55) is wrong: there is a typing error in it."]})
    return right
