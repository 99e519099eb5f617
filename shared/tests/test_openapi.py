"""What the OpenAPI document says of every service alike."""

from shared.pagination import with_paging


def test_what_answers_with_a_next_page_takes_a_cursor_and_a_limit() -> None:
    page = {"Page": {"properties": {"next": {}, "results": {}}}, "One": {"properties": {"id": {}}}}

    def read(name: str, *parameters: str) -> dict:
        answer = {"200": {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}}
        return {"get": {"parameters": [{"name": one} for one in parameters], "responses": answer}}

    paths = {"/list": read("Page", "status"), "/own": read("Page", "limit"), "/one": read("One"), "/do": {"post": {}}}
    told = with_paging({"components": {"schemas": page}, "paths": paths})["paths"]

    def names(path: str) -> list[str]:
        return [one["name"] for one in told[path]["get"]["parameters"]]

    assert names("/list") == ["status", "cursor", "limit"]
    assert names("/own") == ["limit", "cursor"]
    assert names("/one") == []


def test_an_array_is_told_of_as_a_page() -> None:
    content = {"application/json": {"schema": {"type": "array", "items": {}}}}
    told = with_paging({"paths": {"/list": {"get": {"responses": {"200": {"content": content}}}}}})

    assert [one["name"] for one in told["paths"]["/list"]["get"]["parameters"]] == ["cursor", "limit"]
