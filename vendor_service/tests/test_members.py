from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone
from factories import earn, hear, make_application, make_member, make_vendor

from shared.context import new_id
from shared.contracts.user import GrantRole, RecordAudit, RevokeRole, UserErased
from shared.contracts.vendor import MemberInvited, VendorChanged
from shared.errors import Refused
from shared.models import OutboxMessage
from shared.testing import audited, body, client_as, in_parallel, published
from vendor_service.actions import applications, members
from vendor_service.errors import AlreadyVendor
from vendor_service.models import Invitation, Member, Vendor

pytestmark = pytest.mark.django_db
PATH = "/api/v1/vendors/me"
ACCEPT = "/api/v1/vendor-invitations/accept"
ROLES = ("owner", "manager", "staff", "orders", "catalogue", "finance")
MONEY = ("owner", "manager", "finance")
IBAN = {"kind": "iban", "holder_name": "Nora", "iban": "NO9386011117947"}
IVY = {"email": "Ivy@example.com", "role": "staff"}


def member_of(vendor: Vendor, role: str) -> Member:
    return Member.objects.get(vendor=vendor, role="owner") if role == "owner" else make_member(vendor, role)


def as_(member: Member) -> Any:
    return client_as("customer", "vendor", user_id=member.user_id, vendor_id=member.vendor_id)


def owner(vendor: Vendor) -> Any:
    return as_(member_of(vendor, "owner"))


def invited(vendor: Vendor, **changes: str) -> str:
    """The token that was mailed."""
    assert owner(vendor).post(f"{PATH}/members", {**IVY, **changes}).status_code == 201
    return str(published(MemberInvited)[-1].token)


def accept(token: str, user_id: UUID | None = None) -> Any:
    return client_as("customer", user_id=user_id or new_id()).post(ACCEPT, {"token": token})


# ── Who may do what ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_approval_makes_the_applicant_the_owner() -> None:
    vendor = make_vendor()

    (shown,) = body(owner(vendor).get(f"{PATH}/members"))["results"]

    assert (shown["user_id"], shown["role"], shown["email"]) == (str(vendor.owner_id), "owner", vendor.contact_email)


@pytest.mark.parametrize(
    ("method", "path", "given", "allowed"),
    [
        ("get", "", None, ROLES),
        ("get", "/members", None, ROLES),
        ("get", "/invitations", None, ROLES),
        ("patch", "", {"description": "New lamps."}, ("owner", "manager")),
        ("get", "/balance", None, MONEY),
        ("get", "/payouts", None, MONEY),
        ("post", "/payouts", {}, ("owner", "finance")),
        ("put", "/payout-account", IBAN, ("owner",)),
        ("post", "/members", IVY, ("owner", "manager")),
        ("post", "/members", {**IVY, "role": "orders"}, ("owner", "manager")),
        ("post", "/members", {**IVY, "role": "catalogue"}, ("owner", "manager")),
        ("post", "/members", {**IVY, "role": "finance"}, ("owner",)),
        ("post", "/members", {**IVY, "role": "manager"}, ("owner",)),
    ],
)
def test_each_role_may_do_what_the_table_says(method: str, path: str, given: Any, allowed: tuple[str, ...]) -> None:
    members_of_shops = {role: member_of(make_vendor(), role) for role in ROLES}
    for member in members_of_shops.values():
        earn(member.vendor)

    answers = {role: getattr(as_(member), method)(f"{PATH}{path}", given) for role, member in members_of_shops.items()}

    assert tuple(role for role, answer in answers.items() if answer.status_code < 300) == allowed
    assert {answer.status_code for role, answer in answers.items() if role not in allowed} <= {403}


