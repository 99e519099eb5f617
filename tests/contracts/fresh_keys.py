"""Schemathesis reads this (SCHEMATHESIS_HOOKS): what is meant to be right is sent with an Idempotency-Key of its own.

A made-up key comes again with another body, which is refused, or for something that was deleted meanwhile, of which the
first answer is repeated. Both are as they should be.
"""

from typing import Any
from uuid import uuid4

import schemathesis
from schemathesis import GenerationMode

KEY = "Idempotency-Key"


@schemathesis.hook
def before_call(_context: Any, case: Any, **_kwargs: Any) -> None:
    if case.headers and KEY in case.headers and case.meta.generation.mode == GenerationMode.POSITIVE:
        case.headers[KEY] = str(uuid4())
