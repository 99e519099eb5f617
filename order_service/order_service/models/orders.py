"""An order is a group with one vendor order per vendor; sums of the parts equal the group's, in minor units."""

import hashlib
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from order_service.errors import IllegalMove
from shared.context import new_id
from shared.money import Money

REPLACEMENT = "exchange"
"""How the replacement of an exchange is paid: not at all."""


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

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        Status.PLACED: frozenset({Status.AWAITING_PAYMENT, Status.CONFIRMED, Status.CANCELLED}),
        Status.AWAITING_PAYMENT: frozenset({Status.CONFIRMED, Status.CANCELLED}),
        Status.CONFIRMED: frozenset({Status.SHIPPED, Status.DELIVERED, Status.CANCELLED}),
        Status.SHIPPED: frozenset({Status.CONFIRMED, Status.DELIVERED, Status.CANCELLED}),
        Status.DELIVERED: frozenset({Status.COMPLETED, Status.RETURNED}),
        Status.COMPLETED: frozenset(),
        Status.CANCELLED: frozenset(),
        Status.RETURNED: frozenset(),
    }
    """From → to. Shipped becomes confirmed again, or cancelled, where a parcel was lost."""

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
    attention_cause = models.CharField(max_length=40, blank=True, default="", db_default="")
    attention_since = models.DateTimeField(null=True)
    items_total = models.BigIntegerField()
    discount_total = models.BigIntegerField()
    shipping_total = models.BigIntegerField()
    tax_total = models.BigIntegerField()
    tax_included = models.BigIntegerField(default=0, db_default=0)
    """Tax that prices contain already: `tax_total` is what is added to them."""
    total = models.BigIntegerField()
    shipping_method = models.CharField(max_length=20)
    shipping_address = models.JSONField()
    billing_address = models.JSONField()
    coupon_code = models.CharField(max_length=40, blank=True)
    payment_id = models.UUIDField(unique=True, default=new_id)
    payment_method = models.CharField(max_length=40)
    payment_token = models.CharField(max_length=200, blank=True)
    payment_status = models.CharField(max_length=30, default="pending")
    credit_wanted = models.BigIntegerField(default=0, db_default=0)
    """How much of the total the buyer's store credit is to pay; at most, unless `credit_exact`."""
    credit_exact = models.BooleanField(default=False, db_default=False)
    credit_used = models.BigIntegerField(default=0, db_default=0)
    next_action = models.JSONField(null=True)
    version = models.BigIntegerField(default=1)
    placed_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "order_group"
        indexes = (
            models.Index(fields=["user_id", "-id"], name="order_history"),
            models.Index(fields=["email", "-id"], name="order_by_email"),
            models.Index(Lower("email"), name="order_by_guest", condition=Q(user_id__isnull=True)),
            models.Index(fields=["status", "-id"], name="order_by_status"),
            models.Index(fields=["deadline"], name="order_deadline", condition=Q(deadline__isnull=False)),
            models.Index(
                fields=["payment_method"],
                name="order_under_way",
                condition=Q(deadline__isnull=False, payment_status="pending"),
            ),
            models.Index(fields=["delivered_at"], name="order_to_complete", condition=Q(status="delivered")),
            models.Index(fields=["attention_since"], name="order_attention", condition=~Q(needs_attention="")),
            models.Index(fields=["confirmed_at"], name="order_sold", condition=Q(confirmed_at__isnull=False)),
            models.Index(fields=["updated_at"], name="order_changed"),
            models.Index(fields=["placed_at"], name="order_placed"),
            models.Index(fields=["currency", "-id"], name="order_by_currency"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(total=F("items_total") - F("discount_total") + F("shipping_total") + F("tax_total")),
                name="order_total_adds_up",
            ),
            models.CheckConstraint(condition=Q(total__gte=0), name="order_total_not_negative"),
            models.CheckConstraint(
                condition=Q(credit_wanted__gte=0, credit_wanted__lte=F("total"))
                & Q(credit_used__gte=0, credit_used__lte=F("total")),
                name="order_credit_within_total",
            ),
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

    @property
    def is_replacement(self) -> bool:
        """Sent in exchange for what came back: nothing is charged."""
        return self.payment_method == REPLACEMENT

    def await_payment(self, *, deadline: datetime) -> None:
        self._move(self.Status.AWAITING_PAYMENT)
        self.deadline = deadline

    def confirm(self, *, at: datetime) -> None:
        """Raises IllegalMove for one that was not asked to be paid, unless nothing is charged."""
        if self.status == self.Status.PLACED and not self.is_replacement:
            raise IllegalMove("An order that was not asked to be paid cannot become confirmed.")
        self._move(self.Status.CONFIRMED)
        self.deadline, self.confirmed_at, self.next_action = None, at, None

    def cancel(self, *, reason: str) -> None:
        self._move(self.Status.CANCELLED)
        self.deadline, self.cancel_reason, self.next_action = None, reason, None

    def ship(self) -> None:
        self._move(self.Status.SHIPPED)

    def lose_a_parcel(self) -> None:
        """Something is to be sent again."""
        self._move(self.Status.CONFIRMED)

    def deliver(self, *, at: datetime) -> None:
        self._move(self.Status.DELIVERED)
        self.delivered_at = at

    def complete(self, *, at: datetime) -> None:
        self._move(self.Status.COMPLETED)
        self.completed_at = at

    def give_back(self) -> None:
        """All of it has been returned."""
        self._move(self.Status.RETURNED)

    def call_for_attention(self, cause: str, detail: str, *, at: datetime) -> None:
        """An operator has to look. `since` stays that of the first cause nobody has looked at."""
        self.attention_since = (self.needs_attention and self.attention_since) or at
        self.attention_cause, self.needs_attention = cause, detail[:200]

    def settle(self) -> None:
        """An operator has looked. Raises IllegalMove when nobody had to."""
        if not self.needs_attention:
            raise IllegalMove("Nothing about this order needs attention.")
        self.needs_attention, self.attention_cause, self.attention_since = "", "", None

    def _move(self, to: str) -> None:
        if to not in self.MOVES[self.status]:
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
        RETURNED = "returned"
        CANCELLED = "cancelled"

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        Status.PLACED: frozenset({Status.CONFIRMED, Status.CANCELLED}),
        Status.CONFIRMED: frozenset({Status.PARTIALLY_SHIPPED, Status.SHIPPED, Status.CANCELLED}),
        Status.PARTIALLY_SHIPPED: frozenset({Status.CONFIRMED, Status.SHIPPED, Status.DELIVERED}),
        Status.SHIPPED: frozenset({Status.CONFIRMED, Status.PARTIALLY_SHIPPED, Status.DELIVERED}),
        Status.DELIVERED: frozenset({Status.RETURNED}),
        Status.RETURNED: frozenset(),
        Status.CANCELLED: frozenset(),
    }
    """From → to; what it is already, it may stay."""
    LIVE: ClassVar[frozenset[str]] = frozenset({Status.CONFIRMED, Status.PARTIALLY_SHIPPED, Status.SHIPPED})
    """Sold, and still in the vendor's hands or the carrier's."""

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
    tax_included = models.BigIntegerField(default=0, db_default=0)
    total = models.BigIntegerField()
    weight_grams = models.BigIntegerField(default=0, db_default=0)
    shipping_discount = models.BigIntegerField(default=0, db_default=0)
    """What promotions took off shipping; `shipping_total` is what is left."""
    platform_discount = models.BigIntegerField(default=0, db_default=0)
    """What of all discounts, shipping's too, the platform pays: `commission` is lower by it, perhaps below zero."""
    commission_basis_points = models.PositiveIntegerField()
    """The vendor's own rate then; the lines say what each was charged at."""
    commission = models.BigIntegerField()
    commission_tax = models.BigIntegerField(default=0, db_default=0)
    """On what is charged for the service, at this rate; the vendor pays it on top of the commission."""
    commission_tax_basis_points = models.PositiveIntegerField(default=0, db_default=0)
    cancel_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    shipping_refunded = models.BooleanField(default=False, db_default=False)
    why = models.JSONField(default=list, db_default=[])
    """How shipping came to cost that: reasons, as in `queries/reasons.py`."""
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "vendor_order"
        indexes = (
            models.Index(fields=["vendor_id", "-id"], name="vendor_order_list"),
            models.Index(fields=["vendor_id", "status", "-id"], name="vendor_order_by_status"),
            models.Index(fields=["vendor_id", "-order"], name="vendor_order_by_order"),
        )
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
        """What the whole order, or its lines, do to it."""
        if to != self.status and to not in self.MOVES[self.status]:
            raise IllegalMove(f"A vendor order that is {self.status} cannot become {to}.")
        self.status = to

    def refuse_unless_live(self) -> None:
        """Raises IllegalMove for what is not sold yet, has arrived or was cancelled."""
        if self.status not in self.LIVE:
            raise IllegalMove(f"A vendor order that is {self.status} is not sent any more.")


