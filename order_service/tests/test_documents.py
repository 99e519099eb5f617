"""Documents: who may have which, and what is printed on them, in any script."""

from dataclasses import replace
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from factories import ADDRESS, VENDOR_A, VENDOR_B, confirmed, hear, make_cart, make_line, part_of, place
from pypdf import PdfReader

from order_service import checkout
from order_service.actions.shipments import pack_items, ship_items
from order_service.models import Order, Refund
from order_service.queries.orders import link_token
from shared.contracts.payment import PaymentRefunded, RefundPayment
from shared.money import Money
from shared.testing import body, client_as, published

pytestmark = pytest.mark.django_db

ADA = UUID(int=0xADA)


def text_of(response) -> str:
    assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(response.content)).pages)


def get(path: str, *roles: str, **who: object):
    return client_as(*roles, **who).get(f"/api/v1/{path}")


def invoice_of(order: Order, **who: object):
    return get(f"orders/{order.id}/invoice", "customer", **{"user_id": ADA, **who})


def address(order: Order, **changes: str) -> None:
    order.shipping_address = order.billing_address = {**ADDRESS, **changes}
    order.save()


def test_the_invoice_has_each_vendors_lines_with_tax_and_what_they_sum_to() -> None:
    order = confirmed(user_id=ADA)

    response = invoice_of(order)

    printed = text_of(response)
    assert response["Content-Disposition"] == f'inline; filename="invoice-{order.number}.pdf"'
    for wanted in (
        f"INV-{order.number}", "Sold by Northwind", "Sold by Lumen", "Lamp (LAMP-1)", "(MUG-1)", "Ada Buyer",
        "N1 London", "Tax 9.00 USD", "Tax 5.00 USD", "Tax 14.00 USD", "20 % of 45.00 USD is 9.00 USD",
        "Shipping 10.00 USD", "Total 84.00 USD",
    ):  # fmt: skip
        assert wanted in printed, wanted


@pytest.mark.parametrize(("currency", "price", "shown"), [("JPY", 1_200, "1200 JPY"), ("KWD", 1_234, "1.234 KWD")])
def test_amounts_have_their_currencys_digits(currency: str, price: int, shown: str) -> None:
    order = confirmed(make_cart(make_line(quantity=1, unit_price=Money(price, currency))), user_id=ADA)

    assert shown in text_of(invoice_of(order))


@pytest.mark.parametrize(
    "name", ["Zoë Łukasz", "Иван Петров", "Ελένη", "山田 太郎", "김민수", "王小明"], ids=lambda name: ascii(name)[:12]
)
def test_names_are_printed_in_their_own_script(name: str) -> None:
    order = confirmed(make_cart(make_line(name=f"Lamp {name}")), user_id=ADA)
    address(order, name=name)
    part = part_of(order)
    pack_items(vendor_order_id=part.id, vendor_id=VENDOR_A, items=None)
    vendor = {"vendor_id": VENDOR_A}

    sheets = [
        invoice_of(order),
        get(f"vendor-orders/{part.id}/packing-slip", "vendor", **vendor),
        get(f"vendor-orders/{part.id}/label", "vendor", **vendor),
    ]

    assert [name in text_of(sheet) for sheet in sheets] == [True, True, True]


@pytest.mark.parametrize(
    "name", ["משה כהן", "علي حسن", "\u0e2a\u0e21\u0e0a\u0e32\u0e22 \U0001f600"], ids=["Hebrew", "Arabic", "unknown"]
)
def test_any_other_script_makes_a_document_too(name: str) -> None:
    order = confirmed(user_id=ADA)
    address(order, name=name)

    assert f"INV-{order.number}" in text_of(invoice_of(order))


def test_the_same_order_makes_the_same_bytes() -> None:
    order = confirmed(user_id=ADA)

    assert invoice_of(order).content == invoice_of(order).content


def test_there_is_no_invoice_before_the_sale_is_certain() -> None:
    order = place(user_id=ADA)

    response = invoice_of(order)

    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")


def test_a_client_that_wants_pdf_alone_is_served_and_is_told_of_errors_as_json() -> None:
    order, pdf = confirmed(user_id=ADA), {"Accept": "application/pdf"}
    client = client_as("customer", user_id=ADA)

    served = client.get(f"/api/v1/orders/{order.id}/invoice", headers=pdf)
    absent = client.get(f"/api/v1/orders/{uuid4()}/invoice", headers=pdf)

    assert "Total 84.00" in text_of(served)
    assert (absent.status_code, absent["Content-Type"], body(absent)["code"]) == (
        404, "application/problem+json", "not_found",
    )  # fmt: skip


def test_the_invoice_is_the_buyers_and_staffs_and_whoever_holds_the_guests_link() -> None:
    order = confirmed(make_cart(make_line()))
    path = f"orders/{order.id}/invoice"

    seen = [get(path, role).status_code for role in ("admin", "support", "customer", "vendor")]
    linked, forged = get(f"{path}?token={link_token(order)}"), get(f"{path}?token=x")

    assert (seen, linked.status_code, forged.status_code) == ([200, 200, 404, 404], 200, 404)
    assert client_as().get(f"/api/v1/{path}").status_code == 404


