"""A vendor brings its products from another shop, over the API."""

from uuid import uuid4

from fleet.client import Json, Person, wait_for

HEADER = "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Grams"
MORE = "Variant Inventory Qty,Variant Price"


def imported(vendor: Person, rows: list[str]) -> Json:
    """A finished import of Shopify's product CSV."""
    text = "\n".join([f"{HEADER},{MORE}", *rows, ""])
    upload = {"file": ("products.csv", text.encode(), "text/csv")}
    started = vendor.ask("POST", "imports", files=upload, data={"format": "shopify-csv"}, expect=202).json()

    def finished() -> Json | None:
        seen = vendor.get(f"imports/{started['id']}")
        return seen if seen["status"] in {"succeeded", "failed"} else None

    found: Json = wait_for(finished, "the import to finish")
    return found


def test_a_shopify_file_is_imported_once_and_wrong_rows_are_named(vendor: Person) -> None:
    run = uuid4().hex[:8]
    rows = [
        f"shirt-{run},Shirt {run},<p>Blue.</p>,x,,men,true,Size,Small,S-{run}-1,200,5,50.00",
        f"shirt-{run},,,,,,,Size,Large,S-{run}-2,200,5,50.00",
        f"vase-{run},Vase {run},,x,,,true,Title,Default Title,V-{run},900,3,19.99",
        f"wrong-{run},Wrong {run},,x,,,true,Title,Default Title,W-{run},900,3,much",
    ]

    first = imported(vendor, rows)
    again = imported(vendor, rows)

    assert (first["status"], first["created"], first["failed"]) == ("succeeded", 2, 1)
    assert [error["line"] for error in first["errors"]] == [5]
    assert (again["created"], again["unchanged"], again["failed"]) == (0, 2, 1)
    assert vendor.get(f"inventory/S-{run}-2")["on_hand"] == 5


def test_another_vendors_import_is_as_good_as_absent(vendor: Person, market: object) -> None:
    mine = imported(vendor, [f"one-{uuid4().hex[:8]},One,,x,,,true,Title,Default Title,O-{uuid4().hex[:8]},1,1,1.00"])
    absent = vendor.ask("GET", f"imports/{uuid4()}")
    guest = market.guest().ask("GET", f"imports/{mine['id']}")  # type: ignore[attr-defined]

    assert (absent.status_code, guest.status_code) == (404, 401)
