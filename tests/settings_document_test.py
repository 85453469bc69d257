"""The table of settings in docs/configuration.md is the one that rabia-server has.

    settings_document_test.py RABIA_SERVER            exits with 1 when it is not
    settings_document_test.py RABIA_SERVER --write    puts it there
"""

import pathlib
import subprocess
import sys

DOCUMENT = pathlib.Path(__file__).resolve().parents[1] / "docs" / "configuration.md"
BEGIN = "<!-- settings: made by tests/settings_document_test.py --write -->\n"
END = "<!-- end of settings -->\n"


def main(server, *words):
    table = subprocess.run([server, "--print-settings"], check=True, capture_output=True,
                           text=True).stdout
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    wanted = before + BEGIN + table + END + after
    if words == ("--write",):
        DOCUMENT.write_text(wanted, encoding="utf-8")
        return 0
    if text == wanted:
        return 0
    print(f"{DOCUMENT}: the table of settings is not the program's: run {__file__} {server} --write")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
