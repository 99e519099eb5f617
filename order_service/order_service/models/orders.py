"""An order is a group with one vendor order per vendor; sums of the parts equal the group's, in minor units."""

import hashlib
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q

from order_service.errors import IllegalMove
from shared.context import new_id
from shared.money import Money


class Order(models.Model):
    """What a buyer ordered, and how far it is. `status` and `deadline` are the whole state of the checkout saga."""

    class Status(models.TextChoices):
        PLACED = "placed"
        AWAITING_PAYMENT = "awaiting_payment"
        CONFIRMED = "confirmed"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        COMPLETED = "completed"
        CANCELLED = "cancelled"
        RETURNED = "returned"

    id = models.UUIDField(primary_key=True, default=new_id)
    number = models.CharField(max_length=24, unique=True)
    user_id = models.UUIDField(null=True)
    guest_digest = models.BinaryField(max_length=32, null=True)
    email = models.EmailField()
    buyer_name = models.CharField(max_length=200)
    locale = models.CharField(max_length=10, default="en")
    cart_id = models.CharField(max_length=120, blank=True)
    cart_version = models.CharField(max_length=40, blank=True, default="", db_default="")
    correlation_id = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PLACED)
    deadline = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=40, blank=True)
    needs_attention = models.CharField(max_length=200, blank=True)
    items_total = models.BigIntegerField()
    discount_total = models.BigIntegerField()
    shipping_total = models.BigIntegerField()
    tax_total = models.BigIntegerField()
    total = models.BigIntegerField()
    shipping_method = models.CharField(max_length=20)
    shipping_address = models.JSONField()
    billing_address = models.JSONField()
    coupon_code = models.CharField(max_length=40, blank=True)
    payment_id = models.UUIDField(unique=True, default=new_id)
    payment_method = models.CharField(max_length=40)
    payment_token = models.CharField(max_length=200, blank=True)
    payment_status = models.CharField(max_length=30, default="pending")
    next_action = models.JSONField(null=True)
    version = models.BigIntegerField(default=1)
    placed_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "order_group"
        indexes = (
            models.Index(fields=["user_id", "-id"], name="order_history"),
            models.Index(fields=["email", "-id"], name="order_by_email"),
            models.Index(fields=["status", "-id"], name="order_by_status"),
            models.Index(fields=["deadline"], name="order_deadline", condition=Q(deadline__isnull=False)),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(total=F("items_total") - F("discount_total") + F("shipping_total") + F("tax_total")),
                name="order_total_adds_up",
            ),
            models.CheckConstraint(condition=Q(total__gte=0), name="order_total_not_negative"),
            models.UniqueConstraint(
                fields=["cart_id", "cart_version"],
                name="one_order_a_cart_version",
                condition=~Q(cart_version="") & ~Q(status="cancelled"),
            ),
        )

    def __str__(self) -> str:
        return self.number

    @staticmethod
    def digest_of(cart_token: str) -> bytes:
        """What is kept of the token that a guest proves the order's possession with."""
        return hashlib.sha256(cart_token.encode()).digest()

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    @property
    def is_open(self) -> bool:
        """Neither confirmed nor ended: the saga still runs."""
        return self.status in {self.Status.PLACED, self.Status.AWAITING_PAYMENT}

    def await_payment(self, *, deadline: datetime) -> None:
        self._move(self.Status.AWAITING_PAYMENT, {self.Status.PLACED})
        self.deadline = deadline

    def confirm(self, *, at: datetime) -> None:
        self._move(self.Status.CONFIRMED, {self.Status.AWAITING_PAYMENT})
        self.deadline, self.confirmed_at, self.next_action = None, at, None

    def cancel(self, *, reason: str) -> None:
        cancellable = {self.Status.PLACED, self.Status.AWAITING_PAYMENT, self.Status.CONFIRMED}
        self._move(self.Status.CANCELLED, cancellable)
        self.deadline, self.cancel_reason, self.next_action = None, reason, None

    def ship(self) -> None:
        self._move(self.Status.SHIPPED, {self.Status.CONFIRMED})

    def deliver(self) -> None:
        self._move(self.Status.DELIVERED, {self.Status.CONFIRMED, self.Status.SHIPPED})

    def complete(self) -> None:
        self._move(self.Status.COMPLETED, {self.Status.DELIVERED})

    def settle(self) -> None:
        """An operator has looked. Raises IllegalMove when nobody had to."""
        if not self.needs_attention:
            raise IllegalMove("Nothing about this order needs attention.")
        self.needs_attention = ""

    def _move(self, to: str, allowed: set[Any]) -> None:
        if self.status not in allowed:
            raise IllegalMove(f"An order that is {self.status} cannot become {to}.")
        self.status, self.version = to, self.version + 1


