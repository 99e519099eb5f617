import pytest
from django.test import Client


def test_liveness_asks_nobody() -> None:
    assert Client().get("/health/live").json() == {"status": "ok"}


@pytest.mark.django_db
def test_readiness_asks_the_database() -> None:
    assert Client().get("/health/ready").status_code == 200


def test_an_unknown_path_is_a_problem_document() -> None:
    response = Client().get("/nowhere")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"
