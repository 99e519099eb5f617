"""Signing in by way of Google."""

from django.conf import settings
from django.db import IntegrityError, transaction

from shared.contracts.user import UserRegistered
from shared.outbox import publish
from user_service import clients
from user_service.actions.accounts import tell_changed
from user_service.actions.sessions import Challenge, SignedIn, admit, end_all_sessions
from user_service.clients import Person
from user_service.errors import NotConfigured, SocialEmailNotVerified, SocialFailed
from user_service.models import Identity, Role, User, flows, normalised


def begin_google() -> tuple[str, str]:
    """Where the browser goes, and the cookie it has to come back with. Raises NotConfigured, Unavailable."""
    provider = _google()
    flow, state, cookie = flows.begin()
    return provider.authorization_url(flow, state), cookie


def finish_google(*, code: str, state: str, cookie: str, address: str | None, user_agent: str) -> SignedIn | Challenge:
    """As a login with a password is answered. Raises NotConfigured, SocialFailed, SocialEmailNotVerified,
    PasswordResetRequired, Unavailable.
    """
    provider = _google()
    person = provider.person(code=code, flow=flows.finish(state, cookie))
    user = _account_of(person)
    return admit(user=user, address=address, user_agent=user_agent)


def _google() -> clients.Provider:
    if not (settings.GOOGLE_ISSUER and settings.GOOGLE_CLIENT_ID and settings.GOOGLE_CLIENT_SECRET):
        raise NotConfigured("Signing in with Google is not set up here.")
    return clients.provider(settings.GOOGLE_ISSUER)


def _account_of(person: Person) -> User:
    """Two first sign-ins at the same moment: the second finds what the first made."""
    try:
        return _known(person) or _linked(person)
    except IntegrityError:
        found = _known(person)
        if found is None:
            raise SocialFailed() from None
        return found


def _known(person: Person) -> User | None:
    """Raises SocialFailed for a disabled account."""
    rows = Identity.objects.select_related("user").filter(provider=Identity.Provider.GOOGLE, subject=person.subject)
    identity = rows.first()
    if identity and not identity.user.active:
        raise SocialFailed()
    return identity.user if identity else None


@transaction.atomic
def _linked(person: Person) -> User:
    """The account with this address, if both sides have proved it; else a new one. An account whose address was never
    proved here may be a stranger's, who waits for its owner: it is taken over, and its password is void. Raises
    SocialEmailNotVerified, SocialFailed.
    """
    if not person.email or not person.email_verified:
        raise SocialEmailNotVerified()
    email = normalised(person.email)
    user = User.objects.select_for_update().filter(email=email).first()
    if user and not user.active:
        raise SocialFailed()
    if user is None or not user.email_verified:
        user = _registered(user or User(email=email, roles=[Role.CUSTOMER]), person)
    Identity.objects.create(user=user, provider=Identity.Provider.GOOGLE, subject=person.subject)
    return user


def _registered(user: User, person: Person) -> User:
    new = user._state.adding
    user.first_name, user.last_name = person.first_name, person.last_name
    user.set_unusable_password()
    user.must_reset_password = False
    user.verify_email()
    if not new:
        end_all_sessions(user_id=user.id, reason="taken_over")
        tell_changed(user)
        return user
    user.save(force_insert=True)
    names = {"first_name": user.first_name, "last_name": user.last_name, "locale": user.locale}
    publish(UserRegistered(user_id=user.id, email=user.email, **names), version=user.version)
    tell_changed(user)
    return user