@pytest.mark.parametrize("by", ROLES)
@pytest.mark.parametrize("whom", ["manager", "staff", "orders", "finance"])
def test_owners_remove_anybody_and_managers_staff(by: str, whom: str) -> None:
    vendor = make_vendor()
    member = make_member(vendor, whom)

    answer = as_(member_of(vendor, by)).delete(f"{PATH}/members/{member.id}")

    allowed = by == "owner" or (by == "manager" and whom in {"staff", "orders"})
    assert answer.status_code == (204 if allowed else 403)
    assert Member.objects.filter(id=member.id).exists() != allowed


@pytest.mark.parametrize("by", ["manager", "staff"])
def test_only_the_owner_gives_roles(by: str) -> None:
    vendor = make_vendor()
    member = make_member(vendor, by)

    answer = as_(member).patch(f"{PATH}/members/{member.id}", {"role": "owner"})

    assert (answer.status_code, body(answer)["code"]) == (403, "permission_denied")


def test_the_only_owner_stays() -> None:
    vendor = make_vendor()
    me = f"{PATH}/members/{member_of(vendor, 'owner').id}"

    answers = [owner(vendor).delete(me), owner(vendor).patch(me, {"role": "staff"})]

    assert [(answer.status_code, body(answer)["code"]) for answer in answers] == [(409, "last_owner")] * 2
    assert owner(vendor).patch(me, {"role": "owner"}).status_code == 200


def test_a_shop_is_passed_on_to_a_member_and_everybody_is_told_its_owner() -> None:
    vendor = make_vendor()
    before, after = member_of(vendor, "owner"), make_member(vendor)

    answer = as_(before).patch(f"{PATH}/members/{after.id}", {"role": "owner"})

    assert body(answer)["role"] == "owner"
    before.refresh_from_db()
    assert before.role == "manager"
    assert published(VendorChanged)[-1].owner_id == Vendor.objects.get().owner_id == after.user_id
    assert ("vendor.member.change", "member") in audited()
    assert not published(RevokeRole)


def test_members_of_another_vendor_are_as_good_as_absent() -> None:
    vendor, theirs = make_vendor(), make_member(make_vendor(business_name="Lumen"))
    client = owner(vendor)

    for path in (f"{PATH}/members/{theirs.id}", f"{PATH}/members/{uuid4()}"):
        assert client.delete(path).status_code == 404
        assert client.patch(path, {"role": "staff"}).status_code == 404


# ── Invitations ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_accepts_an_invitation_sells_for_the_vendor() -> None:
    vendor, ivy = make_vendor(), new_id()
    token = invited(vendor)

    answer = accept(token, ivy)

    assert answer.status_code == 200
    assert (body(answer)["vendor_id"], body(answer)["vendor_name"], body(answer)["role"]) == (
        str(vendor.id), vendor.name, "staff",
    )  # fmt: skip
    asked = published(GrantRole)[-1]
    assert (asked.user_id, asked.vendor_id, asked.role) == (ivy, vendor.id, "vendor")
    assert Member.objects.get(user_id=ivy).email == "ivy@example.com"
    assert {("vendor.member.invite", "invitation"), ("vendor.member.join", "member")} <= set(audited())


def test_the_token_is_mailed_and_kept_nowhere() -> None:
    vendor = make_vendor()

    answer = owner(vendor).post(f"{PATH}/members", IVY)

    told = published(MemberInvited)[-1]
    assert (told.email, told.vendor_name, told.role) == ("ivy@example.com", vendor.name, "staff")
    assert OutboxMessage.objects.get(type=MemberInvited.type).sensitive
    kept = [str(row) for row in Invitation.objects.values()] + [str(one) for one in published(RecordAudit)]
    assert all(told.token not in text for text in [answer.content.decode(), *kept])


def test_a_token_works_once_for_one_of_many_at_once(transactional_db: None) -> None:
    token = invited(make_vendor())

    answers = in_parallel(4, lambda _number: accept(token).status_code)

    assert sorted(answers) == [200, 404, 404, 404]
    assert Member.objects.filter(role="staff").count() == 1


def _expire(vendor: Vendor) -> None:
    vendor.invitations.update(expires_at=timezone.now() - timedelta(seconds=1))


