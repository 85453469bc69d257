"""Messages in one order, to the subscribers of all replicas."""

import os
import signal
import socket
import threading
import unittest

import redis

from cluster import Cluster, is_alive, wait_until
from subscriber import END, Subscriber, encode, read_reply

CHANNELS = ["news:a", "news:b", "news:c"]
PUBLISHERS_PER_REPLICA = 2
MESSAGES = 300
MIB = 1 << 20


class Publisher(threading.Thread):
    """Publishes on one channel after the other until it has published so many, or is cut off."""

    def __init__(self, cluster, replica, name, count=None):
        super().__init__(daemon=True)
        self.client = cluster.client(replica)
        self.name_of_publisher = name
        self.count = count
        self.replica = replica
        self.answered = []
        self.receivers = set()
        self.errors = []
        self.stop_asked = threading.Event()
        self.start()

    def run(self):
        number = 0
        while not self.stop_asked.is_set() and number != self.count:
            message = (CHANNELS[number % 3].encode(), b"%s %d" % (self.name_of_publisher, number))
            try:
                self.receivers.add(self.client.publish(*message))
                self.answered.append(message)
            except redis.RedisError as error:
                self.errors.append(error)
                return
            number += 1


def publishers(cluster, count=None):
    return [Publisher(cluster, replica, b"%d.%d" % (replica, number), count)
            for replica in (1, 2, 3) for number in range(PUBLISHERS_PER_REPLICA)]


def end(cluster, subscribers):
    with cluster.client(1) as client:
        client.publish(CHANNELS[0], END)
    for subscriber in subscribers:
        subscriber.wait()


class OneOrder(unittest.TestCase):
    def assert_order_of_publishers(self, heard, all_publishers):
        places = {message: place for place, message in enumerate(heard)}
        self.assertEqual(len(places), len(heard), "a message came twice")
        for publisher in all_publishers:
            own = [places[message] for message in publisher.answered]
            self.assertEqual(sorted(own), own)

    # Given publishers and subscribers at all replicas, by channels and by a pattern, in RESP2 and RESP3,
    # when all publish at once, then all hear all messages, once, in one order, which is each
    # publisher's own; and a publisher is told how many listen at its replica.
    def test_all_hear_one_order(self):
        with Cluster() as cluster:
            subscribers = [Subscriber(cluster, replica, *command, resp=resp)
                           for replica in (1, 2, 3)
                           for command in (("SUBSCRIBE", *CHANNELS), ("PSUBSCRIBE", "news:*"))
                           for resp in (2, 3)]
            wait_until(lambda: all(each.connections for each in subscribers), "all listen")
            all_publishers = publishers(cluster, MESSAGES)
            for publisher in all_publishers:
                publisher.join()
                self.assertEqual([], publisher.errors)
                self.assertEqual({4}, publisher.receivers)
            end(cluster, subscribers)
            heard = subscribers[0].heard[0]
            self.assertEqual(MESSAGES * len(all_publishers), len(heard))
            self.assert_order_of_publishers(heard, all_publishers)
            for subscriber in subscribers:
                self.assertEqual([heard], subscriber.heard)

    # Given the same, when a replica is killed and comes back, and its subscribers with it, then those
    # of the others miss nothing, and each connection there has heard a part of the one order without
    # a hole.
    def test_a_killed_replica_leaves_no_hole(self):
        with Cluster() as cluster:
            staying = [Subscriber(cluster, replica, "SUBSCRIBE", *CHANNELS) for replica in (1, 2)]
            moving = [Subscriber(cluster, 3, "PSUBSCRIBE", "news:*", resp=resp) for resp in (2, 3)]
            wait_until(lambda: all(each.connections for each in staying + moving), "all listen")
            all_publishers = publishers(cluster)
            others = [each for each in all_publishers if each.replica != 3]
            for rounds in (1, 2):
                self.wait_for_more(others)
                cluster.kill(3)
                self.wait_for_more(others)
                cluster.start_replica(3)
                wait_until(lambda want=rounds + 1: all(each.connections == want for each in moving),
                           "the subscribers of the killed replica are back")
            self.wait_for_more(others)
            for publisher in all_publishers:
                publisher.stop_asked.set()
                publisher.join()
            end(cluster, staying + moving)
            self.assertEqual([], [error for each in others for error in each.errors])
            order = staying[0].heard[0]
            self.assertEqual([order], staying[1].heard)
            self.assert_order_of_publishers(order, all_publishers)
            places = {message: place for place, message in enumerate(order)}
            for subscriber in moving:
                for heard in subscriber.heard:
                    self.assertTrue(heard)
                    first = places[heard[0]]
                    self.assertEqual(order[first:first + len(heard)], heard)
                self.assertEqual(order[-1], subscriber.heard[-1][-1])

    def wait_for_more(self, some):
        counts = [len(each.answered) for each in some]
        wait_until(lambda: all(len(each.answered) > count + 100 or not each.is_alive()
                               for each, count in zip(some, counts)), "publishers go on")