class OrderLine(models.Model):
    """A variant, how many, at what price; all of it as it was when ordered."""

    id = models.UUIDField(primary_key=True, default=new_id)
    vendor_order = models.ForeignKey(VendorOrder, on_delete=models.CASCADE, related_name="lines")
    replaces = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")
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
    tax_included = models.BigIntegerField(default=0, db_default=0)
    platform_discount = models.BigIntegerField(default=0, db_default=0)
    commission_basis = models.BigIntegerField(null=True)
    """What the vendor sold it for, without tax: null on lines of before it was kept."""
    commission = models.BigIntegerField(null=True)
    """The line's part of the vendor order's: parts sum to it, but for shipping that the platform pays."""
    commission_tax = models.BigIntegerField(default=0, db_default=0)
    commission_rule_id = models.UUIDField(null=True)
    """By which rule, if by one; and at what rate: null on lines of before there were rules."""
    commission_basis_points = models.PositiveIntegerField(null=True)
    commission_fee_per_unit = models.BigIntegerField(default=0, db_default=0)
    weight_grams = models.PositiveIntegerField(default=0, db_default=0)
    why = models.JSONField(default=list, db_default=[])
    """How discount and tax came about: reasons, as in `queries/reasons.py`."""
    shipped_quantity = models.PositiveIntegerField(default=0)
    cancelled_quantity = models.PositiveIntegerField(default=0, db_default=0)
    returned_quantity = models.PositiveIntegerField(default=0)
    refunded_quantity = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "order_line"
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(condition=Q(quantity__gte=1), name="line_has_quantity"),
            models.CheckConstraint(
                condition=Q(line_total=F("unit_price") * F("quantity")), name="line_total_is_price_times_quantity"
            ),
            models.CheckConstraint(
                condition=Q(discount__gte=F("platform_discount"), discount__lte=F("line_total"))
                & Q(platform_discount__gte=0, tax__gte=0, tax_included__gte=0),
                name="line_parts_within_wholes",
            ),
            models.CheckConstraint(condition=Q(shipped_quantity__lte=F("quantity")), name="line_not_overshipped"),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("shipped_quantity") + F("cancelled_quantity")),
                name="line_shipped_or_cancelled",
            ),
            models.CheckConstraint(condition=Q(returned_quantity__lte=F("quantity")), name="line_not_overreturned"),
            models.CheckConstraint(condition=Q(refunded_quantity__lte=F("quantity")), name="line_not_overrefunded"),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"

    @property
    def unsent(self) -> int:
        """How many are neither on their way nor cancelled; packed ones are among them."""
        return self.quantity - self.shipped_quantity - self.cancelled_quantity

    @property
    def currency(self) -> str:
        return self.vendor_order.currency
