#!/usr/bin/python3
"""Checks that what is named exists: documents in comments and documents, tests in CMakeLists.txt and
in docs/mission.md.

    tools/check_names.py [ROOT]

Prints one line for each document or test that is named and does not exist, and for each *_test.cc that
no CMakeLists.txt names (it would never run), and exits with 1 if there is any.
"""

import pathlib
import re
import sys

FOLDERS = ("include", "src", "apps", "sim", "bench", "cmake", "docs", "examples", "tests", "tools")
SUFFIXES = {".h", ".cc", ".md", ".py", ".mjs", ".txt", ".cmake", ""}
# Where a document may lie that is named without its folder, beside that of the file that names it.
DOCUMENT_FOLDERS = ("", "docs", "docs/formats")
# What `make bench` writes: it is not there before.
WRITTEN_BY_RUNS = {"table.md", "results/latest.md"}
DOCUMENT = re.compile(r"[\w./-]*\w\.md\b")
MISSION = pathlib.Path("docs/mission.md")
# `Suite.Name` of a test in C++, and `test_name` of one in Python.
TEST_OF_THE_MISSION = re.compile(r"`([A-Z]\w*[a-z]\w*)\.([A-Z]\w+)`|`(test_\w+)`")


def files_of(root):
    """The project's text files, as paths from the root."""
    paths = [path for path in root.iterdir() if path.is_file()]
    for folder in FOLDERS:
        paths += (root / folder).rglob("*")
    return sorted(path.relative_to(root) for path in paths
                  if path.is_file() and path.suffix in SUFFIXES and "node_modules" not in path.parts)


def names_nothing(root, path, name):
    """Whether the document that `path` names is in none of the places where a reader looks."""
    if name in WRITTEN_BY_RUNS:
        return False
    places = [path.parent, *(pathlib.Path(folder) for folder in DOCUMENT_FOLDERS)]
    return not any((root / place / name).is_file() for place in places)


def missing_documents(root, paths):
    for path in paths:
        if path.name == "check_names_test.py":  # It makes them up.
            continue
        text = (root / path).read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            for name in DOCUMENT.findall(line):
                if names_nothing(root, path, name):
                    yield f"{path}:{number}: there is no {name}"


def tests_never_run(root, paths):
    for path in paths:
        if path.parts[0] not in ("src", "apps", "bench", "sim", "examples") or not path.name.endswith("_test.cc"):
            continue
        lists = [root / folder / "CMakeLists.txt" for folder in path.parents]
        named = any(path.relative_to(each.parent.relative_to(root)).as_posix()
                    in re.split(r"[\s()]+", each.read_text(encoding="utf-8"))
                    for each in lists if each.is_file())
        if not named:
            yield f"{path}:1: no CMakeLists.txt names this test: it never runs"


def tests_missing_of_the_mission(root, paths):
    if MISSION not in paths:
        return
    code = "".join((root / path).read_text(encoding="utf-8") for path in paths
                   if path.name.endswith(("_test.cc", "_test.py")))
    for number, line in enumerate((root / MISSION).read_text(encoding="utf-8").splitlines(), 1):
        for suite, name, python in TEST_OF_THE_MISSION.findall(line):
            named = f"({suite}, {name})" if suite else f"def {python}("
            if named not in code:
                yield f"{MISSION}:{number}: there is no test {python or suite + '.' + name}"


def main(arguments):
    root = pathlib.Path(arguments[1] if len(arguments) > 1 else pathlib.Path(__file__).parents[1])
    paths = files_of(root)
    errors = [*missing_documents(root, paths), *tests_never_run(root, paths),
              *tests_missing_of_the_mission(root, paths)]
    for error in errors:
        print(error)
    if not paths:
        print(f"{root}: no files found")
    return 1 if errors or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
