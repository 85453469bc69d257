"""A bank of three processes, banking_smr_cluster, which are killed while money is moved."""

import collections
import concurrent.futures
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

from cluster import BINARIES, PATIENCE_SECONDS, PortBlock, wait_until

REPLICAS = (1, 2, 3)
ACCOUNTS = 8
BEGIN_WITH = 1_000_00
TELLERS = 12
ROUNDS = 2               # Each with the death of a replica; more, when no request was under way there.
REQUESTS_BETWEEN = 2000  # Answered while all live, and while one is dead.


class Gone(Exception):
    """There is no process: the request was not sent."""


class Cut(Exception):
    """The process died: nobody knows what became of the request."""


class Process:
    """One replica. Any thread may ask it; it answers in order."""

    def __init__(self, arguments, log):
        self.process = subprocess.Popen([str(BINARIES / "banking_smr_cluster"), *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self.lock = threading.Lock()
        self.asked = collections.deque()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def ask(self, line):
        answer = concurrent.futures.Future()
        with self.lock:
            if self.asked is None:
                raise Gone
            self.asked.append(answer)
            try:
                self.process.stdin.write(line.encode() + b"\n")
                self.process.stdin.flush()
            except OSError:
                pass    # The reader finds that it is gone, and says so.
        return answer.result(PATIENCE_SECONDS)

    def read(self):
        for line in self.process.stdout:
            if not line.endswith(b"\n"):
                break   # It died while it wrote.
            with self.lock:
                answer = self.asked.popleft()
            answer.set_result(line.decode().rstrip("\n"))
        with self.lock:
            cut, self.asked = self.asked, None
        for answer in cut:
            answer.set_exception(Cut())

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.end()

    def finish(self):
        """Ends its input, and returns its exit code."""
        self.process.stdin.close()
        return self.end()

    def end(self):
        code = self.process.wait(PATIENCE_SECONDS)
        self.reader.join(PATIENCE_SECONDS)
        with self.lock:
            try:
                self.process.stdin.close()
            except OSError:
                pass    # What was in it goes with the process.
        self.process.stdout.close()
        return code


class Bank:
    def __init__(self):
        self.ports = PortBlock()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="rabia-bank-"))
        self.processes = {}

    def __enter__(self):
        for number in REPLICAS:
            self.start(number, "--bootstrap")
        self.wait_until_serving(*REPLICAS)
        return self

    def __exit__(self, kind, value, traceback):
        for process in self.processes.values():
            if process.process.poll() is None:
                process.kill()
        if kind is not None:
            for log in sorted(self.directory.glob("*.log")):
                print(f"--- {log}", *log.read_text(errors="replace").splitlines()[-40:], sep="\n", file=sys.stderr)
        self.ports.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, number, *more):
        members = ",".join(f"{each}=127.0.0.1:{self.ports.base + each}" for each in REPLICAS)
        with open(self.directory / f"{number}.log", "ab") as log:
            self.processes[number] = Process(
                ["--id", str(number), "--members", members, "--data", str(self.directory / str(number)),
                 "--durability", "os", *more], log)

    def wait_until_serving(self, *numbers):
        for number in numbers:
            wait_until(lambda number=number: self.ask(number, "status") == "ok serving",
                       f"replica {number} serves")

    def ask(self, number, line):
        return self.processes[number].ask(line)


class Teller(threading.Thread):
    """Makes requests at all replicas, and knows what became of each."""

    def __init__(self, bank, number):
        super().__init__(daemon=True)
        self.bank = bank
        self.client = f"teller{number}"
        self.random = random.Random(number)
        self.number = 0
        self.balances = collections.Counter()   # What its requests have changed, by account.
        self.deposited = self.withdrawn = self.transfers = self.made = 0
        self.answered = self.refused = self.unavailable = self.unknown = 0
        self.failed = None
        self.stopping = False

    def run(self):
        try:
            while not self.stopping:
                self.one_request()
        except BaseException as error:
            self.failed = error
            raise

    def one_request(self):
        verb = self.random.choice(["deposit", "withdraw", "transfer", "transfer"])
        account, other = self.random.sample(range(1, ACCOUNTS + 1), 2)
        cents = self.random.randint(1, 200_00)
        if not self.make(verb, account, *([other] if verb == "transfer" else []), cents):
            return
        self.made += 1
        self.balances[account] += cents if verb == "deposit" else -cents
        if verb == "transfer":
            self.balances[other] += cents
            self.transfers += 1
        elif verb == "deposit":
            self.deposited += cents
        else:
            self.withdrawn += cents

    def make(self, verb, *words):
        """Whether it was done. What is unknown is sent again, as it was, until it is known."""
        self.number += 1
        line = " ".join(map(str, [verb, self.client, self.number, *words]))
        answer = self.send(line)
        if answer.startswith("error unavailable"):
            self.unavailable += 1   # It was not done, and never will be: so it is not sent again.
            return False
        while answer.startswith(("error unknown_outcome", "error unavailable")):
            answer = self.send(line)
        self.answered += 1
        if answer.startswith("error exhausted"):
            self.refused += 1
            return False
        if not answer.startswith("ok "):
            raise AssertionError(f"{line}: {answer}")
        return True

    def send(self, line):
        """The answer of one that is there."""
        while True:
            try:
                answer = self.bank.ask(self.random.choice(REPLICAS), line)
            except Gone:
                continue
            except Cut:
                answer = "error unknown_outcome it died"
            self.unknown += answer.startswith("error unknown_outcome")
            return answer


