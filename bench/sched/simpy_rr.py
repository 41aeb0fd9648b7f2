#!/usr/bin/python3
"""simpy_rr.py [TASKS [SLICES]]: round robin as one writes it in SimPy (Debian's, 2.3).

One process a task, which asks for the CPU, holds it for a quantum, and asks again until
its burst is over.  Prints how many million slices a second of processor time that is.
"""

import sys
import time

from SimPy.Simulation import Process, Resource, Simulation, hold, release, request

QUANTUM = 10


class Task(Process):
    def run(self, cpu, burst):
        remaining = burst
        while remaining > 0:
            yield request, self, cpu
            ran = min(QUANTUM, remaining)
            yield hold, self, ran
            remaining -= ran
            yield release, self, cpu


def main():
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    slices = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    simulation = Simulation()
    simulation.initialize()
    cpu = Resource(capacity=1, sim=simulation)
    for _ in range(tasks):
        task = Task(sim=simulation)
        simulation.activate(task, task.run(cpu, slices * QUANTUM))
    before = time.process_time()
    simulation.simulate(until=tasks * slices * QUANTUM + 1)
    print(tasks * slices / (time.process_time() - before) / 1e6)


if __name__ == "__main__":
    main()
