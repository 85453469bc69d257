#!/usr/bin/env python3
"""Installs into an empty directory, and builds a program against nothing but that: with CMake and
the shared and static libraries, and with pkg-config. Every public header compiles by itself."""
import argparse
import os
import pathlib
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ARGUMENTS = argparse.ArgumentParser()
ARGUMENTS.add_argument("--build", required=True)
ARGUMENTS.add_argument("--compiler", required=True)


def run(*command, **options):
    done = subprocess.run([str(each) for each in command], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}")
    return done.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.scratch.name)
        cls.prefix = cls.root / "prefix"
        run("cmake", "--install", OPTIONS.build, "--prefix", cls.prefix)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def library_directory(self):
        return next(self.prefix.rglob("librabia.so")).parent

    def test_a_project_finds_it_by_cmake(self):
        build = self.root / "cmake"
        run("cmake", "-S", HERE / "installed", "-B", build, "-G", "Ninja",
            f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DCMAKE_CXX_COMPILER={OPTIONS.compiler}")
        run("cmake", "--build", build, "-j", "2")
        for program in ("with_rabia", "with_rabia_static"):
            self.assertIn("replicated", run(build / program))

    def test_a_program_finds_it_by_pkg_config(self):
        directory = self.library_directory()
        environment = dict(os.environ, PKG_CONFIG_PATH=str(directory / "pkgconfig"))
        flags = run("pkg-config", "--cflags", "--libs", "rabia", env=environment).split()
        run(OPTIONS.compiler, "-std=c++20", HERE / "installed" / "main.cc", "-o", self.root / "by_hand", *flags)
        environment = dict(os.environ, LD_LIBRARY_PATH=str(directory))
        self.assertIn("replicated", run(self.root / "by_hand", env=environment))

    def test_each_header_needs_only_what_is_installed(self):
        include = self.prefix / "include"
        headers = sorted(path.relative_to(include) for path in include.rglob("*.h"))
        self.assertGreater(len(headers), 10)
        for header in headers:
            run(OPTIONS.compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                f"-I{include}", "-x", "c++", "-", input=f'#include "{header}"\n')

    def test_the_programs_run(self):
        for program in ("rabia-server", "rabia-cluster", "rabia-ctl", "rabia-bench"):
            self.assertIn("0.1", run(self.prefix / "bin" / program, "--version"))


if __name__ == "__main__":
    OPTIONS, rest = ARGUMENTS.parse_known_args()
    unittest.main(argv=[__file__, *rest])
