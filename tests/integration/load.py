"""Clients that write as fast as they can, and remember what they were told."""

import threading
import time

import redis


class Writer(threading.Thread):
    """Writes key after key at one replica until stopped or cut off.

    Every write is in one of three lists: acknowledged, refused (not done, the server said so), or
    unknown (the connection broke, or the server said that it does not know).
    """

    def __init__(self, cluster, replica, name):
        super().__init__(daemon=True)
        self.client = cluster.client(replica)
        self.name_of_writer = name
        self.replica = replica
        self.acknowledged = []
        self.refused = []
        self.unknown = []
        self.errors = []
        self.completed_at = []
        self._stop_asked = threading.Event()

    def key(self, number):
        return f"{self.name_of_writer}:{number}"

    @staticmethod
    def value(number):
        return b"value %d \r\n\x00\xff" % number

    @property
    def register(self):
        """One key that every second write overwrites: its last value shows lost overwrites."""
        return f"{self.name_of_writer}:register"

    @property
    def counter(self):
        return f"{self.name_of_writer}:counter"

    def run(self):
        number = 0
        while not self._stop_asked.is_set():
            number += 1
            try:
                pipeline = self.client.pipeline(transaction=False)
                pipeline.set(self.key(number), self.value(number))
                pipeline.set(self.register, number)
                pipeline.incr(self.counter)
                replies = pipeline.execute(raise_on_error=False)
            except redis.ConnectionError as error:
                self.unknown.append(number)
                self.errors.append(error)
                return
            self.judge(number, replies)
            self.completed_at.append(time.monotonic())

    def judge(self, number, replies):
        failures = [reply for reply in replies if isinstance(reply, redis.RedisError)]
        self.errors.extend(failures)
        if not failures:
            self.acknowledged.append(number)
        elif len(failures) == len(replies) and all(is_refusal(each) for each in failures):
            self.refused.append(number)
        else:
            self.unknown.append(number)

    def stop(self):
        self._stop_asked.set()
        self.join()
        self.client.close()


def is_refusal(error):
    """Whether the error promises that nothing was done."""
    return str(error).startswith(("CLUSTERDOWN", "DISKFULL"))


def longest_gap_seconds(writers, begin, end):
    """The longest time in [begin, end] without a completed write of any of the writers."""
    moments = sorted(moment for writer in writers for moment in writer.completed_at
                     if begin <= moment <= end)
    edges = [begin, *moments, end]
    return max(after - before for before, after in zip(edges, edges[1:]))


def check_kept(test, writer, client):
    """Fails unless a replica has all that was acknowledged, and nothing that was never written."""
    attempted = len(writer.acknowledged) + len(writer.refused) + len(writer.unknown)
    numbers = range(1, attempted + 2)
    values = client.mget([writer.key(number) for number in numbers])
    acknowledged, refused = set(writer.acknowledged), set(writer.refused)
    for number, value in zip(numbers, values):
        if number in acknowledged:
            test.assertEqual(value, writer.value(number), f"acknowledged {writer.key(number)}")
        elif number in refused or number > attempted:
            test.assertIsNone(value, f"never written: {writer.key(number)}")
        else:
            test.assertIn(value, (None, writer.value(number)), writer.key(number))
    check_overwrites(test, writer, client)


def check_overwrites(test, writer, client):
    last_kept = max(writer.acknowledged, default=0)
    # What is unknown may take effect at any later time, even behind what was acknowledged since.
    possible = {last_kept, *writer.unknown}
    register = int(client.get(writer.register) or 0)
    test.assertIn(register, possible, f"{writer.register} went back")
    counter = int(client.get(writer.counter) or 0)
    test.assertGreaterEqual(counter, len(writer.acknowledged), writer.counter)
    test.assertLessEqual(counter, len(writer.acknowledged) + len(writer.unknown), writer.counter)
