#!/usr/bin/python3
"""Checks that every room includes only what it may: docs/architecture.md, enforced.

    tools/check_layers.py [ROOT]

Prints one line for each include or call that breaks a rule, and exits with 1 if there is any.
"""

import pathlib
import re
import sys

# Which rooms of src/ a room may include, beside itself and include/rabia/. Everybody may use base.
ROOMS = {
    "base": set(),
    "consensus": {"base"},
    "kv": {"base"},
    "resp": {"base"},
    "io": {"base"},
    "storage": {"base", "io"},
    "transport": {"base", "io"},
    "replica": {"base", "io", "consensus", "storage", "transport"},
    "library": {"base", "io", "kv", "replica"},
    "embedded": {"base", "kv", "library"},
    "server": {"base", "io", "replica", "kv", "resp"},
    "metrics": {"base", "io", "replica", "kv", "server"},
    "client": {"base"},
}
# Folders of apps/: each program may use what is shared, and not another program.
APPS = {
    "command_line": set(),
    "settings": set(),
    "rabia_server": {"command_line", "settings"},
    "rabia_cluster": {"command_line", "settings"},
    "rabia_ctl": {"command_line", "settings"},
    "rabia_bench": {"command_line"},
}
# Folders of examples/: which other example one builds on.
EXAMPLES = {
    "banking_smr_cluster": {"banking_smr"},
}
# Rooms that compute and do nothing else: equal inputs give equal results on every machine.
PURE = {"base", "consensus", "kv", "resp"}
# Parts of sim/: which others a part may include, and which rooms it may not. A world knows nothing of
# what its replicas replicate.
SIM_PARTS = {
    "history": set(),
    "world": set(),
    "store": {"history", "world"},
    "machine": {"world"},
    "explore": set(),
    "runner": {"world", "store", "explore"},
}
SIM_WITHOUT = {part: {"kv", "resp", "server", "metrics"} for part in ("world", "machine")}
# These only compute, too: a seed must give the same run everywhere.
PURE_SIM = {"world", "history", "store", "machine"}
# All of include/, but for what promises threads.
IMPURE_PUBLIC = {"replica.h"}
# Outside src/io/: the one file of sim/ that starts processes, and the one of the client with sockets.
SYSTEM_FILES = {
    pathlib.PurePath("sim", "runner", "jobs.cc"),
    pathlib.PurePath("src", "client", "hiredis_connection.cc"),
}

OPERATING_SYSTEM = re.compile(
    r"(sys|netinet|arpa|net|linux|asm)/.*"
    r"|(unistd|fcntl|poll|netdb|signal|pthread|spawn|sched|dirent|dlfcn|termios|ifaddrs)\.h"
    r"|csignal|boost/(asio|beast|process|filesystem|interprocess).*|asio.*")
# Where outside libraries may be used: folders of the tree, by the beginning of the path.
LIBRARIES = {
    "spdlog/": ("src/io/",),
    "toml++/": ("apps/settings/",),
    "CLI/": ("apps/", "bench/kvstore_performance/", "sim/runner/", "sim/explore/"),
    "hiredis/": ("apps/rabia_ctl/", "src/client/"),
    "prometheus/": ("src/metrics/",),
    "nlohmann/": ("src/metrics/",),
    "benchmark/": ("bench/micro/",),
    "grpc": ("apps/rabia_bench/etcd/",),
    "isa-l": ("src/base/",),
    "xxhash.h": ("src/base/",),
    "zstd.h": ("src/storage/",),
}
IMPURE_HEADERS = {
    "thread", "mutex", "shared_mutex", "condition_variable", "future", "atomic", "semaphore",
    "barrier", "latch", "stop_token", "random", "ctime", "time.h", "iostream", "fstream", "filesystem",
}
IMPURE_CALLS = re.compile(
    r"\b(steady_clock|system_clock|high_resolution_clock|utc_clock|tai_clock|gps_clock|file_clock)\b"
    r"|\b(?:std::)?(rand|srand|time|clock_gettime|gettimeofday|getenv)\s*\(")