def _withdraw(vendor: Vendor) -> None:
    row = vendor.invitations.get(ended_at__isnull=True)
    assert owner(vendor).delete(f"{PATH}/invitations/{row.id}").status_code == 204


def _replace(vendor: Vendor) -> None:
    invited(vendor, email="IVY@example.com", role="manager")


@pytest.mark.parametrize("end", [_expire, _withdraw, _replace])
def test_a_token_that_has_ended_is_as_good_as_one_that_never_was(end: Any) -> None:
    vendor = make_vendor()
    token = invited(vendor)

    end(vendor)

    problems = [body(accept(one)) for one in (token, "x" * 43)]
    assert {problem["status"] for problem in problems} == {404}
    assert len({str({**problem, "request_id": ""}) for problem in problems}) == 1


def test_an_account_that_sells_already_joins_nobody_and_the_invitation_stays() -> None:
    vendor, other = make_vendor(), make_vendor(business_name="Lumen")
    token = invited(vendor)

    answer = accept(token, other.owner_id)

    assert (answer.status_code, body(answer)["code"]) == (409, "already_vendor")
    assert accept(token).status_code == 200


def test_who_joined_a_vendor_cannot_become_another_one() -> None:
    ivy = new_id()
    waiting = make_application(ivy)
    accept(invited(make_vendor()), ivy)

    with pytest.raises(AlreadyVendor):
        applications.approve(application_id=waiting.id, admin_id=new_id())
    assert not Vendor.objects.filter(owner_id=ivy).exists()


def test_there_is_a_limit_to_the_mails_a_vendor_has_sent(settings: Any) -> None:
    settings.INVITATIONS_PER_DAY = 2
    vendor = make_vendor()

    answers = [owner(vendor).post(f"{PATH}/members", IVY) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert "Retry-After" in answers[-1]


def test_waiting_invitations_are_shown_to_the_vendor_alone() -> None:
    vendor, other = make_vendor(), make_vendor(business_name="Lumen")
    invited(vendor)

    (shown,) = body(owner(vendor).get(f"{PATH}/invitations"))["results"]

    assert shown.keys() == {"id", "email", "role", "expires_at", "created_at"}
    assert body(owner(vendor).get(f"{PATH}/invitations/{shown['id']}")) == shown
    assert body(owner(other).get(f"{PATH}/invitations"))["results"] == []
    assert owner(other).get(f"{PATH}/invitations/{shown['id']}").status_code == 404
    assert owner(other).delete(f"{PATH}/invitations/{shown['id']}").status_code == 404


def test_managers_withdraw_invitations_of_staff_only() -> None:
    vendor = make_vendor()
    invited(vendor, role="manager")
    row = vendor.invitations.get()

    assert as_(make_member(vendor, "manager")).delete(f"{PATH}/invitations/{row.id}").status_code == 403


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"email": "ivy"}, "email"), ({"role": "owner"}, "role"), ({"role": "x"}, "role"), ({"user_id": "1"}, "user_id")],
)
def test_a_wrong_invitation_is_refused_by_name(wrong: dict[str, str], field: str) -> None:
    answer = owner(make_vendor()).post(f"{PATH}/members", {**IVY, **wrong})

    assert (answer.status_code, list(body(answer)["errors"])) == (400, [field])


def test_a_guest_accepts_nothing() -> None:
    assert client_as().post(ACCEPT, {"token": invited(make_vendor())}).status_code == 401


def test_invitations_that_nobody_can_accept_are_forgotten_when_nobody_counts_them() -> None:
    vendor = make_vendor()
    invited(vendor)
    old, kept = vendor.invitations.get(), invited(vendor, email="kim@example.com")
    vendor.invitations.filter(id=old.id).update(
        expires_at=timezone.now() - timedelta(days=1), created_at=timezone.now() - timedelta(days=2)
    )

    assert members.forget_old_invitations() == 1
    assert accept(kept).status_code == 200


