"""Rules of commission: kept in an order by admins, told all together, each change with a version and an entry."""

from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from factories import ADMIN, make_vendor

from shared.contracts.user import RecordAudit
from shared.contracts.vendor import CommissionRulesChanged, VendorChanged
from shared.messages import MoneyData
from shared.testing import body, client_as, published
from vendor_service.actions import commissions
from vendor_service.models import CommissionRule, Vendor

pytestmark = pytest.mark.django_db
PATH = "/api/v1/admin/commission-rules"
FEE = {"amount": "0.30", "currency": "USD"}


def admin() -> Any:
    return client_as("admin", user_id=ADMIN)


def add(basis_points: int = 500, **given: Any) -> str:
    answer = admin().post(PATH, {"basis_points": basis_points, **given})
    assert answer.status_code == 201, answer.content
    return str(body(answer)["id"])


def names() -> list[str]:
    return [rule["name"] for rule in body(admin().get(PATH))["results"]]


def told() -> CommissionRulesChanged:
    return published(CommissionRulesChanged)[-1]


def test_a_rule_is_made_read_changed_and_removed_and_all_rules_are_told_each_time() -> None:
    vendor, product = make_vendor(), uuid4()

    made = admin().post(
        PATH, {"name": "Lamps", "vendor_id": str(vendor.id), "basis_points": 750, "fees_per_unit": [FEE]}
    )
    rule = body(made)
    assert (made.status_code, made["Location"]) == (201, f"{PATH}/{rule['id']}")
    assert body(admin().get(f"{PATH}/{rule['id']}")) == rule
    assert (rule["position"], rule["version"], rule["fees_per_unit"]) == (1, 1, [FEE])
    assert (rule["category_id"], rule["product_id"], rule["starts_at"], rule["ends_at"]) == (None, None, None, None)
    (one,) = told().rules
    assert (one.rule_id, one.vendor_id, one.basis_points) == (UUID(rule["id"]), vendor.id, 750)
    assert one.fees_per_unit == (MoneyData(minor=30, currency="USD"),)

    changes = {"vendor_id": None, "product_id": str(product), "basis_points": 0, "fees_per_unit": []}
    changed = body(admin().patch(f"{PATH}/{rule['id']}", changes))
    assert (changed["vendor_id"], changed["product_id"], changed["version"]) == (None, str(product), 2)
    (one,) = told().rules
    assert (one.vendor_id, one.product_id, one.basis_points, one.fees_per_unit) == (None, product, 0, ())

    assert admin().delete(f"{PATH}/{rule['id']}").status_code == 204
    assert admin().get(f"{PATH}/{rule['id']}").status_code == 404
    assert told().rules == ()
    assert [message.version for message in published(CommissionRulesChanged)] == [1, 2, 3]


def test_rules_stand_where_they_are_put() -> None:
    one, two = add(name="one"), add(name="two")
    zero = add(name="zero", position=1)
    add(name="last", position=99)
    assert names() == ["zero", "one", "two", "last"]

    admin().patch(f"{PATH}/{two}", {"position": 1})
    assert names() == ["two", "zero", "one", "last"]
    admin().patch(f"{PATH}/{two}", {"position": 500})
    assert names() == ["zero", "one", "last", "two"]
    admin().delete(f"{PATH}/{zero}")

    assert names() == ["one", "last", "two"]
    assert [rule["position"] for rule in body(admin().get(PATH))["results"]] == [1, 2, 3]
    assert [str(rule.rule_id) for rule in told().rules][0::2] == [one, two]


