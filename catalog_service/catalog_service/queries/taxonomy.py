"""The tree of categories in one statement, breadcrumbs, brands."""

from dataclasses import dataclass, field

from catalog_service.models import Brand, Category
from catalog_service.models.taxonomy import id_or_slug
from catalog_service.queries.pages import Order, Page, page
from shared.errors import NotFound


@dataclass(slots=True)
class Node:
    category: Category
    children: list["Node"] = field(default_factory=list)


def category_tree() -> list[Node]:
    """Every category under its parent, siblings by position and name."""
    nodes = {row.id: Node(row) for row in Category.objects.order_by("position", "name", "id")}
    roots: list[Node] = []
    for node in nodes.values():
        parent_id = node.category.parent_id
        (nodes[parent_id].children if parent_id else roots).append(node)
    return roots


def find_category(reference: str) -> tuple[Category, list[Category], list[Category]]:
    """A category by slug or id, the way to it from the root (itself last), and its children. Raises NotFound."""
    category = Category.objects.filter(**id_or_slug(reference)).first()
    if category is None:
        raise NotFound
    return category, breadcrumbs(category), list(category.children.order_by("position", "name", "id"))


def breadcrumbs(category: Category) -> list[Category]:
    rows = {row.id: row for row in Category.objects.filter(id__in=category.lineage)}
    return [rows[id_] for id_ in category.lineage]


def list_brands(*, cursor: str | None, limit: int) -> Page[Brand]:
    return page(Brand.objects.all(), Order("name"), cursor=cursor, limit=limit)


def find_brand(reference: str) -> Brand:
    brand = Brand.objects.filter(**id_or_slug(reference)).first()
    if brand is None:
        raise NotFound
    return brand
