"""Says what a pull took: rows, wall and CPU seconds, peak memory."""

import resource
import time


def measured(name, pull):
    started = time.monotonic()
    rows = pull()
    wall = time.monotonic() - started
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in usage)
    peak = max(one.ru_maxrss for one in usage) // 1024
    print(f"{name}: {rows} rows; wall {wall:.1f} s, cpu {cpu:.1f} s, peak {peak} MB", flush=True)
