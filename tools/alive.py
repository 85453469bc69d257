"""Whether a process is still there: used by the tests and by the benchmark."""

import os
import pathlib


def is_alive(pid):
    """A process whose first thread is a zombie holds its files, and their locks, until the others have ended too."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return stat.rpartition(")")[2].split()[0] != "Z" or len(os.listdir(f"/proc/{pid}/task")) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False
