"""Forgetting people."""

from catalog_service.models import Review
from shared.contracts.user import UserErased


def forget_user(message: UserErased) -> None:
    """Reviews stay for who reads them; their author has no name any more."""
    Review.objects.filter(user_id=message.user_id).update(author="")
