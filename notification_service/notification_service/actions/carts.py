"""What buyers are told of carts they left, and of what they wish for."""

from uuid import uuid5

from notification_service.actions.telling import shown_money, tell, users
from notification_service.models.notifications import Group
from shared.contracts.cart import CartAbandoned, WishCameBack, WishPriceDropped


def tell_cart_abandoned(message: CartAbandoned) -> None:
    data = {"cart_id": str(message.cart_id), "items": len(message.lines), "total": shown_money(message.total)}
    lines = [
        {"name": line.name, "quantity": line.quantity, "price": shown_money(line.unit_price)} for line in message.lines
    ]
    fact = uuid5(message.cart_id, message.cart_version)
    for person in users([message.user_id]):
        tell(person, kind="cart_left", group=Group.REMINDERS, fact=fact, data=data, shown={"lines": lines})


def tell_wish_back(message: WishCameBack) -> None:
    _tell_wishers(message, "wish_back", {"price": shown_money(message.price) if message.price else ""})


def tell_wish_cheaper(message: WishPriceDropped) -> None:
    _tell_wishers(message, "wish_cheaper", {"old": shown_money(message.old), "new": shown_money(message.new)})


def _tell_wishers(message: WishCameBack | WishPriceDropped, kind: str, figures: dict[str, str]) -> None:
    about = {"variant_id": str(message.variant_id), "product_id": str(message.product_id), "slug": message.slug}
    for person in users(message.user_ids):
        tell(person, kind=kind, group=Group.WISHES, data={**about, "name": message.name, **figures})
