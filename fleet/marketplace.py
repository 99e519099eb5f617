"""The demo marketplace as data: the same ids, names, prices and stock at every call, without a word of chance.

What varies is chosen by counting through lists whose lengths share no factor, so that neighbours differ.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

Json = dict[str, Any]
NAMESPACE = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")
EURO_PER_DOLLAR_PERCENT = 92
PRODUCTS_A_LEAF = 18


def id_of(kind: str, name: str) -> str:
    return str(uuid5(NAMESPACE, f"nexus-demo/{kind}/{name}"))


@dataclass(frozen=True)
class Leaf:
    """A category that holds products: what they are called, and what a plain one costs in cents."""

    name: str
    nouns: tuple[str, ...]
    options: Json
    base_cents: int
    grams: int


SIZES = {"Size": ("S", "M", "L")}
COLOURS = {"Colour": ("Ink", "Sand", "Moss")}
ONE: Json = {}

TREE: dict[str, tuple[Leaf, ...]] = {
    "Home": (
        Leaf("Lighting", ("Desk Lamp", "Pendant", "Floor Lamp", "Lantern", "Wall Light"), COLOURS, 4900, 1400),
        Leaf("Kitchen", ("Teapot", "Mixing Bowl", "Chopping Board", "Carafe", "Pan"), ONE, 2900, 900),
        Leaf("Textiles", ("Throw", "Cushion", "Bath Towel", "Tablecloth", "Rug"), COLOURS, 3500, 700),
        Leaf("Furniture", ("Stool", "Side Table", "Shelf", "Bench", "Coat Stand"), ONE, 12900, 6200),
    ),
    "Clothing": (
        Leaf("Knitwear", ("Jumper", "Cardigan", "Beanie", "Scarf", "Vest"), SIZES, 6900, 450),
        Leaf("Shirts", ("Oxford Shirt", "Overshirt", "Linen Shirt", "Polo", "Tee"), SIZES, 3900, 260),
        Leaf("Bags", ("Tote", "Backpack", "Messenger", "Pouch", "Weekender"), COLOURS, 8400, 800),
    ),
    "Electronics": (
        Leaf("Audio", ("Headphones", "Speaker", "Turntable", "Earbuds", "Radio"), COLOURS, 14900, 900),
        Leaf("Desk", ("Keyboard", "Mouse", "Monitor Arm", "Webcam", "Dock"), ONE, 9900, 700),
    ),
    "Outdoors": (
        Leaf("Camping", ("Tent", "Stove", "Sleeping Bag", "Flask", "Hammock"), ONE, 11900, 2300),
        Leaf("Cycling", ("Helmet", "Bell", "Pannier", "Multi-tool", "Light Set"), COLOURS, 4500, 500),
        Leaf("Garden", ("Trowel", "Planter", "Watering Can", "Gloves", "Secateurs"), ONE, 2400, 600),
    ),
}
CHARACTERS = (
    "Aurora", "Birch", "Cinder", "Dune", "Ember", "Fjord", "Grove", "Harbour", "Isle", "Juniper", "Kelp", "Lumen",
    "Meadow",
)  # fmt: skip
MATERIALS = (
    "recycled aluminium", "oiled oak", "stoneware", "merino wool", "waxed canvas", "brushed steel", "organic cotton",
)  # fmt: skip
LINES = ("", "Classic", "Studio", "Everyday")
VENDORS = (
    ("Northwind Goods", "GB", 1000), ("Lumen & Oak", "DE", 900), ("Saltmarsh Supply", "NL", 1200),
    ("Kestrel Works", "US", 1000), ("Atelier Vert", "FR", 1100), ("Copperfield", "GB", 800),
    ("Polar Thread", "SE", 1000),
)  # fmt: skip
BRANDS = ("Halden", "Moss & Mica", "Ostara", "Parallel", "Quill", "Roth", "Solace", "Tern", "Umber", "Vale", "Wick")
REVIEWERS = ("Ada", "Brook", "Chidi", "Dana", "Eero", "Farah", "Goran", "Hana")
REVIEWS = (
    (5, "Exactly as pictured", "Arrived in two days and looks even better on the table."),
    (4, "Good, with one small thing", "Well made. The packaging could be simpler."),
    (5, "Bought a second one", "The first has been in daily use for a month without a mark."),
    (3, "Fine", "Does what it says. The colour is a little darker than on my screen."),
    (4, "A good present", "My sister was delighted, and so was I with the price."),
    (2, "Not for me", "Nothing wrong with it, but smaller than I had imagined."),
    (5, "Lovely material", "You feel the difference at once."),
)


def marketplace(passwords: dict[str, str], picture_folder: str) -> Json:
    """All of it, in the form that every service's `seed_demo` reads; `passwords` by e-mail address."""
    vendors = [_vendor(number) for number in range(len(VENDORS))]
    leaves = [leaf for branch in TREE.values() for leaf in branch]
    products = [
        _product(leaf, which, number, vendors, picture_folder)
        for which, leaf in enumerate(leaves)
        for number in range(PRODUCTS_A_LEAF)
    ]
    return {
        "accounts": _accounts(passwords, vendors),
        "vendors": vendors,
        "categories": _categories(),
        "brands": [{"id": id_of("brand", name), "slug": slug(name), "name": name} for name in BRANDS],
        "products": products,
        "reviews": [review for number, product in enumerate(products) for review in _reviews(number, product)],
    }


