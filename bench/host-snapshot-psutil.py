"""What `hostkit info --json` answers, asked of psutil, for host_snapshot.c."""
import json
import os
import platform

import psutil


def space(part):
    try:
        return psutil.disk_usage(part.mountpoint)._asdict()
    except OSError:
        return None


print(json.dumps({
    "host": [platform.uname()._asdict(), psutil.boot_time(), len(psutil.users())],
    "cpu": [psutil.cpu_times()._asdict(), [times._asdict() for times in psutil.cpu_times(percpu=True)],
            psutil.cpu_count(logical=False), psutil.cpu_stats()._asdict(), os.getloadavg()],
    "memory": [psutil.virtual_memory()._asdict(), psutil.swap_memory()._asdict()],
    "filesystems": {part.mountpoint: space(part) for part in psutil.disk_partitions(all=True)},
    "disks": {name: io._asdict() for name, io in psutil.disk_io_counters(perdisk=True).items()},
    "networks": [{name: io._asdict() for name, io in psutil.net_io_counters(pernic=True).items()},
                 {name: [address._asdict() for address in addresses]
                  for name, addresses in psutil.net_if_addrs().items()},
                 {name: stats._asdict() for name, stats in psutil.net_if_stats().items()}],
    "sensors": psutil.sensors_temperatures() if hasattr(psutil, "sensors_temperatures") else {},
}, default=str))
