"""Free ports for servers that are started for a while: used by the tests and by the benchmark."""

import random
import socket

PEER_PORT_OFFSET = 10_000
METRICS_PORT_OFFSET = 1000


class PortBlock:
    """Ports base+1 to base+9, and those 1000 and 10000 above, free at the moment.

    A socket on `base` is the claim. Bases lie in even thousands: no block's metrics ports are another's ports.
    """

    def __init__(self):
        for _ in range(1000):
            draw = random.SystemRandom().randrange
            self.base = draw(12_000, 21_000, 2000) + draw(0, 1000, 10)
            self._claim = socket.socket()
            try:
                self._claim.bind(("127.0.0.1", self.base))
                if all(_is_free(self.base + offset + above)
                       for offset in range(1, 10) for above in (0, METRICS_PORT_OFFSET, PEER_PORT_OFFSET)):
                    return
            except OSError:
                pass
            self._claim.close()
        raise RuntimeError("there is no free block of ports between 12000 and 21000")

    def close(self):
        self._claim.close()


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
