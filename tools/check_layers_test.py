#!/usr/bin/python3
"""The layering check itself: it must see what it is there to see."""

import pathlib
import tempfile
import unittest

import check_layers


def errors_in(**files):
    """The checker's messages for a tree of these files: path with __ for / and _h or _cc at the end."""
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for name, text in files.items():
            stem, _, suffix = name.replace("__", "/").rpartition("_")
            path = root / f"{stem}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        checker = check_layers.Checker(root)
        checker.check()
        return checker.errors


class CheckLayers(unittest.TestCase):
    # Given a room that includes what the table allows, then nothing is said.
    def test_allowed_includes_pass(self):
        self.assertEqual([], errors_in(
            include__rabia__ids_h="#include <compare>\n",
            src__base__codec_h='#include "rabia/ids.h"\n',
            src__kv__store_h='#include "base/codec.h"\n#include "kv/entry.h"\n',
            src__kv__entry_h="",
            src__server__session_cc='#include "kv/store.h"\n',
            apps__settings__settings_h='#include "kv/store.h"\n#include <toml++/toml.h>\n',
            apps__rabia_server__main_cc='#include "settings/settings.h"\n#include <unistd.h>\n'))

    # Given a room that includes one that the table does not allow, then file and line are named.
    def test_a_room_that_is_not_allowed_is_named_with_its_line(self):
        errors = errors_in(src__consensus__node_h='\n#include "kv/store.h"\n', src__kv__store_h="")
        self.assertEqual(["src/consensus/node.h:2: src/consensus may not include src/kv "
                          "(kv/store.h)"], errors)

    # Given rooms that reach upwards or around a door, then each is refused.
    def test_forbidden_directions_are_refused(self):
        for user, used in (("src__kv__a_h", "consensus"), ("src__storage__a_h", "replica"),
                           ("src__server__a_h", "consensus"), ("src__server__a_h", "storage"),
                           ("include__rabia__a_h", "base"), ("src__transport__a_h", "storage"),
                           ("src__base__a_h", "io")):
            errors = errors_in(**{user: f'#include "{used}/b.h"\n', f"src__{used}__b_h": ""})
            self.assertEqual(1, len(errors), (user, used))

    # Given one program that includes another, or src that includes a program, then refused.
    def test_programs_are_used_by_nobody(self):
        self.assertEqual(2, len(errors_in(
            apps__rabia_cluster__a_h='#include "rabia_server/b.h"\n',
            src__server__a_h='#include "rabia_server/b.h"\n',
            apps__rabia_server__b_h="")))

    # Given an example, then it includes what is public, itself, and the example that it builds on.
    def test_examples_use_what_is_public(self):
        self.assertEqual([], errors_in(
            include__rabia__replica_h="", examples__banking_smr__bank_h='#include "rabia/replica.h"\n',
            examples__banking_smr_cluster__main_cc='#include "banking_smr/bank.h"\n#include "rabia/replica.h"\n'))
        self.assertEqual(2, len(errors_in(
            src__base__codec_h="", examples__banking_smr__bank_h='#include "base/codec.h"\n',
            examples__counter_smr__main_cc='#include "banking_smr/bank.h"\n')))

    # Given the simulator, then it may include all of src and nobody it; only its runner starts
    # processes, and what a seed decides may not ask for the time.
    def test_the_simulator_sees_everything_and_is_seen_by_nobody(self):
        self.assertEqual([], errors_in(
            sim__store__a_h='#include "kv/b.h"\n#include "sim/history/c.h"\n', src__kv__b_h="",
            sim__history__c_h="", sim__runner__jobs_cc="#include <unistd.h>\n"))
        self.assertEqual(4, len(errors_in(
            sim__world__a_cc="#include <unistd.h>\nauto now = steady_clock::now();\n",
            src__kv__b_cc='#include "sim/world/d.h"\n', sim__world__d_h="",
            sim__history__e_h='#include "rabia_server/f.h"\n', apps__rabia_server__f_h="")))

    # Given the world of the simulator, then it knows neither the store nor who uses it, and neither does
    # what runs any machine in it.
    def test_a_simulated_world_does_not_know_what_is_replicated(self):
        self.assertEqual([], errors_in(
            sim__machine__a_cc='#include "sim/world/b.h"\n#include "rabia/c.h"\n',
            sim__store__a_cc='#include "sim/world/b.h"\n',
            sim__world__b_h='#include "replica/d.h"\n', src__replica__d_h="", include__rabia__c_h=""))
        for user, used in (("sim__world__a_h", "kv"), ("sim__world__a_h", "server"),
                           ("sim__machine__a_h", "kv")):
            self.assertEqual(1, len(errors_in(**{user: f'#include "{used}/b.h"\n',
                                                 f"src__{used}__b_h": ""})), (user, used))
        for user, used in (("world", "store"), ("world", "machine"), ("machine", "store"),
                           ("store", "machine"), ("history", "store")):
            self.assertEqual(1, len(errors_in(**{f"sim__{user}__a_h": f'#include "sim/{used}/b.h"\n',
                                                 f"sim__{used}__b_h": ""})), (user, used))

    # Given a program on the public library, then it reaches the simulator by include/rabia/ only.
    def test_examples_include_the_public_library_only(self):
        self.assertEqual([], errors_in(examples__mine__a_cc='#include "rabia/simulate.h"\n',
                                       include__rabia__simulate_h=""))
        self.assertEqual(1, len(errors_in(examples__mine__a_cc='#include "sim/machine/b.h"\n',
                                          sim__machine__b_h="")))

    # Given the benchmarks, then they may include all of src and what rabia-bench counts with, and
    # nobody them.
    def test_benchmarks_see_src_and_are_seen_by_nobody(self):
        self.assertEqual([], errors_in(
            bench__micro__a_cc='#include <benchmark/benchmark.h>\n#include "kv/b.h"\n'
                               '#include "bench/keys.h"\n#include "rabia_bench/histogram.h"\n',
            src__kv__b_h="", bench__keys_h="", apps__rabia_bench__histogram_h=""))
        self.assertEqual(3, len(errors_in(
            bench__micro__a_cc='#include "rabia_server/c.h"\n#include <unistd.h>\n',
            apps__rabia_server__c_h="", src__kv__b_cc='#include "bench/keys.h"\n',
            bench__keys_h="")))

    # Given the operating system's and the network library's headers, then only src/io/*.cc, programs
    # and tests may include them.
    def test_the_operating_system_stays_in_io(self):
        for header in ("unistd.h", "sys/socket.h", "boost/asio/ip/tcp.hpp", "csignal", "fcntl.h"):
            text = f"#include <{header}>\n"
            self.assertEqual([], errors_in(src__io__files_cc=text, apps__rabia_server__main_cc=text,
                                           src__storage__wal_test_cc=text))
            for name in ("src__storage__wal_cc", "src__kv__a_h", "src__server__a_cc",
                         "include__rabia__a_h"):
                self.assertNotEqual([], errors_in(**{name: text}), (header, name))

    # Given a header of io that shows them, then only io's own sources may include it.
    def test_private_headers_of_io_do_not_leak(self):
        parts = "#include <sys/socket.h>\n"
        use = '#include "io/parts.h"\n'
        self.assertEqual([], errors_in(src__io__parts_h=parts, src__io__real_cc=use))
        self.assertEqual(1, len(errors_in(src__io__parts_h=parts, src__transport__a_cc=use)))
        self.assertEqual(1, len(errors_in(src__io__parts_h=parts, src__io__files_h=use)))

    # Given outside libraries outside their places, then refused.
    def test_libraries_stay_in_their_places(self):
        for header, name in (("spdlog/spdlog.h", "src__server__a_cc"), ("CLI/CLI.hpp", "src__io__a_cc"),
                             ("toml++/toml.h", "apps__rabia_server__a_cc"), ("xxhash.h", "src__kv__a_cc")):
            self.assertEqual(1, len(errors_in(**{name: f"#include <{header}>\n"})), header)

    # Given clocks, threads and random devices in a room that only computes, then refused, but not in
    # its tests, in its comments, or in the rooms that drive it.
    def test_rooms_that_compute_have_no_clock_thread_or_chance(self):
        for text in ("#include <thread>\n", "#include <random>\n", "#include <mutex>\n",
                     "auto t = std::chrono::steady_clock::now();\n", "auto t = time(nullptr);\n"):
            self.assertEqual(1, len(errors_in(src__consensus__node_cc=text)), text)
            self.assertEqual([], errors_in(src__consensus__node_test_cc=text,
                                           src__replica__driver_cc=text), text)
        self.assertEqual([], errors_in(src__consensus__node_cc=(
            '// not steady_clock\n/* nor\nsystem_clock */ const char* s = "time(0)";\n'
            "#include <chrono>\nstd::chrono::nanoseconds d;\nint x = round_time(3);\n")))

    # Given a document whose table of rooms says something else than the checker's, then each
    # difference is named; given the same, nothing is said.
    def test_the_documented_table_is_the_same(self):
        rows = {room: ", ".join(sorted(may - {"base"})) or "base"
                for room, may in check_layers.ROOMS.items()}
        def errors(table):
            text = "".join(f"| `src/{room}/` | what lives there | {may} |\n"
                           for room, may in table.items())
            return errors_in(docs__architecture_md=text)
        self.assertEqual([], errors(rows))
        self.assertEqual(1, len(errors(rows | {"kv": "io"})))
        self.assertEqual(1, len(errors(rows | {"unknown": "base"})))
        self.assertEqual(1, len(errors({room: rows[room] for room in rows if room != "kv"})))

    # Given a path that is in no room, then it is refused.
    def test_includes_name_their_room(self):
        self.assertEqual(1, len(errors_in(src__kv__a_cc='#include "b.h"\n', src__kv__b_h="")))


if __name__ == "__main__":
    unittest.main()