def test_a_packing_slip_has_the_vendors_own_items_without_prices() -> None:
    order = confirmed(make_cart(make_line(quantity=3), make_line(vendor_id=VENDOR_B, vendor_name="Lumen", sku="MUG-1")))
    part = part_of(order)
    line = part.lines.get()
    shipment = pack_items(vendor_order_id=part.id, vendor_id=VENDOR_A, items={line.id: 2})
    path = f"vendor-orders/{part.id}/packing-slip"

    whole = text_of(get(path, "vendor", vendor_id=VENDOR_A))
    parcel = text_of(get(f"{path}?shipment={shipment.id}", "vendor", vendor_id=VENDOR_A))

    assert ("LAMP-1 3" in whole, "LAMP-1 2" in parcel) == (True, True)
    assert "MUG-1" not in whole
    assert "USD" not in whole


def test_a_label_has_where_it_goes_and_the_parcels_number() -> None:
    order = confirmed()
    part = part_of(order)
    path = f"vendor-orders/{part.id}/label"

    early = get(path, "vendor", vendor_id=VENDOR_A)
    ship_items(vendor_order_id=part.id, vendor_id=VENDOR_A, carrier="Post", tracking_number="TRK-17", items=None)
    label = get(path, "vendor", vendor_id=VENDOR_A)

    printed = text_of(label)
    assert early.status_code == 409
    assert all(wanted in printed for wanted in ("From Northwind", "Ada Buyer", "N1 London", "GB", "Post", "TRK-17"))
    page = PdfReader(BytesIO(label.content)).pages[0]
    assert len(page.images) == 1
    assert page.mediabox.height > page.mediabox.width


@pytest.mark.parametrize("document", ["packing-slip", "label"])
def test_another_vendors_papers_are_as_good_as_absent(document: str) -> None:
    order = confirmed()
    theirs = ship_items(
        vendor_order_id=part_of(order, VENDOR_B).id, vendor_id=VENDOR_B, carrier="P", tracking_number="1", items=None
    )
    path = f"vendor-orders/{part_of(order).id}/{document}"

    answers = [
        get(path, "vendor", vendor_id=VENDOR_B),
        get(f"vendor-orders/{uuid4()}/{document}", "vendor", vendor_id=VENDOR_A),
        get(f"{path}?shipment={theirs.id}", "vendor", vendor_id=VENDOR_A),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert (get(path, "customer").status_code, get(path).status_code) == (403, 401)
    assert get(f"{path}?shipment=x", "vendor", vendor_id=VENDOR_A).status_code == 400
    assert get(f"{path}?colour=red", "vendor", vendor_id=VENDOR_A).status_code == 400


def test_a_credit_note_tells_what_went_back_once_it_has() -> None:
    order = confirmed(user_id=ADA)
    checkout.cancel_part(vendor_order_id=part_of(order).id, vendor_id=VENDOR_A, reason="sold out")
    asked = published(RefundPayment)[0]
    path = f"orders/{order.id}/refunds/{asked.refund_id}/credit-note"
    early = get(path, "customer", user_id=ADA)
    hear(PaymentRefunded(
        payment_id=order.payment_id, order_id=order.id, refund_id=asked.refund_id, amount=asked.amount
    ))  # fmt: skip

    printed = text_of(get(path, "customer", user_id=ADA))
    listed = body(get(f"orders/{order.id}/refunds", "customer", user_id=ADA))["results"]

    assert early.status_code == 409
    for wanted in (f"CN-{order.number}-1", f"INV-{order.number}", "sold out", "45.00 USD", "9.00 USD", "54.00 USD"):
        assert wanted in printed, wanted
    assert [(row["status"], row["amount"]["amount"]) for row in listed] == [("done", "54.00")]
    assert "Refunded" in text_of(invoice_of(order))


def test_a_credit_note_keeps_its_number_when_an_older_refund_is_done_later() -> None:
    order = confirmed(user_id=ADA)
    for vendor_id in (VENDOR_A, VENDOR_B):
        part = part_of(order, vendor_id)
        checkout.cancel_part(vendor_order_id=part.id, vendor_id=vendor_id, reason="sold out")
    older, newer = published(RefundPayment)

    for asked in (newer, older):
        told = {"order_id": order.id, "refund_id": asked.refund_id, "amount": asked.amount}
        hear(PaymentRefunded(payment_id=order.payment_id, **told))

    path = f"orders/{order.id}/refunds/{{}}/credit-note"
    notes = [get(path.format(one.refund_id), "customer", user_id=ADA) for one in (newer, older)]
    assert [note["Content-Disposition"] for note in notes] == [
        f'inline; filename="credit-note-{order.number}-{n}.pdf"' for n in (1, 2)
    ]


def test_a_credit_note_of_another_order_is_as_good_as_absent() -> None:
    mine, other = confirmed(user_id=ADA), confirmed()
    refund = Refund.objects.create(order=other, amount=1, status="done", reason="x")

    assert get(f"orders/{mine.id}/refunds/{refund.id}/credit-note", "customer", user_id=ADA).status_code == 404
    assert get(f"orders/{other.id}/refunds/{refund.id}/credit-note", "customer", user_id=ADA).status_code == 404
    assert get(f"orders/{other.id}/refunds", "customer", user_id=ADA).status_code == 404


def test_an_invoice_costs_few_statements_however_many_vendors(django_assert_max_num_queries) -> None:
    lines = [make_line(vendor_id=uuid4(), vendor_name=f"Shop {n}", sku=f"S-{n}") for n in range(6)]
    order = confirmed(replace(make_cart(), lines=tuple(lines)), user_id=ADA)
    client = client_as("customer", user_id=ADA)

    with django_assert_max_num_queries(5):
        assert client.get(f"/api/v1/orders/{order.id}/invoice").status_code == 200
