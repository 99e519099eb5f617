import re
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from shared.errors import Invalid
from shared.http import JsonObject, LineField, Shape, read
from shared.models import InboxMessage
from shared.pagination import Cursor, read_filter
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db

NOTES = "/api/v1/notes"


def test_bad_input_names_every_wrong_field_at_once() -> None:
    response = APIClient().post(NOTES, {"text": "x" * 21, "price": {"amount": "1.001", "currency": "USD"}, "more": 1})

    problem = body(response)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert problem["errors"].keys() == {"text", "copies", "price.amount", "more"}
    assert problem["code"] == "invalid"


@pytest.mark.parametrize(
    "sent",
    [
        "", "{", "[]", '"x"', "null", '{"text": "a\\u0000b", "copies": 1}', "\x00", '{"\\ud800": 1}',
        '{"text": 1e400}', '{"text": NaN}', '{"copies": ' + "9" * 5000 + "}",
        "[" * 100_000 + "]" * 100_000, '{"text": ' + "[" * 40 + "]" * 40 + "}",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_400(sent: str) -> None:
    response = APIClient().post(NOTES, sent.encode(), content_type="application/json")

    assert response.status_code == 400
    assert body(response)["status"] == 400


def test_a_path_answers_with_and_without_its_slash_and_nothing_else() -> None:
    client = client_as("customer")

    statuses = [client.get(path).status_code for path in ("/api/v1/me", "/api/v1/me/", "/api/v1/me//", "/api/v1/mex")]
    assert statuses == [200, 200, 404, 404]
    assert body(client.get(f"{NOTES}/{uuid4()}/")) == {"version": 4}


def test_the_request_id_is_answered_and_an_unsafe_one_is_replaced() -> None:
    good, bad = "journey-2026-0001", "evil\r\nid <script>"

    assert Client().get("/health/live", headers={"X-Request-Id": good})["X-Request-Id"] == good
    assert re.fullmatch(r"[0-9a-f-]{36}", Client().get("/health/live", headers={"X-Request-Id": bad})["X-Request-Id"])


def test_a_bug_is_a_500_that_tells_nothing_of_its_inside() -> None:
    client = Client(raise_request_exception=False)

    response = client.post(NOTES, {"text": "bug", "copies": 1}, content_type="application/json")

    assert response.status_code == 500
    assert "secret" not in response.content.decode()
    assert response.json()["code"] == "internal_error"


def test_a_lost_database_is_a_503_with_a_time_to_wait() -> None:
    response = APIClient().post(NOTES, {"text": "outage", "copies": 1})

    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert "10.0.0.7" not in response.content.decode()


def test_a_wrong_method_and_a_wrong_media_type_are_problem_documents() -> None:
    assert body(APIClient().delete(NOTES))["code"] == "method_not_allowed"
    assert body(APIClient().post(NOTES, b"x", content_type="text/plain"))["status"] == 415


@pytest.mark.parametrize(
    "query",
    ["cursor=cD14eXo=", "cursor=cD0lMDA=", "limit=0", "limit=101", "limit=x", "limit=-1", "limit=0000000019999"],
)
def test_a_cursor_or_limit_that_fits_no_list_is_refused(query: str) -> None:
    request = Request(APIRequestFactory().get(f"/things?{query}"))

    page = type("ById", (Cursor,), {"ordering": "message_id"})()

    with pytest.raises(Invalid) as refused:
        page.paginate_queryset(InboxMessage.objects.all(), request)

    assert list(refused.value.errors) == [query.split("=")[0]]


def test_a_wrong_method_is_told_in_words() -> None:
    problem = body(APIClient().delete(NOTES))

    assert (problem["status"], problem["title"]) == (405, "Method Not Allowed")
    assert problem["detail"] == 'Method "DELETE" not allowed.'


class Label(Shape):
    name = serializers.CharField()


class Parcel(Shape):
    id = serializers.UUIDField()
    copies = serializers.IntegerField()
    fragile = serializers.BooleanField()
    tags = serializers.ListField(child=serializers.CharField())
    label = Label()


PARCEL = {"id": str(uuid4()), "copies": 2, "fragile": True, "tags": ["a"], "label": {"name": "Ada"}}


@pytest.mark.parametrize(
    "wrong", [{"id": 7}, {"copies": "2"}, {"copies": True}, {"copies": 2.5}, {"fragile": 0}, {"fragile": "true"},
              {"tags": [1]}, {"tags": ["a", True]}, {"label": {"name": 1}}], ids=str,
)  # fmt: skip
def test_json_has_types_and_a_body_has_to_use_them(wrong: dict[str, object]) -> None:
    assert read(Parcel, JsonObject(PARCEL | {"copies": 2.0}))

    with pytest.raises(serializers.ValidationError) as refused:
        read(Parcel, JsonObject(PARCEL | wrong))

    assert list(refused.value.detail) == list(wrong)


def test_a_query_is_text() -> None:
    assert read(Parcel, PARCEL | {"copies": "2", "fragile": "true"})["copies"] == 2


class Badge(Shape):
    name = LineField(max_length=40)


ODD = (
    "\n",
    "\r\n",
    "\t",
    "\x00",
    "\x1b",
    "\x85",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\U000e0041",
)


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_a_line_has_no_end_no_control_and_nothing_invisible_in_it(odd: str) -> None:
    with pytest.raises(serializers.ValidationError) as refused:
        read(Badge, {"name": f"Ada{odd}King"})

    assert list(refused.value.detail) == ["name"]


@pytest.mark.parametrize(
    "name", ["Ada King", "José Ñúñez", "李小龍", "نور‌الدین", "क्‍ष", "‎דוד", "O’Neill-Śmith, Jr.", "👩‍🚀"]
)
def test_a_line_is_written_in_any_script(name: str) -> None:
    assert read(Badge, {"name": name}) == {"name": name}


class ThingFilter(Shape):
    status = serializers.ChoiceField(choices=["old", "new"], required=False)


def test_a_filter_is_the_query_without_its_paging() -> None:
    request = Request(APIRequestFactory().get("/things?status=new&limit=5&cursor=x"))

    assert read_filter(ThingFilter, request) == {"status": "new"}


def test_a_filter_names_every_wrong_part_of_the_query() -> None:
    request = Request(APIRequestFactory().get("/things?status=odd&colour=red"))

    with pytest.raises(serializers.ValidationError) as refused:
        read_filter(ThingFilter, request)

    assert set(refused.value.detail) == {"status", "colour"}