# A row of the table in docs/architecture.md: | `src/kv/` | … | base |
ROOM_ROW = re.compile(r"\| `src/(\w+)/` \|.*\| ([\w, ]+) \|$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def without_comments(text):
    """The text with comments and string literals blanked, lines kept where they are."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
    return pattern.sub(lambda found: "\n" * found.group().count("\n"), text)


def is_test(path):
    """Tests and what only they are linked with: held to the room table, not to purity."""
    return (path.stem.endswith("_test") or "testing" in path.parts or path.stem.startswith("test_")
            or path.parts[0] == "tests")


class Checker:
    def __init__(self, root):
        self.root = root
        self.errors = []
        self.private_io_headers = set()  # Of src/io/, with the operating system's headers in them.
        self.included_by = {}

    def error(self, path, line, message):
        self.errors.append(f"{path}:{line}: {message}")

    def check(self):
        paths = [
            path.relative_to(self.root)
            for folder in ("include", "src", "apps", "bench", "sim", "examples", "tests")
            for path in sorted((self.root / folder).rglob("*"))
            if path.suffix in (".h", ".cc") and "node_modules" not in path.parts
        ]
        for path in paths:
            self.check_file(path)
        self.check_private_headers()
        self.check_document(paths)
        return paths

    def check_file(self, path):
        text = (self.root / path).read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            if found.group(1) == '"':
                self.check_own_include(path, number, found.group(2))
            else:
                self.check_outside_include(path, number, found.group(2))
        if self.is_pure(path):
            for number, line in enumerate(without_comments(text).splitlines(), 1):
                if found := IMPURE_CALLS.search(line):
                    self.error(path, number,
                               f"{describe(path)} may not ask for {found.group().strip('( ')}: "
                               "it only computes")

    def check_document(self, paths):
        """The table of docs/architecture.md and the one above must be the same, and name what is."""
        document = pathlib.Path("docs", "architecture.md")
        if not (self.root / document).is_file():
            return
        rows = {}
        for number, line in enumerate((self.root / document).read_text().splitlines(), 1):
            if found := ROOM_ROW.match(line):
                rows[found.group(1)] = (number, set(found.group(2).split(", ")))
        for room in sorted({room_of(path) for path in paths if path.parts[0] == "src"} | set(ROOMS)):
            number, documented = rows.pop(room, (1, None))
            if documented is None:
                self.error(document, number, f"src/{room}/ is not in the table of rooms")
            elif room not in ROOMS or documented - {"include"} | {"base"} != ROOMS[room] | {"base"}:
                self.error(document, number, f"what src/{room}/ may include is not what "
                                             "tools/check_layers.py says")
        for room, (number, _) in rows.items():
            self.error(document, number, f"src/{room}/ does not exist")

    def is_pure(self, path):
        return ((path.parts[0] == "include" and path.name not in IMPURE_PUBLIC) or
                (path.parts[0] == "src" and room_of(path) in PURE) or
                (path.parts[0] == "sim" and room_of(path) in PURE_SIM)) and not is_test(path)

    def check_own_include(self, path, number, name):
        self.included_by.setdefault(name, []).append((path, number))
        target = self.locate(name)
        if target is None:
            self.error(path, number, f'"{name}" is in no room: write "room/file.h"')
        elif not may_include(path, target):
            self.error(path, number, f"{describe(path)} may not include {describe(target)} ({name})")

    def locate(self, name):
        for base in ("include", "src", "apps", "examples", "."):
            if (self.root / base / name).is_file() and "/" in name:
                return pathlib.Path(base, name)
        return None

    def check_outside_include(self, path, number, name):
        for prefix, folders in LIBRARIES.items():
            if name.startswith(prefix) and not str(path).startswith(folders):
                self.error(path, number, f"<{name}> is only for {' and '.join(folders)}")
        if OPERATING_SYSTEM.fullmatch(name):
            self.check_system_include(path, number, name)
        if name in IMPURE_HEADERS and self.is_pure(path):
            self.error(path, number, f"{describe(path)} may not include <{name}>: it only computes")

    def check_system_include(self, path, number, name):
        if path.parts[0] in ("apps", "examples") or path in SYSTEM_FILES or is_test(path):
            return
        if path.parts[:2] != ("src", "io"):
            self.error(path, number, f"<{name}> is only for src/io/*.cc, apps/ and examples/")
        elif path.suffix == ".h":
            self.private_io_headers.add(pathlib.Path(*path.parts[1:]).as_posix())

    def check_private_headers(self):
        """What shows the operating system's headers must stay inside src/io/*.cc."""
        for header in sorted(self.private_io_headers):
            for path, number in self.included_by.get(header, []):
                if path.parts[:2] != ("src", "io") or path.suffix != ".cc":
                    self.error(path, number, f'"{header}" is private to src/io/*.cc: it includes the '
                                             "operating system's or the network library's headers")


ROOMY = ("src", "apps", "sim", "examples")


def room_of(path):
    """src/kv/store.h → kv; include/rabia/ids.h → include."""
    return path.parts[1] if path.parts[0] in ROOMY else path.parts[0]


def describe(path):
    return path.parts[0] if path.parts[0] not in ROOMY else "/".join(path.parts[:2])


def may_include(path, target):
    """Whether a file may include another, by where the two lie."""
    place, target_place = path.parts[0], target.parts[0]
    if target_place == "include":
        return True
    if place == target_place and room_of(path) == room_of(target):
        return True
    if place == "src":
        return target_place == "src" and room_of(target) in ROOMS.get(room_of(path), set())
    if place == "apps":
        return target_place == "src" or (
            target_place == "apps" and room_of(target) in APPS.get(room_of(path), set()))
    if place == "bench":  # What rabia-bench counts with, they count with.
        return target_place in ("src", "bench") or target.parts[:2] == ("apps", "rabia_bench")
    if place == "sim" and target_place == "sim":
        return room_of(target) in SIM_PARTS.get(room_of(path), set())
    if place == "sim":
        return target_place == "src" and room_of(target) not in SIM_WITHOUT.get(room_of(path), set())
    if place == "examples":
        return target_place == "examples" and room_of(target) in EXAMPLES.get(room_of(path), set())
    return place == "tests"


def main(arguments):
    root = pathlib.Path(arguments[1] if len(arguments) > 1 else pathlib.Path(__file__).parents[1])
    checker = Checker(root)
    paths = checker.check()
    for error in checker.errors:
        print(error)
    if not paths:
        print(f"{root}: no sources found")
        return 1
    return 1 if checker.errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
