#!/usr/bin/python3
"""Compares the store's operations with a redis-server's: answers, and every key's value at the end.

    differential.py BUILD/bin/operations_shell [commands] [seed]

Starts a redis-server of its own on a free loopback port. Prints the first difference and fails, or
says how many commands were equal. Needs redis-server and python3-redis.
"""

import random
import socket
import subprocess
import sys
import time

import redis

LIMIT = 512 << 20  # Redis's own default for the length of a value.
KEYS = [b"k%d" % i for i in range(12)] + [b"", b"\0\xff"]
INTEGERS = [0, 1, -1, 7, 2**63 - 1, -(2**63), 2**62, -(2**62)]
TEXTS = [b"", b"0", b"-0", b"+1", b"01", b" 1", b"1 ", b"1\0", b"-", b"9223372036854775807",
         b"-9223372036854775808", b"9223372036854775808", b"abc", b"1.5", b"-.5", b"5.", b".",
         b"3.0e3", b"1e-5", b"0x10", b"0x1p-3", b"inf", b"-INF", b"infinity", b"nan", b"NaN(1)",
         b"1e4932", b"-1e4932", b"1e5000", b"1e-5000", b"1e-4940", b"1e400", b"0.1", b"100.00",
         b"1,5", b"\t1", b"\v1", b"1" * 255, b"1" * 256, b"1" * 5119, b"1" * 5120,
         b"0." + b"3" * 400, b"123456789.123456789123456789", b"1e17", b"-0.0", b"-1e-30"]


def random_text(rng):
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(TEXTS)
    if kind < 0.6:
        return b"%d" % rng.randint(-(10**rng.randint(1, 20)), 10**rng.randint(1, 20))
    if kind < 0.9:
        return repr(rng.uniform(-1, 1) * 10**rng.randint(-20, 20)).encode()
    return rng.randbytes(rng.randint(0, 40))


def hexed(data):
    return data.hex() or "-"


def random_command(rng):
    """The words for redis, and the line for the shell."""
    key, text = rng.choice(KEYS), random_text(rng)
    kind = rng.randrange(11)
    if kind <= 1:
        condition, get = rng.choice(["ALWAYS", "NX", "XX"]), rng.choice(["GET", "-"])
        extra = [word for word in (condition, get) if word not in ("ALWAYS", "-")]
        return ["SET", key, text, *extra], f"SET {hexed(key)} {hexed(text)} {condition} {get}"
    if kind == 2:
        keys = rng.choices(KEYS, k=rng.randint(1, 3))
        return ["DEL", *keys], "DEL " + " ".join(map(hexed, keys))
    if kind == 3:
        return ["APPEND", key, text], f"APPEND {hexed(key)} {hexed(text)} {LIMIT}"
    if kind <= 5:
        delta = rng.choice(INTEGERS)
        return ["INCRBY", key, delta], f"INCRBY {hexed(key)} {delta}"
    if kind <= 7:
        return ["INCRBYFLOAT", key, text], f"INCRBYFLOAT {hexed(key)} {hexed(text)}"
    if kind == 8:
        offset = rng.choice([0, 1, 5, 30, 536870911, 536870912, 2**62])
        if offset > 30 and offset + len(text) <= LIMIT:
            offset = 3
        return (["SETRANGE", key, offset, text],
                f"SETRANGE {hexed(key)} {offset} {hexed(text)} {LIMIT}")
    if kind == 9:
        pairs = [rng.choice([rng.choice(KEYS), text]) for _ in range(2 * rng.randint(1, 3))]
        name = rng.choice(["MSET", "MSETNX"])
        return [name, *pairs], name + " " + " ".join(map(hexed, pairs))
    if rng.random() < 0.05:
        return ["FLUSHALL"], "FLUSHALL"
    return ["GETDEL", key], f"GETDEL {hexed(key)}"


def redis_answer(client, words):
    """In the form of the shell's answers."""
    try:
        answer = client.execute_command(*words)
    except redis.ResponseError as error:
        return b"(error) " + str(error).encode()
    if answer is None:
        return b"(nil)"
    if isinstance(answer, int):
        return b"(integer) %d" % answer
    if isinstance(answer, OkText):
        return b"OK"
    return b'"' + answer + b'"'


class OkText(bytes):
    """A status reply, which redis-py would otherwise give as the bytes of a value."""


def main():
    commands = int(sys.argv[2]) if len(sys.argv) > 2 else 50_000
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1",
                               "--save", "", "--appendonly", "no", "--dir", "/tmp"],
                              stdout=subprocess.DEVNULL)
    shell = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        client = redis.Redis(port=port)
        client.response_callbacks.clear()
        for name in ("SET", "MSET", "FLUSHALL"):
            client.set_response_callback(
                name, lambda reply, **_: OkText(reply) if reply == b"OK" else reply)
        for _ in range(100):
            try:
                client.execute_command("PING")
                break
            except redis.ConnectionError:
                time.sleep(0.1)
        compare(client, shell, rng, commands)
    finally:
        shell.kill()
        server.kill()


def ask(shell, line):
    shell.stdin.write(line.encode() + b"\n")
    shell.stdin.flush()
    return shell.stdout.readline().strip().decode()


def compare(client, shell, rng, commands):
    for number in range(commands):
        words, line = random_command(rng)
        ours, theirs = bytes.fromhex(ask(shell, line)), redis_answer(client, words)
        if ours.replace(b"(error) ERR ", b"(error) ") != theirs:  # redis-py drops the word.
            sys.exit(f"command {number}: {words}\n  ours:   {ours!r}\n  theirs: {theirs!r}")
        for key in KEYS if number % 100 == 0 else words[1:2]:
            value = client.execute_command("GET", key)
            theirs = "(nil)" if value is None else "=" + value.hex()
            if ask(shell, f"DUMP {hexed(key)}") != theirs:
                sys.exit(f"command {number}: {words}: the value of {key!r} should be {value!r}")
    print(f"{commands} commands: no difference")


if __name__ == "__main__":
    main()
