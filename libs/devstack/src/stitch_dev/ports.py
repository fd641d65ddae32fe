"""TCP ports on this machine."""

import random
import socket

HOST = "127.0.0.1"

# Linux hands out 32768 and above to outgoing connections, so a server there may lose its port
# to a client between two starts.
_OURS = range(20_000, 32_000)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def find_free() -> int:
    """Give a port that nobody listens on now; expect to lose a race for it all the same."""
    return next(port for port in random.sample(_OURS, len(_OURS)) if is_free(port))
