"""One run of the load generator on servers that run: flags in, figures out."""

import json
import subprocess
import time

from processes import Failure, die_with_parent


class Run:
    """A run under way. result() waits for its figures."""

    def __init__(self, settings, running, flags, measures_cpu=True, allow_errors=False):
        self.what = f"{running.program} on {running.name}: {' '.join(str(flag) for flag in flags)}"
        self.json_file = running.home.directory / f"figures-{time.monotonic_ns()}.json"
        command = [settings.bin / running.program, "--targets", running.targets, "--json",
                   self.json_file, *flags]
        if measures_cpu:
            command += ["--pids", ",".join(str(pid) for pid in running.pids)]
        if allow_errors:
            command += ["--allow-errors"]
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        preexec_fn=die_with_parent)

    def result(self):
        try:
            out, _ = self.process.communicate()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        if self.process.returncode != 0:
            raise Failure(f"{self.what} failed:\n{out}")
        return json.loads(self.json_file.read_text())


def measure(settings, running, *flags, **options):
    """The figures of one run (bench/README.md names the fields)."""
    return Run(settings, running, flags, **options).result()


def preload(settings, running, *flags):
    """Writes every key once; `flags` name keys and values."""
    measure(settings, running, "--preload", "--requests", 1, "--mix", "get", *flags)


def of_writes(running):
    """Flags for loads with writes: WAIT, where that is what the set-up promises."""
    return running.load_flags
