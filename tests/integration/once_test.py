"""Commands that are sent again and again, through other replicas, and count once."""

import collections
import random
import threading
import unittest

import redis

from cluster import PATIENCE_SECONDS, Cluster, wait_until

CLIENTS = 16
COUNTERS = 4    # Shared by the clients.
ROUNDS = 4      # Each with the death of a replica.
COMMANDS_A_ROUND = 15


class Client(threading.Thread):
    """Sends each command twice, and more often when it is not answered; and cuts its connections."""

    def __init__(self, ports, number):
        super().__init__(daemon=True)
        self.ports = ports
        self.random = random.Random(number)
        self.session = f"client {number}"
        self.counter = f"counter:{number % COUNTERS}"
        self.connections = {}
        self.told = []          # What each command was answered, each time.
        self.sendings = 0
        self.broken = 0
        self.failed = None
        self.stopping = False

    def run(self):
        try:
            while not self.stopping:
                self.command(len(self.told))
        except BaseException as error:
            self.failed = error
            raise

    def command(self, number):
        answers = []
        while len(answers) < 2:
            try:
                answers.append(self.send(number))
            except (redis.ConnectionError, redis.TimeoutError):
                self.broken += 1
            except redis.ResponseError as error:
                if not str(error).startswith(("CLUSTERDOWN", "outcome unknown")):
                    raise
                self.broken += 1
        self.told.append(answers)

    def send(self, number):
        """The answer by any of the replicas; each fifth time it is not waited for."""
        self.sendings += 1
        port = self.random.choice(self.ports)
        connection = self.connections.get(port) or redis.Connection(
            port=port, socket_timeout=PATIENCE_SECONDS)
        self.connections[port] = None
        try:
            connection.send_command("RABIA.ONCE", self.session, number, "INCR", self.counter)
            if self.random.random() < 0.2:
                raise redis.ConnectionError("cut")
            answer = connection.read_response()
        except BaseException:
            connection.disconnect()
            raise
        self.connections[port] = connection
        return answer

    def close(self):
        for connection in self.connections.values():
            if connection:
                connection.disconnect()


class Once(unittest.TestCase):
    # Given clients that send each command twice and more, through any replica, cutting connections in
    # midst, when replicas are killed and come back, then each command counted once, and was answered
    # the same each time.
    def test_each_command_counts_once(self):
        with Cluster() as cluster:
            ports = [cluster.port(number) for number in (1, 2, 3)]
            clients = [Client(ports, number) for number in range(CLIENTS)]
            for client in clients:
                client.start()
            for round_number in range(ROUNDS):
                victim = 1 + round_number % 3
                self.go_on(clients)
                cluster.kill(victim)
                self.go_on(clients)
                cluster.start_replica(victim)
            self.go_on(clients)
            for client in clients:
                client.stopping = True
            for client in clients:
                client.join(PATIENCE_SECONDS)
                self.assertFalse(client.is_alive())
                client.close()
            self.assertEqual([None] * CLIENTS, [client.failed for client in clients])
            self.check(cluster, clients)

    def go_on(self, clients):
        """Waits until each client has had some more commands answered."""
        wanted = [len(client.told) + COMMANDS_A_ROUND for client in clients]
        wait_until(lambda: any(client.failed for client in clients) or all(
            len(client.told) >= count for client, count in zip(clients, wanted)), "all go on")

    def check(self, cluster, clients):
        answers = collections.defaultdict(list)
        for client in clients:
            for number, (first, second) in enumerate(client.told):
                self.assertEqual(first, second, f"{client.session}, command {number}")
                answers[client.counter].append(first)
        for counter, numbers in answers.items():
            self.assertEqual(list(range(1, len(numbers) + 1)), sorted(numbers), counter)
            for replica in (1, 2, 3):
                with cluster.client(replica) as client:
                    self.assertEqual(b"%d" % len(numbers), client.get(counter))
        broken = sum(client.broken for client in clients)
        self.assertGreater(broken, 0)
        print(f"{sum(map(len, answers.values()))} commands, {sum(c.sendings for c in clients)} sendings, "
              f"{broken} of them without an answer")


if __name__ == "__main__":
    unittest.main(verbosity=2)