# ── Leaving ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_is_removed_loses_the_role_and_a_token_that_still_has_it_opens_nothing() -> None:
    vendor = make_vendor()
    sam = make_member(vendor, "manager")

    assert as_(sam).delete(f"{PATH}/members/{sam.id}").status_code == 204

    (asked,) = published(RevokeRole)
    assert (asked.user_id, asked.vendor_id, asked.role) == (sam.user_id, vendor.id, "vendor")
    assert ("vendor.member.remove", "member") in audited()
    for path in ("", "/members", "/invitations", "/balance", "/payouts"):
        assert as_(sam).get(f"{PATH}{path}").status_code == 404
    assert as_(sam).patch(PATH, {"name": "Mine"}).status_code == 404


def as_what() -> list[tuple[UUID, str]]:
    """As the words reach user_service: whom, and as what."""
    return [(told.user_id, told.vendor_role) for told in published(GrantRole)]


def test_user_service_is_told_as_what_each_member_sells() -> None:
    vendor, sam = make_vendor(), new_id()
    accept(invited(vendor, role="orders"), sam)
    member = Member.objects.get(user_id=sam)

    owner(vendor).patch(f"{PATH}/members/{member.id}", {"role": "finance"})
    owner(vendor).patch(f"{PATH}/members/{member.id}", {"role": "finance"})
    owner(vendor).patch(f"{PATH}/members/{member.id}", {"role": "owner"})

    assert as_what() == [
        (vendor.owner_id, "owner"), (sam, "orders"), (sam, "finance"), (vendor.owner_id, "manager"), (sam, "owner"),
    ]  # fmt: skip
    assert {told.vendor_id for told in published(GrantRole)} == {vendor.id}
    times = [told.at for told in published(GrantRole)]
    assert times == sorted(times)


def test_everybodys_role_can_be_told_once_more() -> None:
    vendor = make_vendor()
    sam = make_member(vendor, "catalogue")

    call_command("tell_roles")

    assert sorted(as_what()[-2:]) == sorted([(vendor.owner_id, "owner"), (sam.user_id, "catalogue")])


def test_who_left_may_be_invited_again_and_the_later_word_is_the_later_one() -> None:
    vendor = make_vendor()
    sam = make_member(vendor)
    as_(sam).delete(f"{PATH}/members/{sam.id}")

    accept(invited(vendor), sam.user_id)

    assert published(GrantRole)[-1].at > published(RevokeRole)[-1].at


def test_an_erased_member_goes_and_an_erased_owner_is_not_named() -> None:
    vendor = make_vendor()
    sam = make_member(vendor)

    hear(UserErased(user_id=sam.user_id))
    hear(UserErased(user_id=vendor.owner_id))

    (left,) = Member.objects.all()
    assert (left.user_id, left.role, left.email) == (vendor.owner_id, "owner", "")


def test_an_owner_whom_the_release_before_did_not_seat_is_seated() -> None:
    vendor = make_vendor()
    Member.objects.all().delete()

    assert (members.seat_owners(), members.seat_owners()) == (1, 0)
    assert owner(vendor).get(PATH).status_code == 200


def test_two_owners_are_refused_by_the_database() -> None:
    from django.db import IntegrityError

    vendor = make_vendor()
    with pytest.raises(IntegrityError):
        make_member(vendor, "owner")


def test_passing_on_twice_at_once_leaves_one_owner(transactional_db: None) -> None:
    vendor = make_vendor()
    heirs = [make_member(vendor), make_member(vendor)]

    def pass_on(number: int) -> str:
        try:
            given = {"vendor_id": vendor.id, "by": vendor.owner_id, "member_id": heirs[number].id, "role": "owner"}
            return members.give_role(**given).role
        except Refused as refusal:
            return refusal.reason

    assert sorted(in_parallel(2, pass_on)) == ["owner", "permission_denied"]
    assert Member.objects.filter(vendor=vendor, role="owner").count() == 1
