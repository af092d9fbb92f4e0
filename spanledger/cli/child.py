"""`python -m spanledger.cli.child ROLE`: the command ROLE for a supervisor, at whose end, however it comes, it stops.

The supervisor holds the other end of our standard input; the kernel closes it when the supervisor is gone.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from spanledger.cli.commands import main


def _stop_with_supervisor() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_stop_with_supervisor, daemon=True).start()
    main()
