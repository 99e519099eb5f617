"""Forgetting people."""

from catalog_service.models import Recommendation, Review, ReviewFlag, Sale, Shopper, UserView
from shared.contracts.user import UserErased


def forget_user(message: UserErased) -> None:
    """Reviews stay for who reads them; their author has no name any more, and complaints no words. What somebody saw is
    forgotten, and what they bought was bought by nobody.
    """
    Review.objects.filter(user_id=message.user_id).update(author="")
    ReviewFlag.objects.filter(user_id=message.user_id).update(detail="")
    Sale.objects.filter(user_id=message.user_id).update(user_id=None)
    for model in (UserView, Recommendation, Shopper):
        model._default_manager.filter(user_id=message.user_id).delete()