class Trouble(unittest.TestCase):
    # Given a subscriber at a replica that sleeps while others publish, when it wakes up, then all
    # messages come, late and in order.
    def test_a_replica_that_was_away_delivers_late(self):
        with Cluster() as cluster, cluster.client(1) as client:
            subscriber = Subscriber(cluster, 3, "SUBSCRIBE", CHANNELS[0])
            wait_until(lambda: subscriber.connections, "it listens")
            os.kill(cluster.pid(3), signal.SIGSTOP)
            for number in range(500):
                self.assertEqual(0, client.publish(CHANNELS[0], number))
            os.kill(cluster.pid(3), signal.SIGCONT)
            end(cluster, [subscriber])
            self.assertEqual([[(CHANNELS[0].encode(), b"%d" % number) for number in range(500)]],
                             subscriber.heard)

    # Given no quorum, when somebody publishes, then it is refused as a write is, and subscribers stay;
    # with a quorum again they hear what is published then, and nothing that was refused.
    def test_without_a_quorum_nothing_is_published(self):
        with Cluster() as cluster, cluster.client(1) as client:
            subscriber = Subscriber(cluster, 1, "SUBSCRIBE", CHANNELS[0])
            wait_until(lambda: subscriber.connections, "it listens")
            cluster.kill(2, 3)
            wait_until(lambda: self.refusal(client).startswith("CLUSTERDOWN"), "it is refused")
            self.assertTrue(is_alive(cluster.pid(1)))
            self.assertTrue(self.refusal(client).startswith("CLUSTERDOWN"))
            cluster.start_replica(2)
            cluster.wait_until_serving(1)
            self.assertEqual(1, client.publish(CHANNELS[0], "after"))
            end(cluster, [subscriber])
            self.assertEqual(1, subscriber.connections)
            self.assertEqual((CHANNELS[0].encode(), b"after"), subscriber.heard[0][-1])
            self.assertNotIn((CHANNELS[0].encode(), b"refused"), subscriber.heard[0])

    def refusal(self, client):
        """What a publisher is told. Those of unknown outcome may come later: they have other words."""
        try:
            client.publish(CHANNELS[0], "unknown")
            client.publish(CHANNELS[0], "refused")
        except redis.ResponseError as error:
            return str(error)
        return ""

    # Given a subscriber at a replica that sleeps for longer than the others keep their logs, when it
    # comes back by a snapshot, then the connection ends, since messages were passed over.
    def test_subscribers_are_cut_where_a_snapshot_passes_messages_over(self):
        settings = ("--set", "snapshot-log-bytes=2MiB", "--set", "segment-bytes=1MiB")
        with Cluster(options=settings) as cluster, cluster.client(1) as client:
            subscriber = Subscriber(cluster, 3, "SUBSCRIBE", CHANNELS[0])
            wait_until(lambda: subscriber.connections, "it listens")
            os.kill(cluster.pid(3), signal.SIGSTOP)
            for number in range(40):
                client.set(f"large{number % 4}", b"x" * MIB)
                client.publish(CHANNELS[0], number)
            os.kill(cluster.pid(3), signal.SIGCONT)
            wait_until(lambda: subscriber.connections == 2, "it was cut, and is back")
            with cluster.client(3) as other:
                self.assertGreaterEqual(other.info("rabia")["snapshots_installed"], 1)
            end(cluster, [subscriber])
            # The first connection's messages have no hole: they are the first ones.
            before = [int(payload) for _, payload in subscriber.heard[0]]
            self.assertEqual(list(range(len(before))), before)
            self.assertLess(len(before), 40)

    # Given a subscriber that does not read, when far more is published than may wait for it, then it
    # is cut, and the others hear everything.
    def test_a_subscriber_that_does_not_read_is_cut(self):
        with Cluster() as cluster, cluster.client(1) as client:
            reader = Subscriber(cluster, 1, "SUBSCRIBE", CHANNELS[0])
            wait_until(lambda: reader.connections, "it listens")
            with socket.create_connection(("127.0.0.1", cluster.port(1))) as slow:
                slow.sendall(encode("SUBSCRIBE", CHANNELS[0]))
                wait_until(lambda: client.pubsub_numsub(CHANNELS[0])[0][1] == 2, "both listen")
                for _ in range(64):
                    client.publish(CHANNELS[0], b"x" * MIB)
                wait_until(lambda: client.info("rabia")["clients_cut"] == 1, "it is cut")
            end(cluster, [reader])
            self.assertEqual(64, len(reader.heard[0]))


class PythonRedis(unittest.TestCase):
    # Given python3-redis, when it subscribes and publishes, then its calls work as with Redis.
    def test_python_redis_subscribes(self):
        with Cluster() as cluster, cluster.client(1) as client, cluster.client(2) as other:
            with client.pubsub() as subscription:
                subscription.subscribe("a")
                subscription.psubscribe("b*")
                wanted = ["subscribe", "psubscribe"]
                self.assertEqual(wanted, [subscription.get_message(timeout=10)["type"] for _ in wanted])
                other.publish("a", "1")
                other.publish("bc", "2")
                messages = [subscription.get_message(timeout=10) for _ in range(2)]
                self.assertEqual([b"1", b"2"], [each["data"] for each in messages])
                self.assertEqual(["message", "pmessage"], [each["type"] for each in messages])
                self.assertEqual([b"a"], client.pubsub_channels())
                self.assertEqual(1, client.pubsub_numpat())


class Resp3(unittest.TestCase):
    # Given one connection in RESP3, when it subscribes, writes, reads and publishes in one pipeline,
    # then replies are in order and its own message is a push of its own.
    def test_one_connection_does_everything(self):
        with Cluster() as cluster:
            with socket.create_connection(("127.0.0.1", cluster.port(2))) as connection:
                connection.sendall(encode("HELLO", "3") + encode("SUBSCRIBE", "a") +
                                   encode("SET", "k", "v") + encode("PUBLISH", "a", "x") +
                                   encode("GET", "k"))
                with connection.makefile("rb") as stream:
                    read_reply(stream)
                    self.assertEqual([[b">", b"subscribe", b"a", 1], b"+OK",
                                      [b">", b"message", b"a", b"x"], 1, b"v"],
                                     [read_reply(stream) for _ in range(5)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
