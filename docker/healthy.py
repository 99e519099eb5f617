"""Is this container's web process ready? Its exit status answers."""

import os
import sys
import urllib.request

address = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/health/ready"
try:
    with urllib.request.urlopen(address, timeout=3) as answer:
        sys.exit(0 if answer.status == 200 else 1)
except OSError:
    sys.exit(1)
