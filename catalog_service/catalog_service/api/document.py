"""What the OpenAPI document says of paths and queries that drf-spectacular cannot see."""

from typing import Any

from catalog_service.models.products import SKU_PATTERN
from catalog_service.models.translations import LANGUAGE

PATTERNS = {"sku": SKU_PATTERN, "language": LANGUAGE}
REFERENCE = "^[A-Za-z0-9_-]+$"
"""An id or a slug, as products, categories and brands are called in paths."""


def tell_bounds(result: dict[str, Any], **_generator: Any) -> dict[str, Any]:
    """One of SPECTACULAR_SETTINGS' POSTPROCESSING_HOOKS."""
    for operations in result["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                _tell(parameter)
    return result


def _tell(parameter: dict[str, Any]) -> None:
    schema = parameter["schema"]
    if parameter["in"] == "path" and schema == {"type": "string"}:
        schema["pattern"] = PATTERNS.get(parameter["name"], REFERENCE)
    if parameter["in"] == "query":  # `read_query` counts what is empty as absent
        parameter["allowEmptyValue"] = True
