#!/usr/bin/python3
"""The check of names itself: it must see what it is there to see."""

import pathlib
import tempfile
import unittest

import check_names


def errors_in(check, files):
    """What `check` says of a tree of these files."""
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return list(check(root, check_names.files_of(root)))


class CheckNames(unittest.TestCase):
    # Given documents named by path, by name, or from beside them, when they exist, then nothing is
    # said.
    def test_documents_that_exist_pass(self):
        self.assertEqual([], errors_in(check_names.missing_documents, {
            "docs/protocol.md": "see [bytes](formats/wal.md)\n",
            "docs/formats/wal.md": "see ../protocol.md, section 2, and record.md.\n",
            "docs/formats/record.md": "",
            "src/kv/store.h": "// protocol.md 2.2; docs/formats/wal.md, README.md\n",
            "src/kv/README.md": ""}))

    # Given a document that does not exist, when code or another document names it, then file and
    # line are said.
    def test_documents_that_do_not_exist_are_named(self):
        self.assertEqual(["docs/a.md:2: there is no formats/wal.md",
                          "src/kv/store.h:1: there is no docs/protocol.md"],
                         errors_in(check_names.missing_documents, {
                             "docs/a.md": "\n[bytes](formats/wal.md)\n",
                             "src/kv/store.h": "// docs/protocol.md.\n"}))

    # Given tests, when their own folder's list or one above names them, then nothing is said.
    def test_tests_that_run_pass(self):
        self.assertEqual([], errors_in(check_names.tests_never_run, {
            "src/io/CMakeLists.txt": "TESTS a_test.cc testing/b_test.cc)\n",
            "src/io/a_test.cc": "", "src/io/testing/b_test.cc": "",
            "apps/CMakeLists.txt": "settings/c_test.cc", "apps/settings/c_test.cc": ""}))

    # Given a test that no list names, or only as the end of another's name, then it is named.
    def test_tests_that_never_run_are_named(self):
        self.assertEqual(1, len(errors_in(check_names.tests_never_run, {
            "src/io/CMakeLists.txt": "TESTS data_test.cc)\n",
            "src/io/a_test.cc": "", "src/io/data_test.cc": ""})))

    # Given the table of the mission, then each test that it names and that does not exist is said;
    # what looks like one and is a command is left alone.
    def test_tests_of_the_mission_exist(self):
        self.assertEqual(["docs/mission.md:2: there is no test Wal.IsFast",
                          "docs/mission.md:2: there is no test test_sizes"],
                         errors_in(check_names.tests_missing_of_the_mission, {
                             "docs/mission.md": "`Wal.IsSafe`, `test_files`, `RABIA.GET`\n"
                                                "`Wal.IsFast` `test_sizes`\n",
                             "src/a_test.cc": "TEST_F(Wal, IsSafe) {",
                             "tests/integration/b_test.py": "    def test_files(self):"}))


if __name__ == "__main__":
    unittest.main()
