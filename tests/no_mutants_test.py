#!/usr/bin/python3
"""No rule can be broken in what ships: base/mutant.h.

    tests/no_mutants_test.py --build BUILD --mutable LIBRARY --compiler COMPILER PROGRAM...

Looks into the programs and into the libraries of all rooms for what breaks rules; the mutable
library, in which all of it is, shows that it would be seen.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).parents[1]
SYMBOLS = ("rabia::base::active_mutant()", "rabia::base::activate(", "rabia::base::mutants()")
options = argparse.Namespace()


def symbols_of(path):
    """What the file defines or asks of others."""
    return subprocess.run(["nm", "-C", path], check=True, capture_output=True, text=True).stdout


def names():
    """What mutants are called on the command line."""
    table = (ROOT / "src/base/mutant.cc").read_text(encoding="utf-8")
    return [name.encode() for name in re.findall(r'\{Mutant::\w+, "([a-z0-9-]+)"', table)]


class NoMutants(unittest.TestCase):
    # Given the mutable library, when it is looked into, then all that breaks rules is seen.
    def test_the_mutable_library_has_them(self):
        symbols = symbols_of(options.mutable)
        content = options.mutable.read_bytes()
        for symbol in SYMBOLS:
            self.assertIn(symbol, symbols)
        self.assertGreater(len(names()), 20)
        for name in names():
            self.assertIn(name, content)

    # Given the programs and the libraries of the rooms, when they are looked into, then nothing
    # that breaks a rule is in them, and nothing that would ask for it.
    def test_nothing_else_has_them(self):
        libraries = [path for folder in ("src", "apps")
                     for path in sorted((options.build / folder).rglob("*.a"))]
        self.assertGreater(len(libraries), 8)
        for path in [*options.programs, *libraries]:
            with self.subTest(path=path):
                symbols = symbols_of(path)
                self.assertIn("rabia::", symbols, "nothing to be seen: it proves nothing")
                for symbol in SYMBOLS:
                    self.assertNotIn(symbol, symbols)
                content = path.read_bytes()
                for name in names():
                    self.assertNotIn(name, content)

    # Given a program, when it is compiled with rules that can be broken, then it refuses.
    def test_no_program_compiles_with_them(self):
        mains = sorted((ROOT / "apps").glob("*/main.cc"))
        self.assertEqual(len(options.programs), len(mains))
        for main in mains:
            with self.subTest(main=main):
                command = [options.compiler, "-E", "-DRABIA_MUTANTS", "-o", "/dev/null", main]
                compiled = subprocess.run(command, capture_output=True, text=True)
                self.assertNotEqual(0, compiled.returncode)
                self.assertIn("#error \"RABIA_MUTANTS", compiled.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--mutable", type=pathlib.Path, required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("programs", type=pathlib.Path, nargs="+")
    parser.parse_args(namespace=options)
    unittest.main(argv=sys.argv[:1])
