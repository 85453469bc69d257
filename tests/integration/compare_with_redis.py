#!/usr/bin/env python3
"""Compares the replies of a Rabia server with those of a real Redis 7.0, byte by byte.

    compare_with_redis.py REDIS_PORT RABIA_PORT [--password PASSWORD]
    compare_with_redis.py --start SERVER_FAKE

The first form uses servers that run (both on 127.0.0.1, both will be emptied). The second starts
what it needs on free ports, with and without a password; it exits with 77 (skipped) when there is
no redis-server 7.0. Every case is run in RESP2 and in RESP3. A difference that is intended is listed
in DIFFERENT with its reason; one that is listed but no longer there is an error too.
"""

import argparse
import itertools
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
PASSWORD = "correct horse"


class Connection:
    """Raw bytes to and from one server."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, payload, end):
        """Sends, and reads until the reply that `end` begins was read, or the connection ended."""
        received = b""
        try:
            self.socket.sendall(payload)
            while not received.endswith(end):
                piece = self.socket.recv(1 << 16)
                if not piece:
                    return received + b"<closed>"
                received += piece
            return received[: -len(end)]
        except ConnectionError:
            return received + b"<closed>"
        except TimeoutError:
            return received + b"<silent>"

    def close(self):
        self.socket.close()


def encode(*words):
    """A command as an array of bulk strings."""
    parts = [w if isinstance(w, bytes) else str(w).encode() for w in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)


# Cases: one string is one command line, split at spaces; bytes are sent as they are.
# A list is one pipeline.

STRINGS = [
    ["GET missing", "SET k v", "GET k", "SET k", "SET", "GET", "GET a b"],
    ["SET k v NX", "SET k w NX", "GET k", "SET k x XX", "GET k", "SET new v XX", "GET new"],
    ["SET k v GET", "SET k w GET", "SET k x NX GET", "SET n 1 NX GET", "SET n 2 XX GET", "GET n"],
    ["SET k v NX XX", "SET k v XX NX", "SET k v NX NX", "SET k v get get", "SET k v bogus"],
    ["set K V", "sEt k v nX", "get K", "get k"],
    ["SETNX k v", "SETNX k w", "GET k", "SETNX k", "SETNX"],
    ["GETSET k v", "GETSET k w", "GET k", "GETSET k"],
    ["GETDEL k", "SET k v", "GETDEL k", "GET k", "GETDEL", "GETDEL a b"],
    ["APPEND k abc", "APPEND k def", "GET k", "STRLEN k", "STRLEN none", "APPEND k", "STRLEN"],
    [encode("APPEND", "k", ""), "EXISTS k", encode("SET", "e", ""), "GET e", "STRLEN e"],
    ["SETRANGE k 5 hello", "GET k", "SETRANGE k 0 HE", "GET k", "SETRANGE k -1 x"],
    ["SETRANGE k x y", "SETRANGE k 1", "SETRANGE k 9223372036854775807 x", "SETRANGE k 1.5 x"],
    [encode("SETRANGE", "k", "0", ""), "EXISTS k", encode("SETRANGE", "k", "536870911", "xx")],
    ["SET k Hello", "GETRANGE k 0 -1", "GETRANGE k 1 3", "GETRANGE k -3 -1", "GETRANGE k -1 -3"],
    ["SET k Hello", "GETRANGE k 5 10", "GETRANGE k 0 100", "GETRANGE k -100 1", "GETRANGE k 3 1"],
    ["GETRANGE none 0 -1", "GETRANGE k x 1", "GETRANGE k 1 x", "GETRANGE k 1", "SUBSTR k 0 1"],
    ["SET k Hello", "SUBSTR k 1 2", "SUBSTR k -9223372036854775808 9223372036854775807"],
    ["MSET a 1 b 2 c 3", "MGET a b c d", "MSET a", "MSET a 1 b", "MGET", "MSET"],
    ["MSETNX a 1 b 2", "MSETNX b 3 c 4", "MGET a b c", "MSETNX a", "MSETNX a 1 b", "MSETNX"],
    ["MSET a 1 a 2", "GET a", "MSETNX x 1 x 2", "GET x"],
    ["INCR n", "INCR n", "DECR n", "INCRBY n 10", "DECRBY n 3", "GET n", "INCRBY n -20"],
    ["SET n x", "INCR n", "SET n 1.5", "INCR n", "DECR n", "INCRBY n 1", "INCR", "INCRBY n"],
    ["SET n 9223372036854775807", "INCR n", "GET n", "DECR n", "SET m -9223372036854775808"],
    ["SET m -9223372036854775808", "DECR m", "INCRBY m -1", "DECRBY m 1", "GET m"],
    ["INCRBY n 9223372036854775808", "INCRBY n +1", "INCRBY n 01", "INCRBY n 1x", "INCRBY n -0"],
    ["DECRBY n -9223372036854775808", "DECRBY n x", "DECRBY n", "SET n 010", "INCR n"],
    [encode("INCRBY", "n", ""), encode("INCRBY", "n", " 1"), encode("SET", "n", " 1"), "INCR n"],
    ["INCRBYFLOAT f 0.1", "INCRBYFLOAT f 0.2", "GET f", "INCRBYFLOAT f -0.3", "INCRBYFLOAT f 1e3"],
    ["INCRBYFLOAT f 5.0e3", "INCRBYFLOAT f 200", "INCRBYFLOAT f 3.0e-3", "GET f"],
    ["INCRBYFLOAT f x", "INCRBYFLOAT f nan", "INCRBYFLOAT f inf", "INCRBYFLOAT f -inf", "GET f"],
    ["SET f x", "INCRBYFLOAT f 1", "SET f 3", "INCRBYFLOAT f 1.0", "INCRBYFLOAT f 1 2"],
    ["INCRBYFLOAT f 0x10", "INCRBYFLOAT f 1e4000", "INCRBYFLOAT f 1e5000", "INCRBYFLOAT f 1e-20"],
]

KEYSPACE = [
    ["MSET a 1 b 2", "DEL a", "DEL a b c", "DEL", "UNLINK x", "SET x 1", "UNLINK x x", "UNLINK"],
    ["SET a 1", "EXISTS a", "EXISTS a a b", "EXISTS", "TYPE a", "TYPE b", "TYPE", "TYPE a b"],
    ["DBSIZE", "SET a 1", "DBSIZE", "FLUSHALL", "DBSIZE", "DBSIZE x"],
    ["FLUSHALL ASYNC", "FLUSHALL SYNC", "FLUSHALL x", "FLUSHALL ASYNC SYNC", "FLUSHDB"],
    ["FLUSHDB async", "FLUSHDB sync", "FLUSHDB y"],
    ["RANDOMKEY", "SET only 1", "RANDOMKEY", "RANDOMKEY x"],
    ["KEYS *", "SET a 1", "KEYS *", "KEYS b*", "KEYS a", "KEYS ?", "KEYS [a-b]", "KEYS"],
    ["SCAN 0", "SCAN", "SCAN x", "SCAN 1x", "SCAN 0 COUNT", "SCAN 0 COUNT 0", "SCAN 0 COUNT x"],
    ["SCAN 0 COUNT -1", "SCAN 0 BOGUS 1", "SCAN 0 MATCH", "SCAN 0 TYPE"],
    ["SET a 1", "SCAN 0", "SCAN 0 COUNT 100 MATCH a*", "SCAN 0 MATCH b*", "SCAN 0 TYPE string"],
    ["SET a 1", "SCAN 0 TYPE hash", "SCAN 0 TYPE STRING", "scan 0 match A type string count 5"],
    [encode("SCAN", "18446744073709551616"), encode("SCAN", " 1")],
]

CONNECTION = [
    ["PING", "PING hi", "PING a b", "ping", encode("PING", b"\r\n\0"), "ECHO hi", "ECHO", "ECHO a b"],
    ["SELECT 0", "SELECT 99999", "SELECT -1", "SELECT x", "SELECT", "SELECT 99999999999", "SELECT 0 1"],
    ["AUTH", "AUTH x", "AUTH default x", "AUTH other x", "AUTH a b c"],
    ["HELLO 4", "HELLO 1", "HELLO x", "HELLO 2 BOGUS", "HELLO 2 AUTH default", "HELLO 2 SETNAME"],
    ["HELLO 2 AUTH other x", "HELLO 2x", "HELLO 2 SETNAME", "hello 3 auth nobody x"],
    [encode("HELLO", "2", "SETNAME", "a b"), "CLIENT GETNAME"],
    ["RESET", "PING", "RESET x"],
    ["CLIENT SETNAME me", "RESET", "CLIENT GETNAME"],
    ["QUIT", "PING"],
    ["QUIT extra", "PING"],
    ["CLIENT GETNAME", "CLIENT SETNAME me", "CLIENT GETNAME", "CLIENT SETNAME", "CLIENT GETNAME x"],
    [encode("CLIENT", "SETNAME", ""), "CLIENT GETNAME", encode("CLIENT", "SETNAME", "a\n")],
    [encode("CLIENT", "SETNAME", "a b"), "client setname ok", "client getname"],
    ["CLIENT", "CLIENT BOGUS", "CLIENT bogus a b", "CLIENT ID x", "CLIENT KILL", "CLIENT LIST x"],
    ["CLIENT KILL 1.2.3.4:5", "CLIENT KILL ID", "CLIENT KILL ID 0", "CLIENT KILL ID x"],
    ["CLIENT KILL ID 999999999", "CLIENT KILL ID 5 TYPE", "CLIENT KILL TYPE bogus"],
    ["CLIENT KILL ADDR 1.2.3.4:5", "CLIENT KILL LADDR 1.2.3.4:5", "CLIENT KILL USER nobody"],
    ["CLIENT KILL SKIPME x", "CLIENT KILL BOGUS x", "CLIENT KILL TYPE pubsub SKIPME no"],
    ["CLIENT LIST TYPE pubsub", "CLIENT LIST TYPE bogus", "CLIENT LIST ID x", "CLIENT LIST TYPE"],
    ["CLIENT LIST ID 999999999", "CLIENT LIST ID", "CLIENT LIST TYPE normal x"],
    ["CLIENT NO-EVICT on", "CLIENT NO-EVICT off", "CLIENT NO-EVICT x", "CLIENT NO-EVICT"],
    ["CLIENT REPLY", "CLIENT REPLY x", "CLIENT REPLY ON", "PING"],
    ["CLIENT REPLY OFF", "PING", "SET k v", "GET k", "BOGUS", "CLIENT REPLY ON", "GET k"],
    ["CLIENT REPLY SKIP", "PING", "GET k", "CLIENT REPLY SKIP", "SET k v", "GET k"],
    ["CLIENT REPLY SKIP", "GET k", "CLIENT REPLY SKIP", "BOGUS", "PING 1"],
    ["CLIENT REPLY OFF", "CLIENT REPLY SKIP", "PING", "RESET", "PING"],
    ["WAIT 0 0", "WAIT 0 10", "WAIT x 0", "WAIT 0 x", "WAIT 0 -1", "WAIT 0", "WAIT 1 10", "WAIT -1 0"],
]

SERVER = [
    ["CONFIG", "CONFIG GET", "CONFIG BOGUS", "CONFIG GET save", "CONFIG GET appendonly"],
    ["CONFIG GET nosuch", "CONFIG GET SAVE", "CONFIG GET sav?"],
    ["CONFIG RESETSTAT", "CONFIG RESETSTAT x", "CONFIG SET a", "CONFIG SET nosuch 1"],
    ["CONFIG SET save", "CONFIG SET a 1 b", "CONFIG SET pidfile x nosuch 1"],
    ["CONFIG SET nosuch 1 pidfile x", "CONFIG SET maxclients 5 nosuch 1 pidfile x"],
    ["CONFIG SET maxclients 5 MAXCLIENTS 6", "CONFIG SET maxclients 5 pidfile x"],
    ["CONFIG SET MaxClients 9000", "CONFIG GET MAXclients maxclients", "CONFIG GET maxcl?ents"],
    ["CONFIG SET maxclients 10000 loglevel notice", "CONFIG GET loglevel"],
    ["CONFIG REWRITE", "CONFIG REWRITE x"],
    ["COMMAND BOGUS", "COMMAND COUNT x", "COMMAND INFO nosuch", "COMMAND DOCS nosuch"],
    ["COMMAND GETKEYS GET k", "COMMAND GETKEYS MSET a 1 b 2", "COMMAND GETKEYS DEL a b c"],
    ["COMMAND GETKEYS PING x", "COMMAND GETKEYS NOSUCH x", "COMMAND GETKEYS GET", "COMMAND GETKEYS"],
    ["COMMAND GETKEYS GET a b", "COMMAND GETKEYS SET a", "COMMAND GETKEYS CLIENT ID"],
    ["COMMAND GETKEYS SET k v NX", "COMMAND GETKEYS SETRANGE k 1 v", "COMMAND GETKEYS KEYS *"],
    ["COMMAND LIST FILTERBY", "COMMAND LIST x", "COMMAND LIST FILTERBY BOGUS x"],
    ["COMMAND LIST FILTERBY PATTERN nosuch*", "COMMAND LIST FILTERBY PATTERN getde?"],
    ["COMMAND LIST FILTERBY MODULE nosuch", "COMMAND LIST FILTERBY PATTERN client|setna*"],
    ["SAVE x", "LASTSAVE x", "BGSAVE x", "BGSAVE SCHEDULE x", "BGSAVE x y", "bgsave bogus"],
    ["SLOWLOG", "SLOWLOG BOGUS", "SLOWLOG GET x", "SLOWLOG GET -2", "SLOWLOG GET 1 2", "SLOWLOG LEN x"],
    ["SLOWLOG GET", "SLOWLOG GET 5", "SLOWLOG GET -1", "SLOWLOG LEN", "SLOWLOG RESET", "slowlog get 0"],
    ["LATENCY", "LATENCY BOGUS", "LATENCY LATEST", "LATENCY HISTORY e", "LATENCY HISTORY", "LATENCY GRAPH e"],
    ["LATENCY RESET", "LATENCY RESET a b", "LATENCY LATEST x", "LATENCY HISTOGRAM nosuch", "LATENCY DOCTOR x"],
    ["MONITOR x", "MONITOR", "RESET", "PING"],
    ["TIME x", "INFO nosuch", "INFO nosuch nosuch2"],
    ["NOSUCH", "NOSUCH a", "nosuch a b c", encode("", "x"), encode("a\r\nb", "c\r\nd")],
    [encode("x" * 200, "y" * 200, "z"), encode("foo", "y" * 100, "z" * 100, "w")],
    [encode("foo", *("a" * 20 for _ in range(20))), encode("foo", b"a\0b", "c")],
    [encode("get|x", "y"), encode("client|id"), encode("CLIENT", "id|x"), encode("config|get", "x")],
    [encode("CLIENT", "x" * 200), encode("CLIENT", "a\r\nb"), encode("CLIENT", "")],
]

EXPIRY = [
    ["SET k v EX 100", "TTL k", "SET k v PX 100000", "TTL k", "SET k v", "TTL k", "TTL none"],
    ["SET k v EX 0", "SET k v EX -1", "SET k v PX x", "SET k v EX 9223372036854775807", "GET k"],
    ["SET k v EX 9223372036854775", "SET k v PX 9223372036854775807", "SET k v EX 1.5", "GET k"],
    ["SET k v EXAT 99999999999", "EXPIRETIME k", "PEXPIRETIME k", "SET k v PXAT 9999999999999"],
    ["SET k v PXAT 9999999999999", "PEXPIRETIME k", "EXPIRETIME k", "EXPIRETIME none", "PTTL none"],
    ["SET k v EXAT 0", "SET k v EXAT -5", "SET k v EXAT 1", "GET k", "EXISTS k", "DBSIZE"],
    ["SET k v EX 100", "SET k w KEEPTTL", "TTL k", "SET k w KEEPTTL GET", "SET n w KEEPTTL", "TTL n"],
    ["SET k v EX 100 NX", "SET k w EX 100 NX", "SET k w XX PX 100000 GET", "TTL k", "GET k"],
    ["SET k v EX", "SET k v NX EX", "SET k v KEEPTTL EX 1", "SET k v EX 1 PX 1", "SET k v PXAT"],
    ["SET k v EX 1 KEEPTTL", "SET k v EX 5 EX 100", "TTL k", "SET k v EX NX", "SET k v EX 100 XX"],
    ["SETEX k 100 v", "TTL k", "SETEX k 0 v", "SETEX k -1 v", "SETEX k x v", "SETEX k 1", "PSETEX"],
    ["PSETEX k 100000 v", "TTL k", "PSETEX k 0 v", "PSETEX k x v", "GET k"],
    ["GETEX none", "SET k v", "GETEX k", "TTL k", "GETEX k EX 100", "TTL k", "GETEX k PERSIST"],
    ["SET k v", "GETEX k PX 100000", "TTL k", "GETEX k EXAT 99999999999", "EXPIRETIME k"],
    ["SET k v EX 100", "GETEX k PERSIST", "TTL k", "GETEX k PERSIST EX 1", "GETEX k EX", "GETEX"],
    ["SET k v", "GETEX k EX 0", "GETEX k EX x", "GETEX k BOGUS", "GETEX k EXAT 1", "GET k"],
    ["SET k v", "EXPIRE k 100", "TTL k", "EXPIRE none 100", "EXPIRE k x", "EXPIRE k", "EXPIRE"],
    ["SET k v", "EXPIRE k 0", "GET k", "SET k v", "EXPIRE k -1", "GET k", "SET k v", "PEXPIRE k -5"],
    ["SET k v", "EXPIREAT k 1", "GET k", "SET k v", "PEXPIREAT k 1", "GET k", "EXPIREAT none 1"],
    ["SET k v", "PEXPIRE k 100000", "TTL k", "EXPIREAT k 99999999999", "EXPIRETIME k"],
    ["SET k v", "PEXPIREAT k 9999999999999", "PEXPIRETIME k", "PERSIST k", "PERSIST k", "TTL k"],
    ["SET k v", "EXPIRE k 100 XX", "EXPIRE k 100 NX", "EXPIRE k 200 NX", "EXPIRE k 300 XX", "TTL k"],
    ["SET k v", "EXPIRE k 100 GT", "TTL k", "EXPIRE k 100 LT", "EXPIRE k 50 GT", "EXPIRE k 200 GT"],
    ["SET k v EX 100", "EXPIRE k 200 LT", "EXPIRE k 50 LT", "TTL k", "EXPIRE k 60 XX GT", "TTL k"],
    ["SET k v", "EXPIRE k 1 NX XX", "EXPIRE k 1 GT LT", "EXPIRE k 1 NX GT", "EXPIRE k 1 BOGUS", "TTL k"],
    ["SET k v", "EXPIRE k 9223372036854775807", "EXPIRE k -9223372036854775808", "GET k"],
    ["SET k v", "EXPIRE k 9223372036854775", "PEXPIRE k 9223372036854775807", "TTL k"],
    ["SET k v", "EXPIREAT k 9223372036854775807", "PEXPIREAT k 9223372036854775807", "PEXPIRETIME k"],
    ["SET n 5 EX 100", "INCR n", "TTL n", "APPEND n x", "TTL n", "SETRANGE n 0 y", "TTL n"],
    ["SET f 1.5 EX 100", "INCRBYFLOAT f 1", "TTL f", "GETSET f 2", "TTL f", "SETNX f 3", "TTL f"],
    ["SET k v EX 100", "MSET k w", "TTL k", "SET k v EX 100", "GETDEL k", "SET k v", "TTL k"],
    ["SET k v EX 100", "RENAME k j", "TTL j", "GET k", "RENAME none j", "RENAME j j", "GET j"],
    ["SET k v EX 100", "SET j w", "RENAME k j", "GET j", "TTL j", "RENAME k", "RENAME a b c"],
    ["SET k v", "SET j w EX 100", "RENAME k j", "TTL j", "RENAMENX none j", "RENAMENX j k", "GET k"],
    ["MSET a 1 b 2", "RENAMENX a b", "RENAMENX a a", "RENAMENX a c", "MGET a b c", "RENAMENX a"],
    ["SET k v EX 100", "COPY k j", "TTL j", "COPY k j", "COPY k j REPLACE", "COPY none j", "COPY k k"],
    ["SET k v", "COPY k j DB 0", "GET j", "COPY k j DB x", "COPY k j DB", "COPY k j BOGUS", "COPY k"],
    ["MSET a 1 b 2", "TOUCH a b c", "TOUCH a a", "TOUCH", "OBJECT ENCODING a", "OBJECT ENCODING none"],
    [encode("SET", "k", "x" * 44), "OBJECT ENCODING k", encode("SET", "k", "x" * 45), "OBJECT ENCODING k"],
    ["OBJECT", "OBJECT BOGUS k", "OBJECT ENCODING", "OBJECT REFCOUNT none", "SET k v", "OBJECT REFCOUNT k"],
    ["MEMORY", "MEMORY BOGUS", "MEMORY USAGE", "MEMORY USAGE none", "MEMORY USAGE k x", "MEMORY USAGE k SAMPLES x"],
    ["MULTI", "SET k v EX 100", "TTL k", "EXPIRE k 50 GT", "PERSIST k", "TTL k", "EXEC"],
    ["WATCH k", "SET k v", "UNWATCH", "WATCH k", "EXPIRE k 100", "MULTI", "EXEC"],
]

TRANSACTIONS = [
    ["MULTI", "SET k v", "GET k", "INCR n", "EXEC", "GET k"],
    ["MULTI", "EXEC", "EXEC", "DISCARD", "MULTI x", "DISCARD x"],
    ["MULTI", "MULTI x", "EXEC"],
    ["MULTI", "MULTI", "SET k v", "EXEC", "GET k"],
    ["MULTI", "SET k v", "DISCARD", "GET k", "EXEC"],
    ["MULTI", "NOSUCH", "SET k v", "EXEC", "GET k"],
    ["MULTI", "GET", "SET k v", "EXEC", "GET k"],
    ["MULTI", "SET k v BOGUS", "SET k x", "INCR k", "GET k", "EXEC"],
    ["MULTI", "PING", "ECHO x", "DBSIZE", "EXISTS k", "MGET a b", "CLIENT GETNAME", "EXEC"],
    ["MULTI", "SET k v", "RESET", "EXEC", "GET k"],
    ["MULTI", "MSET a 1 b 2", "DEL a b", "FLUSHALL", "SET n 5", "DECR n", "APPEND n x", "EXEC"],
    ["WATCH", "WATCH k", "MULTI", "SET k 1", "EXEC", "GET k", "UNWATCH", "UNWATCH x"],
    ["WATCH k", "SET k 0", "MULTI", "SET k 1", "EXEC", "GET k"],
    ["WATCH k", "SET k 0", "UNWATCH", "MULTI", "SET k 1", "EXEC"],
    ["WATCH k", "SET k 0", "MULTI", "DISCARD", "MULTI", "GET k", "EXEC"],
    ["WATCH k", "SET k 0", "MULTI", "EXEC", "MULTI", "EXEC"],
    ["WATCH k", "SET k 0", "MULTI", "UNWATCH", "EXEC"],
    ["WATCH k", "MULTI", "WATCH j", "SET k 1", "EXEC", "GET k", "MULTI", "EXEC"],
    ["SET k 0", "WATCH k k", "SET k 0", "MULTI", "PING", "EXEC"],
    ["SET k 0", "WATCH k", "DEL k", "SET k 0", "MULTI", "PING", "EXEC"],
    ["SET k 0", "WATCH k", "FLUSHALL", "MULTI", "PING", "EXEC"],
    ["WATCH k", "FLUSHALL", "DEL k", "GET k", "MULTI", "PING", "EXEC"],
    ["WATCH k", "SET k 0", "DEL k", "MULTI", "PING", "EXEC", "MULTI", "EXEC"],
    ["WATCH k", "SET j 0", "RENAME j k", "GETDEL k", "MULTI", "SET k 1", "EXEC", "GET k"],
    ["WATCH k", "SET k 0", "DEL k", "MULTI", "NOSUCH", "EXEC"],
    ["WATCH k", "SET k 0", "DEL k", "UNWATCH", "MULTI", "SET k 1", "EXEC"],
    ["WATCH k", "SET k 0 XX", "DEL k", "MULTI", "SET k 1", "EXEC"],
]

# Each ends without a subscription: in RESP2 the sentinel would be refused.
PUBSUB = [
    ["SUBSCRIBE a", "PUBLISH a x", "GET k", "UNSUBSCRIBE a", "PUBLISH a x", "GET k"],
    ["SUBSCRIBE a a b", "UNSUBSCRIBE a", "UNSUBSCRIBE b b", "PING", "PING x"],
    ["PSUBSCRIBE a* a*", "SUBSCRIBE ab", "SSUBSCRIBE ab", "PUBLISH ab x", "PUBLISH ac x", "PUBLISH b x",
     "SPUBLISH ab y", "UNSUBSCRIBE", "PING", "PUNSUBSCRIBE", "PING", "SUNSUBSCRIBE", "PING"],
    ["UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "UNSUBSCRIBE x y", "PUNSUBSCRIBE x", "SUNSUBSCRIBE x"],
    ["SUBSCRIBE a", "GET x", "GET", "NOSUCH", "CLIENT GETNAME", "client getname", "HELLO x", "PING",
     "PING x", "PING x y", "CONFIG GET nosuch", "MULTI", "PUBSUB NUMPAT", "RESET", "GET x"],
    ["SUBSCRIBE a", "HELLO 9", "RESET", "PUBLISH a x", "UNSUBSCRIBE"],
    ["SUBSCRIBE a", "PSUBSCRIBE b", "QUIT"],
    ["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "PUBLISH", "PUBLISH a", "PUBLISH a b c", "SPUBLISH a", "PUBSUB"],
    ["PUBSUB CHANNELS a b", "PUBSUB shardchannels a b", "PUBSUB NUMPAT x", "PUBSUB NOSUCH", "PUBSUB HELP x"],
    ["PUBSUB NUMSUB", "PUBSUB CHANNELS", "PUBSUB CHANNELS x*", "PUBSUB SHARDNUMSUB", "PUBSUB NUMSUB a b",
     "PUBSUB SHARDNUMSUB a b", "PUBSUB SHARDCHANNELS", "PUBSUB NUMPAT"],
    ["SUBSCRIBE a", "PSUBSCRIBE p* q", "SSUBSCRIBE s", "PUBSUB CHANNELS", "PUBSUB CHANNELS A", "PUBSUB NUMPAT",
     "PUBSUB NUMSUB a s", "PUBSUB SHARDNUMSUB a s", "PUBSUB SHARDCHANNELS ?", "RESET", "PUBSUB CHANNELS"],
    ["CLIENT REPLY OFF", "SUBSCRIBE a", "PUBLISH a x", "UNSUBSCRIBE a", "CLIENT REPLY ON"],
    ["CLIENT REPLY SKIP", "SUBSCRIBE a", "PUBLISH a x", "UNSUBSCRIBE a", "PING"],
    ["MULTI", "PUBLISH a x", "SET k v", "SPUBLISH a x", "PUBSUB NUMSUB a", "EXEC", "MULTI", "PUBLISH a", "EXEC"],
    ["PSUBSCRIBE h[^e]l?o", "PUBLISH hallo 1", "PUBLISH hello 1", "PUBLISH hall 1", "PUNSUBSCRIBE h[^e]l?o"],
    [encode("SUBSCRIBE", b"\r\n\0", ""), encode("PUBLISH", b"\r\n\0", b"\0\r\n"), encode("PUBLISH", "", ""),
     encode("UNSUBSCRIBE", b"\r\n\0", "")],
    ["COMMAND GETKEYS SPUBLISH a b", "COMMAND GETKEYS SSUBSCRIBE a b", "COMMAND GETKEYS SUBSCRIBE a"],
]

# What ends the connection, or is not an array.
PROTOCOL = [
    b"PING\r\n", b"PING\n", b"\r\nPING\r\n", b"  PING  \r\n", b"ECHO 'a b'\r\n", b"*0\r\nPING\r\n",
    b"*-1\r\nPING\r\n", b"SET \"k\\x41\" 'v\\'w'\r\nGET kA\r\n", b"ECHO \"\\n\\t\\\\\"\r\n",
    b"ECHO \"a\"b\r\n", b"ECHO 'a\r\n", b"ECHO \"a\r\n", b"ECHO a\"b c\"\r\n", b"ECHO \"\"\r\n",
    b"*x\r\n", b"*1000000000000\r\n", b"*2147483648\r\n", b"*+1\r\n", b"*01\r\n", b"*\r\n",
    b"*1\r\n$-1\r\n", b"*1\r\n$x\r\n", b"*1\r\n$536870913\r\n", b"*1\r\n$01\r\n", b"*1\r\n$\r\n",
    b"*1\r\nPING\r\n", b"*2\r\n$4\r\nECHO\r\n:1\r\n", b"*1\r\n\r\n", b"*1\r\n$4\r\nPINGxx",
    b"*2\r\n$4\r\nECHO\r\n$2\r\nhixxPING\r\n", b"*" + b"1" * 70000,
    b"*1\r\n$" + b"1" * 70000, b"PING\r\n*x\r\nPING\r\n", b"SET k v\r\nGET k\r\n*1\r\n!\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"host: x\r\n",
    b"nosuch 'a\\'b' \"c\"\r\n",
]

WITH_PASSWORD = [
    ["PING", "GET k", "SET k v", "CLIENT ID", "COMMAND COUNT", "NOSUCH", "GET", "ECHO x"],
    ["AUTH wrong", "AUTH default wrong", "AUTH other " + "x", "GET k"],
    ["HELLO", "HELLO 3", "HELLO 2 AUTH default wrong", "HELLO x"],
    [encode("AUTH", PASSWORD), "GET k", "RESET", "GET k"],
    [encode("AUTH", "default", PASSWORD), "GET k"],
    [encode("AUTH", PASSWORD[:-1]), encode("AUTH", PASSWORD + "x"), encode("AUTH", ""), "GET k"],
    ["QUIT", "PING"],
    [b"*11\r\n"],
    [b"*2\r\n$4\r\nECHO\r\n$16385\r\n"],
    [encode("AUTH", PASSWORD), encode(*["DEL"] + ["k"] * 20), encode("SET", "k", "v" * 20000)],
]

# Commands whose COMMAND INFO is not compared, and why. Those named rabia.… are our own.
OWN_ROWS = {
    "exec": "noted in SLOWLOG, unlike in Redis: it is the command that goes through the log",
    "set": "without the free text of the key specification",
    "getex": "without the free text of the key specification",
    "client": "container, compared by its subcommands",
    "config": "container, compared by its subcommands",
    "slowlog": "container, compared by its subcommands",
    "latency": "container, compared by its subcommands",
    "command": "container, compared by its subcommands",
    "memory": "container, compared by its subcommands",
    "object": "container, compared by its subcommands",
    "client|no-touch": "a command of Redis 7.2",
    "client|setinfo": "a command of Redis 7.2",
    "cluster": "no subcommands, all are refused",
}

# Command lines that must answer differently, with the reason. Each is run alone.
DIFFERENT = {
    "SELECT 1": "one database only",
    "CLUSTER NOSUCH": "no cluster mode, whatever the subcommand",
    "CONFIG SET save x": "settings are read when the server starts",
    "CONFIG GET maxmemory-samples": "another default, and of the program, not of the server",
    "CLIENT NO-TOUCH on": "a command of Redis 7.2, sent by its clients",
    "CLIENT SETINFO lib-name x": "a command of Redis 7.2, sent by its clients",
    "LOLWUT": "our own",
    "HELLO": "one more field: rabia_version",
    "COMMAND COUNT": "fewer commands",
    "CLIENT HELP": "fewer subcommands, own words",
    "COMMAND HELP": "fewer subcommands, own words",
    "SLOWLOG HELP": "own words",
    "LATENCY HELP": "own words",
    "LATENCY DOCTOR": "says where to look here",
    "CONFIG HELP": "fewer subcommands, own words",
    "PUBSUB HELP": "own words",
    "COMMAND DOCS get": "own words, no arguments",
    "SCAN -1": "a cursor is never negative",
    "SCAN ": "a cursor is never empty",
    "LPUSH k v": "not a command yet",
}


def payload_of(step):
    return step if isinstance(step, bytes) else encode(*step.split(" "))


def parse(stream):
    """One reply of raw bytes as Python values; returns (value, rest)."""
    line, rest = stream.split(b"\r\n", 1)
    kind, text = line[:1], line[1:]
    if kind in b"+-:_#,(":
        return (kind + text).decode("latin1"), rest
    if kind in b"$=":
        size = int(text)
        return (None, rest) if size < 0 else (rest[:size].decode("latin1"), rest[size + 2 :])
    count = int(text) * (2 if kind == b"%" else 1)
    if count < 0:
        return None, rest
    items = []
    for _ in range(count):
        item, rest = parse(rest)
        items.append(item)
    return (kind.decode(), items), rest


def sorted_reply(value):
    """Lists in one order, whatever theirs was: for replies whose order means nothing."""
    if isinstance(value, tuple):
        kind, items = value
        if kind == "%":
            return kind, sorted(
                (repr((sorted_reply(k), sorted_reply(v))) for k, v in zip(items[::2], items[1::2]))
            )
        return kind, sorted(repr(sorted_reply(item)) for item in items)
    return value


class Comparison:
    """Sends the same to both servers and collects what differs."""

    def __init__(self, redis_port, rabia_port, password=None):
        self.ports = (redis_port, rabia_port)
        self.password = password
        self.compared = 0
        self.differences = []
        self.sentinels = itertools.count()

    def ask(self, port, payload, protocol):
        sentinel = b"sentinel-%d" % next(self.sentinels)
        end = b"$%d\r\n%s\r\n" % (len(sentinel), sentinel)
        connection = Connection(port)
        try:
            if protocol == 3 and not self.password:
                connection.exchange(encode("HELLO", "3") + encode("ECHO", sentinel), end)
            return connection.exchange(payload + encode("ECHO", sentinel), end)
        finally:
            connection.close()

    def ask_both(self, payload, protocol):
        # A connection without a password cannot send the sentinel: it quits instead.
        if self.password:
            payload += encode("QUIT")
        return [self.ask(port, payload, protocol) for port in self.ports]

    def empty(self):
        for port in self.ports:
            login = encode("AUTH", self.password) if self.password else b""
            self.ask(port, login + encode("FLUSHALL"), 2)

    def compare(self, steps, protocol, normal=lambda reply: reply):
        self.empty()
        payload = b"".join(payload_of(step) for step in steps)
        replies = self.ask_both(payload, protocol)
        self.compared += 1
        if normal(replies[0]) != normal(replies[1]):
            self.differences.append((steps, protocol, replies[0], replies[1]))

    def must_differ(self, line, protocol):
        self.empty()
        replies = self.ask_both(payload_of(line), protocol)
        self.compared += 1
        if replies[0] == replies[1]:
            self.differences.append(("no longer different: " + line, protocol, *replies))
        if replies[1].endswith(b"<closed>"):
            self.differences.append(("closes the connection: " + line, protocol, *replies))

    def report(self):
        for steps, protocol, redis, rabia in self.differences:
            print(f"DIFFERENT in RESP{protocol}: {str(steps)[:400]}")
            print(f"  redis: {redis[:600]!r}")
            print(f"  rabia: {rabia[:600]!r}")
        print(f"{self.compared} cases compared, {len(self.differences)} differences")
        return not self.differences


def compare_tables(comparison):
    """COMMAND INFO of every command that we have, against that of Redis."""
    reply = comparison.ask(comparison.ports[1], encode("COMMAND", "LIST"), 2)
    names = [name for name in parse(reply)[0][1] if not name.startswith("rabia.")]
    normal = lambda raw: sorted_reply(parse(raw)[0])
    for name in names:
        if name not in OWN_ROWS:
            comparison.compare([encode("COMMAND", "INFO", name)], 3, normal)
    for flag in ("write", "fast", "dangerous", "pubsub", "nosuch"):
        replies = comparison.ask_both(encode("COMMAND", "LIST", "FILTERBY", "ACLCAT", flag), 2)
        redis, rabia = (set(parse(raw)[0][1]) for raw in replies)
        compared = set(names) - set(OWN_ROWS)
        comparison.compared += 1
        if redis & compared != rabia & compared:
            comparison.differences.append(("ACLCAT " + flag, 2, *replies))


def compare_lists(comparison):
    """What has no order: compared as sets, over complete iterations."""
    steps = [f"SET key:{i} {i}" for i in range(50)]
    normal = lambda raw: sorted_reply(parse(raw.split(b"+OK\r\n")[-1])[0])
    for pattern in ("*", "key:1*", "key:[1-3]?", "*:[^1-9]", "k?y:*9"):
        comparison.compare(steps + ["KEYS " + pattern], 2, normal)
    comparison.compare(steps + ["SCAN 0 COUNT 1000 MATCH *1*"], 2, normal)
    comparison.compare(["CONFIG GET save appendonly nosuch"], 2, normal)
    comparison.compare(["CONFIG GET save appendonly nosuch"], 3, normal)


def compare_saves(comparison):
    """SAVE and BGSAVE, and a second one while that is under way."""
    any_number = lambda raw: re.sub(rb"\d+", b"N", raw)
    for protocol in (2, 3):
        comparison.compare(["LASTSAVE"], protocol, any_number)
        comparison.compare(["SAVE", "SET k v", "SAVE", "GET k"], protocol)
        comparison.compare(["BGSAVE", "BGSAVE"], protocol)
        for port in comparison.ports:
            while b"rdb_bgsave_in_progress:0" not in comparison.ask(port, encode("INFO"), 2):
                time.sleep(0.01)


def compare_client_lines(comparison):
    """CLIENT INFO: our fields are those of Redis, in the same order, with two of 7.2 behind."""
    replies = comparison.ask_both(encode("CLIENT", "INFO"), 2)
    redis, rabia = (re.findall(rb"([a-z-]+)=", raw) for raw in replies)
    comparison.compared += 1
    if rabia != redis + [b"lib-name", b"lib-ver"]:
        comparison.differences.append(("CLIENT INFO", 2, *replies))


def compare_random_commands(comparison, seed, count):
    """Long pipelines over a few keys, with odd numbers and ranges."""
    rng = random.Random(seed)
    keys = ["a", "b", "c", "d"]
    numbers = ["0", "1", "-1", "7", "-20", "9223372036854775807", "-9223372036854775808", "x", "",
               "1.5", "+3", "010", "3e2"]
    key = lambda: rng.choice(keys)
    number = lambda: rng.choice(numbers)
    value = lambda: rng.choice(numbers + ["hello", "abc" * 9, "\r\n", "\0"])
    small = lambda: str(rng.randint(-12, 40))
    makers = [
        lambda: ["GET", key()],
        lambda: ["SET", key(), value()] + rng.sample(["NX", "XX", "GET", "nx"], rng.randint(0, 2)),
        lambda: ["DEL", key(), key()],
        lambda: ["EXISTS", key(), key()],
        lambda: ["APPEND", key(), value()],
        lambda: ["STRLEN", key()],
        lambda: [rng.choice(["INCR", "DECR", "GETDEL", "TYPE"]), key()],
        lambda: [rng.choice(["INCRBY", "DECRBY"]), key(), number()],
        lambda: ["INCRBYFLOAT", key(), number()],
        lambda: [rng.choice(["GETRANGE", "SUBSTR"]), key(), small(), rng.choice([small(), number()])],
        lambda: ["SETRANGE", key(), small(), value()],
        lambda: ["MSET", key(), value(), key(), value()],
        lambda: ["MSETNX", key(), value(), key(), value()],
        lambda: [rng.choice(["SETNX", "GETSET"]), key(), value()],
        lambda: ["MGET"] + rng.choices(keys, k=3),
        lambda: ["DBSIZE"],
        lambda: [rng.choice(["GET", "SET", "MSET", "INCR", "SETRANGE", "nosuch"])]
        + rng.choices(keys, k=rng.randint(0, 5)),
    ]
    for _ in range(count // 100):
        steps = [encode(*rng.choice(makers)()) for _ in range(100)]
        comparison.compare(steps, rng.choice([2, 3]))


def compare_random_patterns(comparison, seed, count):
    """Odd patterns of KEYS against odd keys."""
    rng = random.Random(seed)
    word = lambda letters, most: "".join(rng.choices(letters, k=rng.randint(0, most)))
    for _ in range(count // 50):
        steps = [encode("SET", "some", "1")]
        for _ in range(50):
            steps += [encode("FLUSHALL"), encode("SET", word("ab-]\\^", 4), "1"),
                      encode("KEYS", word("ab-]\\^[*?", 6))]
        comparison.compare(steps, 2)


def compare_random_inline(comparison, seed, count):
    """Odd quoting of inline commands."""
    rng = random.Random(seed)
    for _ in range(count):
        words = "".join(rng.choices("ab \"'\\xn41\t", k=rng.randint(1, 12)))
        comparison.compare([b"ECHO " + words.encode() + b"\r\n"], 2)


def run_without_password(comparison):
    for protocol in (2, 3):
        for steps in STRINGS + KEYSPACE + EXPIRY + TRANSACTIONS + CONNECTION + SERVER + PUBSUB:
            comparison.compare(steps, protocol)
        for payload in PROTOCOL:
            comparison.compare([payload], protocol)
        for line in DIFFERENT:
            comparison.must_differ(line, protocol)
    compare_tables(comparison)
    compare_lists(comparison)
    compare_saves(comparison)
    compare_client_lines(comparison)
    compare_random_commands(comparison, seed=1, count=20000)
    compare_random_patterns(comparison, seed=2, count=2000)
    compare_random_inline(comparison, seed=3, count=300)


def run_with_password(comparison):
    for steps in WITH_PASSWORD:
        comparison.compare(steps, 2)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


def start_and_run(server_fake):
    version = ""
    if shutil.which("redis-server"):
        version = subprocess.run(["redis-server", "--version"], capture_output=True, text=True).stdout
    if "v=7.0." not in version:
        print("skipped: no redis-server 7.0 here")
        return SKIPPED
    good = True
    for password in (None, PASSWORD):
        redis_port, rabia_port = free_port(), free_port()
        with tempfile.TemporaryDirectory() as directory:
            redis = ["redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "",
                     "--appendonly", "no", "--dir", directory,
                     # A busy machine must not make a difference.
                     "--slowlog-log-slower-than", "60000000"]
            rabia = [server_fake, str(rabia_port), "0"]
            if password:
                redis += ["--requirepass", password]
                rabia += [password]
            servers = [subprocess.Popen(c, stdout=subprocess.DEVNULL) for c in (redis, rabia)]
            try:
                wait_for(redis_port)
                wait_for(rabia_port)
                comparison = Comparison(redis_port, rabia_port, password)
                (run_with_password if password else run_without_password)(comparison)
                good = comparison.report() and good
            finally:
                for server in servers:
                    server.terminate()
                    server.wait()
    return 0 if good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("ports", nargs="*", type=int, help="REDIS_PORT RABIA_PORT")
    parser.add_argument("--password", help="both servers want this one")
    parser.add_argument("--start", metavar="SERVER_FAKE", help="start what is needed")
    arguments = parser.parse_args()
    if arguments.start:
        return start_and_run(os.path.abspath(arguments.start))
    if len(arguments.ports) != 2:
        parser.error("two ports, or --start")
    comparison = Comparison(*arguments.ports, arguments.password)
    (run_with_password if arguments.password else run_without_password)(comparison)
    return 0 if comparison.report() else 1


if __name__ == "__main__":
    sys.exit(main())