class BankingCluster(unittest.TestCase):
    # Given tellers who move money at three processes, when one of them is killed, and comes back, twice or
    # more, and at last all are killed, and one even loses its data, then every replica holds what was
    # acknowledged, to the cent: nothing is lost, and what was sent again counts once.
    def test_every_cent_survives_kill_9(self):
        with Bank() as bank:
            self.open_accounts(bank)
            tellers = [Teller(bank, number) for number in range(TELLERS)]
            for teller in tellers:
                teller.start()
            rounds = 0
            while rounds < ROUNDS or not any(teller.unknown for teller in tellers):
                rounds += 1
                victim = 1 + rounds % len(REPLICAS)
                self.go_on(tellers)
                bank.processes[victim].kill()
                self.go_on(tellers)
                bank.start(victim)
                bank.wait_until_serving(victim)
            self.go_on(tellers)
            for teller in tellers:
                teller.stopping = True
            for teller in tellers:
                teller.join(PATIENCE_SECONDS)
                self.assertFalse(teller.is_alive())
            self.assertEqual([None] * TELLERS, [teller.failed for teller in tellers])
            self.check_books(bank, tellers)

            for number in REPLICAS:
                bank.processes[number].kill()
            for number in REPLICAS:
                bank.start(number)
            bank.wait_until_serving(*REPLICAS)
            self.check_books(bank, tellers)

            bank.processes[3].kill()
            shutil.rmtree(bank.directory / "3")
            bank.start(3, "--rejoin")
            bank.wait_until_serving(3)
            self.check_books(bank, tellers)
            self.assertEqual([0, 0, 0], [bank.processes[number].finish() for number in REPLICAS])
            print(f"{rounds} died; {sum(teller.made for teller in tellers)} requests made, "
                  f"{sum(teller.refused for teller in tellers)} refused, "
                  f"{sum(teller.unavailable for teller in tellers)} not made; "
                  f"{sum(teller.unknown for teller in tellers)} sent again")

    # Given lines that are no commands, then each is answered with what was wrong, and nothing else happens.
    def test_lines_that_are_no_commands_are_answered(self):
        with Bank() as bank:
            self.open_accounts(bank)
            before = bank.ask(1, "audit")
            for line in ("", "help", "deposit t 1 1", "deposit t 1 1 ten", "audit now", "\xff" * 1000):
                self.assertTrue(bank.ask(1, line).startswith("error invalid_argument "), line)
            self.assertEqual(before, bank.ask(2, "audit"))

    # Given a command line that cannot be meant, then it is refused with what is wrong.
    def test_a_wrong_command_line_is_refused(self):
        good = ["--id", "1", "--members", "1=127.0.0.1:7101", "--data", "data"]
        for arguments, why in [
                ([], "are needed"),
                (good[:4], "are needed"),
                ([*good, "--colour", "red"], "no option '--colour'"),
                ([*good, "--durability", "disk"], "always, os or memory"),
                ([*good, "--durability"], "value is missing"),
                (["--id", "0"], "from 1 to 65535"),
                (["--members", "1=127.0.0.1:7101,2"], "'2' is not N=HOST:PORT"),
                (["--members", "1=:7101"], "'1=:7101' is not N=HOST:PORT"),
                (["--members", "1=host:70000"], "is not N=HOST:PORT")]:
            done = subprocess.run([str(BINARIES / "banking_smr_cluster"), *arguments], check=False,
                                  capture_output=True, text=True, timeout=PATIENCE_SECONDS)
            self.assertEqual(2, done.returncode, arguments)
            self.assertIn(why, done.stderr)
            self.assertIn("usage: banking_smr_cluster", done.stderr)

    def open_accounts(self, bank):
        for number in range(1, ACCOUNTS + 1):
            answer = bank.ask(1, f"create clerk {2 * number - 1} owner{number}").split()
            self.assertEqual(["ok", str(number)], [answer[0], answer[2]])
            self.assertTrue(bank.ask(2, f"deposit clerk {2 * number} {number} {BEGIN_WITH}").startswith("ok"))

    def go_on(self, tellers):
        """Waits until so many more requests have been answered."""
        wanted = sum(teller.answered for teller in tellers) + REQUESTS_BETWEEN
        wait_until(lambda: any(teller.failed for teller in tellers) or
                   sum(teller.answered for teller in tellers) >= wanted, "the tellers go on")

    def check_books(self, bank, tellers):
        expected = collections.Counter({number: BEGIN_WITH for number in range(1, ACCOUNTS + 1)})
        for teller in tellers:
            expected.update(teller.balances)
        deposited = ACCOUNTS * BEGIN_WITH + sum(teller.deposited for teller in tellers)
        withdrawn = sum(teller.withdrawn for teller in tellers)
        transfers = sum(teller.transfers for teller in tellers)
        transactions = 2 * ACCOUNTS + sum(teller.made for teller in tellers)
        for number in REPLICAS:
            self.assertEqual(
                f"ok {ACCOUNTS} {transactions} {transfers} {deposited} {withdrawn} {deposited - withdrawn}",
                bank.ask(number, "audit"), f"replica {number}")
            balances = {}
            for account in range(1, ACCOUNTS + 1):
                balances[account] = int(bank.ask(number, f"balance {account}").removeprefix("ok "))
            self.assertEqual(dict(expected), balances, f"replica {number}")
            self.assertEqual(deposited - withdrawn, sum(balances.values()))
            self.assertGreaterEqual(min(balances.values()), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
