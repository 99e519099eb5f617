"""Forgetting people."""

from catalog_service.models import Review, ReviewFlag
from shared.contracts.user import UserErased


def forget_user(message: UserErased) -> None:
    """Reviews stay for who reads them; their author has no name any more, and complaints no words."""
    Review.objects.filter(user_id=message.user_id).update(author="")
    ReviewFlag.objects.filter(user_id=message.user_id).update(detail="")
