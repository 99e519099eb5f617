"""JSON Lines: one product a line."""

import json
from collections.abc import Iterator

from catalog_service.actions.product_lines import Draft, ProductLine, Remark, fill

MAX_LINE = 1_000_000
"""Characters: far more than the largest product has, and soon read."""


def read(text: str) -> Iterator[Draft]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _from_line(line, number)


def _from_line(line: str, number: int) -> Draft:
    draft = Draft(number)
    if len(line) > MAX_LINE:
        draft.errors.append(Remark(number, "line", f"At most {MAX_LINE} characters a line."))
        return draft
    try:
        data = json.loads(line)
        json.dumps(data, ensure_ascii=False).encode()  # no halves of surrogate pairs
    except (ValueError, RecursionError):
        draft.errors.append(Remark(number, "line", "This is not JSON."))
        return draft
    fill(draft, data)
    draft.images_at = [number] * len(draft.told.images or ()) if draft.told else []
    return draft


def write(product: ProductLine) -> str:
    """What is not there is not written, so that files stay small."""
    data = product.model_dump(mode="json", exclude_none=True)
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"
