"""Who sells for a vendor: invited by mail, given roles, removed. Each runs under the vendor's lock, and asks there
again what the caller may do. The role `vendor` and the claim in the token are user_service's to give and take.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from shared.audit import record
from shared.contracts.user import GrantRole, RevokeRole
from shared.contracts.vendor import MemberInvited
from shared.errors import Forbidden, TooMany
from shared.outbox import publish
from vendor_service.actions.vendors import locked, tell_changed
from vendor_service.errors import AlreadyVendor, InvitationNotFound, LastOwner, MemberNotFound
from vendor_service.models import Invitation, Member, Vendor
from vendor_service.models.members import RULES, Right

COUNTED = timedelta(days=1)


@transaction.atomic
def invite(*, vendor_id: UUID, by: UUID, email: str, role: str) -> Invitation:
    """Ask somebody by mail; an earlier invitation of the address is void. Whether it has an account is not looked at.
    Raises VendorNotFound, Forbidden, TooMany.
    """
    vendor = locked(vendor_id)
    _demand(vendor, by, RULES[role])
    _brake(vendor)
    email = email.lower()
    _end(vendor.invitations.filter(email=email))
    token = secrets.token_urlsafe(32)
    row = Invitation.objects.create(
        vendor=vendor,
        email=email,
        role=role,
        digest=_digest(token),
        invited_by=by,
        expires_at=timezone.now() + settings.INVITATION_LIFETIME,
    )
    _tell_invited(row, vendor, token)
    record(action="vendor.member.invite", subject_kind="invitation", subject_id=row.id, vendor=vendor.id, role=role)
    return row


def _brake(vendor: Vendor) -> None:
    """Or a shop would send mail to anybody, as much as it likes. Raises TooMany."""
    since = timezone.now() - COUNTED
    if vendor.invitations.filter(created_at__gt=since).count() >= settings.INVITATIONS_PER_DAY:
        raise TooMany(f"At most {settings.INVITATIONS_PER_DAY} invitations a day.", retry_after=3_600)


def _tell_invited(row: Invitation, vendor: Vendor, token: str) -> None:
    publish(
        MemberInvited(
            invitation_id=row.id,
            vendor_id=vendor.id,
            vendor_name=vendor.name,
            email=row.email,
            role="manager" if row.role == Member.Role.MANAGER else "staff",
            vendor_role=row.role,
            token=token,
            expires_at=row.expires_at,
        )
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _end(rows: QuerySet[Invitation]) -> int:
    return rows.filter(ended_at__isnull=True).update(ended_at=timezone.now(), email="")


@transaction.atomic
def withdraw(*, vendor_id: UUID, by: UUID, invitation_id: UUID) -> None:
    """Its token is void. Raises VendorNotFound, Forbidden, InvitationNotFound."""
    vendor = locked(vendor_id)
    row = vendor.invitations.filter(id=invitation_id, ended_at__isnull=True).first()
    if row is None:
        raise InvitationNotFound()
    _demand(vendor, by, RULES[row.role])
    _end(vendor.invitations.filter(id=row.id))
    record(action="vendor.member.withdraw", subject_kind="invitation", subject_id=row.id, vendor=vendor.id)


@transaction.atomic
def accept(*, user_id: UUID, token: str) -> Member:
    """Works once, for whichever account its reader is signed in with. Raises InvitationNotFound (unknown, used,
    withdrawn or too old, all alike), AlreadyVendor.
    """
    sought = Invitation.objects.filter(digest=_digest(token), expires_at__gt=timezone.now())
    row = sought.first()
    if row is None:
        raise InvitationNotFound()
    locked(row.vendor_id)
    row = sought.first()  # it may have ended while the lock was awaited
    if row is None or not _end(sought):
        raise InvitationNotFound()
    member = _join(row, user_id)
    _tell_role(member)
    record(
        action="vendor.member.join", subject_kind="member", subject_id=member.id, vendor=row.vendor_id, role=row.role
    )
    return member


def _tell_role(member: Member) -> None:
    """For the claims of its next token."""
    told = {"user_id": member.user_id, "vendor_id": member.vendor_id, "vendor_role": member.role}
    publish(GrantRole(role="vendor", at=timezone.now(), **told))


def tell_roles() -> int:
    """As what everybody sells, once more, for tokens that do not say; answers how many."""
    members = list(Member.objects.order_by("id").values_list("id", "vendor_id"))
    return sum(_tell_again(member_id, vendor_id) for member_id, vendor_id in members)


@transaction.atomic
def _tell_again(member_id: UUID, vendor_id: UUID) -> bool:
    """Under the lock under which roles are given and taken: the later word is the true one."""
    member = locked(vendor_id).members.filter(id=member_id).first()
    if member is not None:
        _tell_role(member)
    return member is not None


def _join(row: Invitation, user_id: UUID) -> Member:
    try:
        with transaction.atomic():
            return Member.objects.create(
                vendor=row.vendor, user_id=user_id, email=row.email, role=row.role, invited_by=row.invited_by
            )
    except IntegrityError:
        raise AlreadyVendor() from None


@transaction.atomic
def give_role(*, vendor_id: UUID, by: UUID, member_id: UUID, role: str) -> Member:
    """To be made owner is to get the shop: who had it becomes a manager. Raises VendorNotFound, Forbidden,
    MemberNotFound, LastOwner.
    """
    vendor = locked(vendor_id)
    member = _member(vendor, member_id)
    _demand(vendor, by, Right.MANAGERS)
    before = member.role
    if before == role:
        return member
    if before == Member.Role.OWNER:
        raise LastOwner()
    if role == Member.Role.OWNER:
        _step_back(vendor)
        vendor.owner_id = member.user_id
    member.role = Member.Role(role)
    member.save()
    _tell_role(member)
    if role == Member.Role.OWNER:
        tell_changed(vendor)
    told = {"vendor": vendor.id, "before": before, "after": role}
    record(action="vendor.member.change", subject_kind="member", subject_id=member.id, **told)
    return member


def _step_back(vendor: Vendor) -> None:
    """Who has had the shop becomes a manager."""
    for member in vendor.members.filter(role=Member.Role.OWNER):
        member.role = Member.Role.MANAGER
        member.save()
        _tell_role(member)


@transaction.atomic
def remove(*, vendor_id: UUID, by: UUID, member_id: UUID) -> None:
    """Or leave, which all but the owner may. The account's sessions end, and the role with them. Raises
    VendorNotFound, Forbidden, MemberNotFound, LastOwner.
    """
    vendor = locked(vendor_id)
    member = _member(vendor, member_id)
    if member.user_id != by:
        _demand(vendor, by, RULES[member.role])
    if member.role == Member.Role.OWNER:
        raise LastOwner()
    member.delete()
    publish(RevokeRole(user_id=member.user_id, role="vendor", vendor_id=vendor.id, at=timezone.now()))
    told = {"vendor": vendor.id, "user": member.user_id, "role": member.role}
    record(action="vendor.member.remove", subject_kind="member", subject_id=member_id, **told)


def _member(vendor: Vendor, member_id: UUID) -> Member:
    member = vendor.members.filter(id=member_id).first()
    if member is None:
        raise MemberNotFound()
    return member


def _demand(vendor: Vendor, user_id: UUID, right: Right) -> None:
    """Raises Forbidden."""
    member = vendor.members.filter(user_id=user_id).first()
    if member is None or not member.may(right):
        raise Forbidden()


def forget_old_invitations(now: datetime | None = None) -> int:
    """A job for the clock: those that nobody can accept and nobody counts any more; answers how many went."""
    now = now or timezone.now()
    gone = Q(expires_at__lt=now) | Q(ended_at__isnull=False)
    return Invitation.objects.filter(gone, created_at__lt=now - COUNTED).delete()[0]


def seat_owners(batch: int = 100) -> int:
    """A job for the clock: owners of vendors that were opened by the release before members were, while this one was
    being rolled out; answers how many were seated.
    """
    unseated = Vendor.objects.exclude(members__role=Member.Role.OWNER)[:batch]
    return sum(_seat(vendor) for vendor in unseated)


def _seat(vendor: Vendor) -> bool:
    fields = {"vendor": vendor, "email": vendor.contact_email, "role": Member.Role.OWNER}
    return Member.objects.get_or_create(user_id=vendor.owner_id, defaults=fields)[1]