class VendorOrder(models.Model):
    """The part of an order that one vendor fulfils. Commission is frozen at sale."""

    class Status(models.TextChoices):
        PLACED = "placed"
        CONFIRMED = "confirmed"
        PARTIALLY_SHIPPED = "partially_shipped"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=new_id)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="vendor_orders")
    vendor_id = models.UUIDField()
    vendor_name = models.CharField(max_length=200)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PLACED)
    items_total = models.BigIntegerField()
    discount_total = models.BigIntegerField()
    shipping_total = models.BigIntegerField()
    shipping_tax = models.BigIntegerField(default=0)
    tax_total = models.BigIntegerField()
    total = models.BigIntegerField()
    commission_basis_points = models.PositiveIntegerField()
    commission = models.BigIntegerField()
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "vendor_order"
        indexes = (models.Index(fields=["vendor_id", "-id"], name="vendor_order_list"),)
        constraints = (
            models.UniqueConstraint(fields=["order", "vendor_id"], name="one_vendor_order_a_vendor"),
            models.CheckConstraint(
                condition=Q(total=F("items_total") - F("discount_total") + F("shipping_total") + F("tax_total")),
                name="vendor_order_total_adds_up",
            ),
            models.CheckConstraint(condition=Q(total__gte=0), name="vendor_order_total_not_negative"),
        )

    def __str__(self) -> str:
        return f"{self.vendor_name}, {self.status}"

    @property
    def currency(self) -> str:
        return self.order.currency

    def follow(self, to: str) -> None:
        """What the whole order does to its parts: confirmed, cancelled."""
        self.status = to

    def ship(self, *, complete: bool) -> None:
        self._move(
            self.Status.SHIPPED if complete else self.Status.PARTIALLY_SHIPPED,
            {self.Status.CONFIRMED, self.Status.PARTIALLY_SHIPPED},
        )

    def deliver(self, *, at: datetime) -> None:
        self._move(self.Status.DELIVERED, {self.Status.SHIPPED})
        self.delivered_at = at

    def _move(self, to: str, allowed: set[Any]) -> None:
        if self.status not in allowed:
            raise IllegalMove(f"A vendor order that is {self.status} cannot become {to}.")
        self.status = to


class OrderLine(models.Model):
    """A variant, how many, at what price; all of it as it was when ordered."""

    id = models.UUIDField(primary_key=True, default=new_id)
    vendor_order = models.ForeignKey(VendorOrder, on_delete=models.CASCADE, related_name="lines")
    variant_id = models.UUIDField()
    product_id = models.UUIDField()
    category_id = models.UUIDField(null=True)
    sku = models.CharField(max_length=100)
    name = models.CharField(max_length=250)
    quantity = models.PositiveIntegerField()
    unit_price = models.BigIntegerField()
    line_total = models.BigIntegerField()
    discount = models.BigIntegerField(default=0)
    tax = models.BigIntegerField(default=0)
    shipped_quantity = models.PositiveIntegerField(default=0)
    returned_quantity = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "order_line"
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(condition=Q(quantity__gte=1), name="line_has_quantity"),
            models.CheckConstraint(
                condition=Q(line_total=F("unit_price") * F("quantity")), name="line_total_is_price_times_quantity"
            ),
            models.CheckConstraint(condition=Q(shipped_quantity__lte=F("quantity")), name="line_not_overshipped"),
            models.CheckConstraint(condition=Q(returned_quantity__lte=F("quantity")), name="line_not_overreturned"),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"

    @property
    def currency(self) -> str:
        return self.vendor_order.currency
