"""Plant and prune the tree of categories; keep brands."""

from collections.abc import Sequence
from typing import TypedDict, TypeVar
from uuid import UUID

from django.db import IntegrityError, connection, models, transaction

from catalog_service.actions import cards
from catalog_service.errors import BrandInUse, CategoryInUse, NameTaken
from catalog_service.models import Brand, Category, Product
from catalog_service.models.taxonomy import MAX_LEVELS, NAME_LENGTH, free_slug, id_or_slug
from shared.audit import record
from shared.contracts.catalog import CategoryChanged
from shared.errors import Invalid, NotFound
from shared.outbox import publish

Row = TypeVar("Row", Category, Brand)

_MOVE_BRANCH = """
    UPDATE category SET lineage = %s::uuid[] || lineage[%s:], untold = true, updated_at = clock_timestamp()
    WHERE lineage @> ARRAY[%s]::uuid[] AND id <> %s
"""
_HEIGHT = "SELECT max(cardinality(lineage)) FROM category WHERE lineage @> ARRAY[%s]::uuid[]"


class CategoryChanges(TypedDict, total=False):
    name: str
    slug: str
    parent: str | None
    position: int


class BrandChanges(TypedDict, total=False):
    name: str
    slug: str


@transaction.atomic
def create_category(*, name: str, slug: str | None = None, parent: str | None = None, position: int = 0) -> Category:
    """Raises Invalid for an unknown parent, NameTaken for a slug in use."""
    lock_tree()
    category = Category(name=name, slug=slug or free_slug(Category, name), position=position)
    _stand_under(category, category_named(parent, field="parent") if parent else None)
    _save(category)
    record(action="catalog.category.create", subject_kind="category", subject_id=category.id, slug=category.slug)
    return category


@transaction.atomic
def edit_category(*, reference: str, changes: CategoryChanges) -> Category:
    """Raises NotFound, NameTaken, and Invalid for a parent that is unknown or stands below the category itself."""
    lock_tree()
    category = _existing(Category, reference)
    for field in ("name", "slug", "position"):
        if field in changes:
            setattr(category, field, changes[field])
    if "parent" in changes:
        _move(category, changes["parent"])
    _save(category)
    if changes.keys() & {"name", "slug", "parent"}:
        refresh_branch(category)
    fields = " ".join(sorted(changes))
    record(action="catalog.category.edit", subject_kind="category", subject_id=category.id, fields=fields)
    return category


@transaction.atomic
def delete_category(*, reference: str) -> None:
    """Raises NotFound, CategoryInUse."""
    lock_tree()
    category = _existing(Category, reference, lock="UPDATE")
    if category.children.exists() or category.products.exists():
        raise CategoryInUse
    record(action="catalog.category.delete", subject_kind="category", subject_id=category.id, slug=category.slug)
    _tell(category, lineage=())
    category.delete()


@transaction.atomic
def create_brand(*, name: str, slug: str | None = None) -> Brand:
    """Raises NameTaken."""
    brand = Brand(name=name, slug=slug or free_slug(Brand, name))
    _save(brand)
    record(action="catalog.brand.create", subject_kind="brand", subject_id=brand.id, slug=brand.slug)
    return brand


@transaction.atomic
def edit_brand(*, reference: str, changes: BrandChanges) -> Brand:
    """Raises NotFound, NameTaken."""
    brand = _existing(Brand, reference)
    for field, value in changes.items():
        setattr(brand, field, value)
    _save(brand)
    _refresh(Product.objects.filter(brand=brand))
    fields = " ".join(sorted(changes))
    record(action="catalog.brand.edit", subject_kind="brand", subject_id=brand.id, fields=fields)
    return brand


@transaction.atomic
def delete_brand(*, reference: str) -> None:
    """Raises NotFound, BrandInUse."""
    brand = _existing(Brand, reference, lock="UPDATE")
    if brand.products.exists():
        raise BrandInUse
    record(action="catalog.brand.delete", subject_kind="brand", subject_id=brand.id, slug=brand.slug)
    brand.delete()


