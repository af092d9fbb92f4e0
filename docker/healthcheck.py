"""`python docker/healthcheck.py PORT`: exit code 0 when /healthz on that port of this container answers 200."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request

try:
    with urllib.request.urlopen(f"http://127.0.0.1:{int(sys.argv[1])}/healthz", timeout=3) as answer:
        sys.exit(0 if answer.status == 200 else 1)
except (OSError, urllib.error.URLError):
    sys.exit(1)
