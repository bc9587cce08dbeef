"""Runs programs one after the other, each alone, and says what each of them took.

    contest.py NAME COMMAND [ARGUMENT ..] [-- NAME COMMAND [ARGUMENT ..]] ..
"""

import os
import sys
import time


def run(name, command):
    out = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"contest-{os.getpid()}")
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.execvp(command[0], command)
    _, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - started
    with open(out) as told:
        last = told.read().strip().split("\n")[-1][:200]
    os.remove(out)
    print(
        f"{name}: cpu {usage.ru_utime + usage.ru_stime:.2f} s (user {usage.ru_utime:.2f}, system {usage.ru_stime:.2f}), "
        f"wall {wall:.2f} s, peak {usage.ru_maxrss // 1024} MB, exit {os.waitstatus_to_exitcode(status)}; {last}",
        flush=True,
    )


arguments = sys.argv[1:]
while arguments:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    run(arguments[0], arguments[1:end])
    arguments = arguments[end + 1 :]