def test_all_are_put_in_an_order_at_once_by_whoever_names_all_of_them() -> None:
    one, two, three = (add(name=name) for name in ("one", "two", "three"))

    answer = admin().put(f"{PATH}/order", {"rules": [three, one, two]})

    assert body(answer) == {"rules": [three, one, two]}
    assert names() == ["three", "one", "two"]
    assert [str(rule.rule_id) for rule in told().rules] == [three, one, two]
    for wrong in ([three, one], [three, one, one], [three, one, two, str(uuid4())], [three, one, two, two]):
        refused = admin().put(f"{PATH}/order", {"rules": wrong})
        assert (refused.status_code, list(body(refused)["errors"])) == (400, ["rules"])
    assert names() == ["three", "one", "two"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "basis_points"),
        ({"basis_points": 10_001}, "basis_points"),
        ({"basis_points": -1}, "basis_points"),
        ({"basis_points": 1, "vendor_id": str(uuid4())}, "vendor_id"),
        ({"basis_points": 1, "category_id": "lamps"}, "category_id"),
        ({"basis_points": 1, "fees_per_unit": [FEE, FEE]}, "fees_per_unit"),
        ({"basis_points": 1, "fees_per_unit": [{"amount": "0.00", "currency": "USD"}]}, "fees_per_unit.0.amount"),
        ({"basis_points": 1, "fees_per_unit": [{"amount": "-1.00", "currency": "USD"}]}, "fees_per_unit.0.amount"),
        ({"basis_points": 1, "fees_per_unit": [{"amount": "0.001", "currency": "USD"}]}, "fees_per_unit.0.amount"),
        ({"basis_points": 1, "starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-02T00:00:00Z"}, "ends_at"),
        ({"basis_points": 1, "position": 0}, "position"),
        ({"basis_points": 1, "name": "a\x00b"}, "name"),
        ({"basis_points": 1, "rate": 5}, "rate"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_by_name(given: dict[str, Any], field: str) -> None:
    answer = admin().post(PATH, given)

    assert (answer.status_code, list(body(answer)["errors"])) == (400, [field])
    assert not published(CommissionRulesChanged)


def test_an_end_before_the_start_that_a_rule_has_is_refused_too() -> None:
    rule = add(starts_at="2026-06-01T00:00:00Z")

    answer = admin().patch(f"{PATH}/{rule}", {"ends_at": "2026-05-01T00:00:00Z"})

    assert (answer.status_code, list(body(answer)["errors"])) == (400, ["ends_at"])


def test_there_is_a_limit_as_they_are_told_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commissions, "MOST_RULES", 2)
    add(), add()

    assert admin().post(PATH, {"basis_points": 1}).status_code == 400


def test_admins_change_them_support_reads_them_and_others_do_neither() -> None:
    rule = add()

    reads = {role: client_as(role).get(f"{PATH}/{rule}").status_code for role in ("admin", "support", "customer")}
    changes = {role: client_as(role).delete(f"{PATH}/{rule}").status_code for role in ("support", "customer")}

    assert reads == {"admin": 200, "support": 200, "customer": 403}
    assert changes == {"support": 403, "customer": 403}
    assert client_as("vendor", vendor_id=uuid4()).get(PATH).status_code == 403


def test_a_request_sent_twice_makes_one_rule() -> None:
    key = {"Idempotency-Key": str(uuid4())}

    first, second = (admin().post(PATH, {"basis_points": 1}, headers=key) for _ in range(2))

    assert body(first)["id"] == body(second)["id"]
    assert CommissionRule.objects.count() == 1


def test_every_change_leaves_an_entry_with_the_figures_before_and_after() -> None:
    rule = add(500, fees_per_unit=[FEE])
    admin().patch(f"{PATH}/{rule}", {"basis_points": 900, "fees_per_unit": []})
    admin().put(f"{PATH}/order", {"rules": [rule]})
    admin().delete(f"{PATH}/{rule}")

    entries = published(RecordAudit)

    assert [entry.action.removeprefix("vendor.commission_rule") for entry in entries] == [
        ".create", ".change", "s.order", ".remove",
    ]  # fmt: skip
    assert entries[0].detail == {"basis_points": "500", "fees_per_unit": "USD=30"}
    assert entries[1].detail == {
        "fields": "basis_points fees_per_unit", "basis_points_before": "500", "fees_per_unit_before": "USD=30",
        "basis_points": "900",
    }  # fmt: skip
    assert {entry.actor_id for entry in entries} == {ADMIN}


@pytest.mark.django_db(transaction=True)
def test_rules_that_are_made_at_once_all_stand_somewhere_and_are_told_in_order() -> None:
    def make() -> None:
        commissions.add_rule(given={"basis_points": 1, "position": 1})
        connection.close()

    threads = [Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert list(CommissionRule.objects.values_list("position", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert [len(message.rules) for message in published(CommissionRulesChanged)] == [1, 2, 3, 4, 5, 6]


def test_the_list_costs_as_many_statements_for_ten_as_for_one(django_assert_max_num_queries: Any) -> None:
    for _ in range(10):
        add()

    with django_assert_max_num_queries(2):
        admin().get(PATH)


def test_all_vendors_can_be_told_once_more() -> None:
    before = {vendor.id: vendor.version for vendor in (make_vendor(), make_vendor())}

    call_command("tell_vendors")

    again = published(VendorChanged)[-2:]
    assert {message.vendor_id: message.version for message in again} == {key: n + 1 for key, n in before.items()}
    assert {vendor.version for vendor in Vendor.objects.all()} == {n + 1 for n in before.values()}
