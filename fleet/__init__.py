"""The launcher: starts, stops, seeds and demonstrates the whole fleet on one machine without Docker."""

import os
import shutil
import sys

if sys.version_info < (3, 11):  # noqa: UP036  whoever calls this may have an older one
    newer = [name for name in ("python3.11", "python3.12", "python3.13", "python3.14") if shutil.which(name)]
    if not newer:
        sys.exit("fleet: Python 3.11 or newer is needed; install it, or run: docker compose up")
    os.execvp(newer[0], [newer[0], "-m", "fleet", *sys.argv[1:]])