def category_named(reference: str, *, field: str = "category") -> Category:
    """By id or slug; it cannot be deleted before this transaction ends. Raises Invalid naming the field."""
    try:
        return _existing(Category, reference, lock="KEY SHARE")
    except NotFound:
        raise Invalid({field: ["There is no such category."]}) from None


def brand_named(reference: str) -> Brand:
    """By id, slug or name; a name that nobody has used yet becomes a brand. It cannot be deleted before this
    transaction ends. Raises Invalid for an unknown id.
    """
    try:
        return _existing(Brand, reference, lock="KEY SHARE")
    except NotFound:
        pass
    known = Brand.objects.filter(name__iexact=reference).first()
    if known and _lock_row(known, "KEY SHARE"):
        return known
    if _is_id(reference) or len(reference) > NAME_LENGTH:
        raise Invalid({"brand": ["There is no such brand."]})
    slug = free_slug(Brand, reference)  # locks the name: whoever else brings this brand now waits here
    return Brand.objects.filter(name__iexact=reference).first() or Brand.objects.create(name=reference, slug=slug)


def _is_id(reference: str) -> bool:
    try:
        UUID(reference)
    except ValueError:
        return False
    return True


def _existing(model: type[Row], reference: str, *, lock: str = "") -> Row:
    row = model.objects.filter(**id_or_slug(reference)).first()
    if row is None or (lock and not _lock_row(row, lock)):
        raise NotFound
    return row


def _lock_row(row: Row, strength: str) -> bool:
    """KEY SHARE lets it be edited, but not deleted; Django has no word for that. False when it has just gone."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {row._meta.db_table} WHERE id = %s FOR {strength}", [row.id])  # noqa: S608
        return cursor.fetchone() is not None


def _save(row: models.Model) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise NameTaken from None


def lock_tree() -> None:
    """Moves in a tree are checked against the whole of it, so there is one at a time; they are rare."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('category tree'))")


def _move(category: Category, parent_reference: str | None) -> None:
    """With everything below it, in one statement however large the branch. The tree is locked."""
    parent = category_named(parent_reference, field="parent") if parent_reference else None
    if parent and category.id in parent.lineage:
        raise Invalid({"parent": ["A category cannot stand below itself."]})
    depth, category.untold = len(category.lineage), True
    with connection.cursor() as cursor:
        cursor.execute(_HEIGHT, [category.id])
        _stand_under(category, parent, height=cursor.fetchone()[0] - depth)
        cursor.execute(_MOVE_BRANCH, [category.lineage, depth + 1, category.id, category.id])


def _stand_under(category: Category, parent: Category | None, *, height: int = 0) -> None:
    """`height`: levels below the category."""
    category.stand_under(parent)
    if len(category.lineage) + height > MAX_LEVELS:
        raise Invalid({"parent": [f"A tree has at most {MAX_LEVELS} levels."]})


def tell_places(batch: int = 500) -> int:
    """A job for the clock: where categories stand that were planted or moved; answers how many it told."""
    if not Category.objects.filter(untold=True).exists():
        return 0
    with transaction.atomic():
        lock_tree()
        rows = list(Category.objects.filter(untold=True).order_by("id")[:batch])
        for row in rows:
            _tell(row, lineage=row.lineage)
            row.untold = False
        Category.objects.bulk_update(rows, ["version", "untold"])
    return len(rows)


def _tell(category: Category, *, lineage: Sequence[UUID]) -> None:
    """As the next version; the tree is locked."""
    category.version += 1
    told = CategoryChanged(category_id=category.id, lineage=tuple(lineage), version=category.version)
    publish(told, version=category.version)


def refresh_branch(category: Category) -> None:
    """The cards of all products in it and below."""
    _refresh(Product.objects.filter(category__lineage__contains=[category.id]))


def _refresh(products: models.QuerySet[Product]) -> None:
    """What stands on their cards of the taxonomy has changed."""
    ids = list(products.order_by("id").select_for_update(no_key=True, of=("self",)).values_list("id", flat=True))
    cards.refresh(ids, with_stock=False)
