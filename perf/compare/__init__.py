"""perf/run: Cardea beside what a proxy cannot undercut and beside other proxies, measured in turns of a tenth of a second."""
