"""What the figures were measured on and with."""

import os
import pathlib
import platform
import shutil
import subprocess


def facts(directory):
    return {
        "commit": commit(),
        "cores": f"{len(os.sched_getaffinity(0))} × {processor()}",
        "memory": f"{memory_bytes() / 2**30:.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "file system": filesystem_of(directory),
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "redis-server": version_of("redis-server", "--version"),
        "etcd": version_of("etcd", "--version"),
    }


def commit():
    root = pathlib.Path(__file__).parent
    found = first_line("git", "-C", str(root), "rev-parse", "HEAD")
    changed = first_line("git", "-C", str(root), "status", "--porcelain", "--untracked-files=no")
    return (found or "unknown") + (", with changes" if changed else "")


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def memory_bytes():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def filesystem_of(directory):
    """Type and mount options of the file system that holds the directory."""
    path = pathlib.Path(directory).resolve()
    best = ("", "unknown")
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, mounted_at, kind, options = line.split()[:4]
        if path.is_relative_to(mounted_at) and len(mounted_at) >= len(best[0]):
            best = (mounted_at, f"{kind} ({options})")
    return best[1]


def version_of(program, flag):
    return first_line(program, flag) if shutil.which(program) else "not installed"


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    return lines[0] if done.returncode == 0 and lines else ""