def slug(name: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())


def addresses() -> list[str]:
    """E-mail addresses of all demo accounts."""
    named = ["admin@nexus.example", "customer@nexus.example"]
    owners = [f"owner@{slug(name)}.example" for name, _country, _rate in VENDORS]
    return [*named, *owners, *(f"{name.lower()}@readers.example" for name in REVIEWERS)]


def _accounts(passwords: dict[str, str], vendors: list[Json]) -> list[Json]:
    owners = {vendor["contact_email"]: vendor for vendor in vendors}
    return [_account(email, passwords[email], owners.get(email)) for email in addresses()]


def _account(email: str, password: str, vendor: Json | None) -> Json:
    account = {
        "id": vendor["owner_id"] if vendor else id_of("account", email),
        "email": email,
        "password": password,
        "first_name": email.split("@")[0].title(),
        "last_name": vendor["name"] if vendor else "Example",
        "roles": ["customer", *(["vendor"] if vendor else []), *(["admin"] if email.startswith("admin@") else [])],
    }
    return {**account, "vendor_id": vendor["id"]} if vendor else account


def _vendor(number: int) -> Json:
    name, country, basis_points = VENDORS[number]
    return {
        "id": id_of("vendor", name),
        "owner_id": id_of("owner", name),
        "application_id": id_of("application", name),
        "name": name,
        "slug": slug(name),
        "description": f"{name} sells few things, and stands behind each of them.",
        "contact_email": f"owner@{slug(name)}.example",
        "country": country,
        "payout_currency": "EUR" if country in {"DE", "FR", "NL"} else "USD",
        "commission_basis_points": basis_points,
    }


def _categories() -> list[Json]:
    rows = []
    for position, (root, leaves) in enumerate(TREE.items()):
        rows.append(
            {"id": id_of("category", root), "slug": slug(root), "name": root, "parent_id": None, "position": position}
        )
        for place, leaf in enumerate(leaves):
            own = {"id": id_of("category", leaf.name), "slug": slug(leaf.name), "name": leaf.name}
            rows.append({**own, "parent_id": id_of("category", root), "position": place})
    return rows


def _product(leaf: Leaf, which: int, number: int, vendors: list[Json], picture_folder: str) -> Json:
    count = which * PRODUCTS_A_LEAF + number
    noun, character = leaf.nouns[number % len(leaf.nouns)], CHARACTERS[count % len(CHARACTERS)]
    material = MATERIALS[count % len(MATERIALS)]
    name = " ".join(filter(None, (character, LINES[number // len(leaf.nouns)], noun)))
    cents = leaf.base_cents * (70 + (count * 17) % 90) // 100 // 100 * 100 + 95
    own = slug(f"{name} {leaf.name}")
    return {
        "id": id_of("product", own),
        "slug": own,
        "name": name,
        "vendor_id": vendors[count % len(vendors)]["id"],
        "category_id": id_of("category", leaf.name),
        "brand_id": id_of("brand", BRANDS[count % len(BRANDS)]),
        "description": f"A {noun.lower()} of {material}, made to be repaired, not replaced. From our {character} line.",
        "specifications": {"material": material, "care": "Wipe clean", "warranty_years": 2 + count % 4},
        "tags": [character.lower(), material.split()[-1], *(["new"] if number % 6 == 0 else [])],
        "featured": number % 9 == 0,
        "variants": _variants(leaf, own, count, cents),
        "images": [{"path": f"{picture_folder}/{own}.webp", "alt": f"{name}, drawn"}],
    }


def _variants(leaf: Leaf, product: str, count: int, cents: int) -> list[Json]:
    combinations = [{option: value} for option, values in leaf.options.items() for value in values] or [{}]
    return [
        {
            "id": id_of("variant", f"{product}/{number}"),
            "sku": f"{leaf.name[:3].upper()}-{count:04d}-{number}",
            "options": options,
            "prices": _prices(cents + 500 * number),
            "stock": 0 if (count + number) % 29 == 0 else 5 + (count * 7 + number * 3) % 60,
            "weight_grams": leaf.grams,
        }
        for number, options in enumerate(combinations)
    ]


def _prices(cents: int) -> list[Json]:
    euros = cents * EURO_PER_DOLLAR_PERCENT // 100 // 100 * 100 + 95
    return [{"minor": cents, "currency": "USD"}, {"minor": euros, "currency": "EUR"}]


def _reviews(number: int, product: Json) -> list[Json]:
    """None to three a product, each by another reader."""
    return [
        {
            "id": id_of("review", f"{product['slug']}/{which}"),
            "product_id": product["id"],
            "user_id": id_of("account", f"{reader.lower()}@readers.example"),
            "author": reader,
            "rating": rating,
            "title": title,
            "comment": comment,
        }
        for which in range(number % 4)
        for reader in [REVIEWERS[(number + which) % len(REVIEWERS)]]
        for rating, title, comment in [REVIEWS[(number * 3 + which * 2) % len(REVIEWS)]]
    ]
