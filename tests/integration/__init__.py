"""The real binary against real programs. Run one by hand: `tests/support/module.py integration.test_static`."""
