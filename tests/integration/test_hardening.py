"""What the compiler and the linker were told to do against a fault being used: it is all in the binary."""

import os
import platform
import re
import shutil
import subprocess
import unittest

from support.cardea import binary

RELEASE = f"{os.sep}release{os.sep}" in os.path.abspath(binary())  # others are built for finding faults


@unittest.skipUnless(shutil.which("readelf"), "no readelf")
class Hardening(unittest.TestCase):
    def read(self, *what):
        return subprocess.run(["readelf", "-W", *what, binary()], capture_output=True, text=True, check=True).stdout

    def test_it_lies_anywhere_in_memory(self):
        self.assertRegex(self.read("-h"), r"Type:\s+DYN \(Position-Independent Executable file\)")
        self.assertNotIn("TEXTREL", self.read("-d"))

    def test_what_the_loader_has_resolved_is_read_only(self):
        self.assertIn("GNU_RELRO", self.read("-l"))
        self.assertRegex(self.read("-d"), r"FLAGS.*BIND_NOW|\(BIND_NOW\)")

    def test_no_segment_is_both_written_and_run(self):
        for line in re.findall(r"^ +(?:LOAD|GNU_STACK) .*$", self.read("-l"), re.M):
            self.assertNotRegex(line, r"\sRWE\s")
        self.assertRegex(self.read("-l"), r"GNU_STACK .*\sRW\s")

    def test_libraries_come_from_the_system_only(self):
        self.assertNotRegex(self.read("-d"), r"\((RPATH|RUNPATH)\)")

    def test_returns_are_checked_against_a_canary(self):
        self.assertIn("__stack_chk_fail", self.read("--dyn-syms"))

    def test_copies_of_a_known_size_are_checked(self):
        if RELEASE:
            self.assertRegex(self.read("--dyn-syms"), r"__(memcpy|memset|snprintf|memmove|read|recv)_chk@")

    def test_returns_have_a_shadow_and_calls_a_landing_place(self):
        if platform.machine() == "x86_64":
            self.assertRegex(self.read("-n"), r"x86 feature:.*SHSTK")
            code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "--disassemble=main", binary()], capture_output=True, text=True, check=True).stdout
            self.assertRegex(code, r"<main>:\n\s+[0-9a-f]+:\s+endbr64")


if __name__ == "__main__":
    unittest.main()
