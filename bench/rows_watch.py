"""What watchers of changes cost those who write."""

import contextlib
import selectors
import socket
import threading

import load
from figures import in_turns, load_metrics
from processes import Failure
from resp import Client
from rows_throughput import Case, one_run
from servers import Rabia

WATCHERS = 1_000
KEY_DIGITS = 15  # A key is "k" and a number of so many digits.


class Watchers:
    """Connections that watch a prefix each, and take what they are told, until the end of the `with`."""

    def __init__(self, ports, prefixes):
        self.selector = selectors.DefaultSelector()
        self.sockets = []
        self.heard_bytes = 0
        self.ending = False
        self.thread = threading.Thread(target=self.take, daemon=True)
        self.ports = ports
        self.prefixes = prefixes

    def __enter__(self):
        for number, prefix in enumerate(self.prefixes):
            client = Client(self.ports[number % len(self.ports)])
            client.call("RABIA.WATCH", "PREFIX", prefix)
            client.stream.close()
            client.socket.setblocking(False)
            self.sockets.append(client.socket)
            self.selector.register(client.socket, selectors.EVENT_READ)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        self.thread.join()
        for each in self.sockets:
            each.close()
        self.selector.close()

    def take(self):
        while not self.ending:
            for key, _ in self.selector.select(timeout=0.1):
                with contextlib.suppress(BlockingIOError):
                    self.heard_bytes += len(key.fileobj.recv(1 << 18))


def watchers_row(bench):
    """Ours with watchers, and the same servers without, in turns. `none matches`: what looking costs;
    `one matches`: each write is told to one of them, by a program on the same machine that takes it."""
    keys = int(bench.keys[1])
    digits = len(str(keys - 1))
    # All keys begin with one of these.
    matching = [f"k{number:0{KEY_DIGITS - digits + 3}d}" for number in range(WATCHERS)]
    case = Case("", "--mix", "set", "--pipeline", 16)
    with Rabia(bench.settings).start() as running:
        load.preload(bench.settings, running, *bench.keys)
        for name, prefixes in (("none matches", [f"w{number}:" for number in range(WATCHERS)]),
                               ("one matches", matching)):
            bench.say(f"watchers: {name}")

            def watched(prefixes=prefixes):
                with Watchers(running.ports, prefixes) as watchers:
                    found = one_run(bench, running, case)
                if (watchers.heard_bytes > 0) != (prefixes is matching):
                    raise Failure(f"the watchers were told {watchers.heard_bytes} bytes")
                return found

            found = in_turns(bench.settings.pairs, watched, lambda: one_run(bench, running, case))
            for metric in load_metrics("watchers", f"SET depth 16, {WATCHERS:,} watchers, {name}",
                                       "Rabia without watchers", *found):
                bench.add(metric)
