from django.db import models
from django.db.models import Q

from shared.context import new_id
from vendor_service.models.vendors import Vendor


class Right(models.TextChoices):
    """What not every member may do. To see the shop, its team and its checklist, any may."""

    EDIT = "edit", "change the shop's page, pictures and documents"
    SEE_MONEY = "see_money", "see balances and payouts"
    PAY_OUT = "pay_out", "ask for payouts"
    PAYOUT_ACCOUNT = "payout_account", "say where payouts go"
    STAFF = "staff", "invite and remove staff"
    MANAGERS = "managers", "invite and remove managers and finance, give roles, pass the ownership on"


class Member(models.Model):
    """An account that sells for a vendor, and as what. An account sells for one vendor; a vendor has one owner.

                edit   see money   pay out   where to   staff   managers   in other services (shared.auth.AREAS)
    owner        yes      yes        yes        yes      yes      yes       orders, catalogue, money
    manager      yes      yes         ·          ·       yes       ·        orders, catalogue, money
    staff         ·        ·          ·          ·        ·        ·        orders, catalogue
    orders        ·        ·          ·          ·        ·        ·        orders
    catalogue     ·        ·          ·          ·        ·        ·        catalogue
    finance       ·       yes        yes         ·        ·        ·        money
    """

    class Role(models.TextChoices):
        OWNER = "owner"
        MANAGER = "manager"
        STAFF = "staff"
        ORDERS = "orders"
        CATALOGUE = "catalogue"
        FINANCE = "finance"

    id = models.UUIDField(primary_key=True, default=new_id)
    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="members")
    user_id = models.UUIDField(unique=True)
    email = models.EmailField(max_length=254, blank=True)
    role = models.CharField(max_length=10, choices=Role.choices)
    invited_by = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "member"
        constraints = (
            models.UniqueConstraint(fields=["vendor"], condition=Q(role="owner"), name="member_one_owner"),
            models.CheckConstraint(
                condition=Q(role__in=["owner", "manager", "staff", "orders", "catalogue", "finance"]),
                name="member_role_is_known",
            ),
        )
        indexes = (models.Index(fields=["vendor", "id"], name="member_of_vendor"),)

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"

    def may(self, right: Right) -> bool:
        return right in MAY[self.Role(self.role)]


MAY: dict[Member.Role, frozenset[Right]] = {
    Member.Role.OWNER: frozenset(Right),
    Member.Role.MANAGER: frozenset({Right.EDIT, Right.SEE_MONEY, Right.STAFF}),
    Member.Role.STAFF: frozenset(),
    Member.Role.ORDERS: frozenset(),
    Member.Role.CATALOGUE: frozenset(),
    Member.Role.FINANCE: frozenset({Right.SEE_MONEY, Right.PAY_OUT}),
}
RULES: dict[str, Right] = {
    Member.Role.OWNER: Right.MANAGERS,
    Member.Role.MANAGER: Right.MANAGERS,
    Member.Role.STAFF: Right.STAFF,
    Member.Role.ORDERS: Right.STAFF,
    Member.Role.CATALOGUE: Right.STAFF,
    Member.Role.FINANCE: Right.MANAGERS,
}
"""Role → who may give or take it."""


class Invitation(models.Model):
    """A question to an address whether its reader wants to sell for a vendor. `digest` is the SHA-256 of the token that
    was mailed. An ended one (accepted, withdrawn, replaced) is kept without the address, to be counted.
    """

    class Role(models.TextChoices):
        MANAGER = "manager"
        STAFF = "staff"
        ORDERS = "orders"
        CATALOGUE = "catalogue"
        FINANCE = "finance"

    id = models.UUIDField(primary_key=True, default=new_id)
    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField(max_length=254, blank=True)
    role = models.CharField(max_length=10, choices=Role.choices)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.UUIDField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "invitation"
        constraints = (
            models.UniqueConstraint(
                fields=["vendor", "email"], condition=Q(ended_at__isnull=True), name="invited_once"
            ),
            models.CheckConstraint(condition=Q(ended_at__isnull=True) | Q(email=""), name="invitation_ended_is_empty"),
            models.CheckConstraint(
                condition=Q(role__in=["manager", "staff", "orders", "catalogue", "finance"]),
                name="invitation_role_is_known",
            ),
        )
        indexes = (models.Index(fields=["expires_at"], name="invitation_by_end"),)

    def __str__(self) -> str:
        return f"{self.role} of {self.vendor_id}"
