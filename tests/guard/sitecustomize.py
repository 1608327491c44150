"""Imported by every Python that the tests start, before anything else (see `network_guard`)."""

import os

if "ENGRAM_TESTS_NETWORK_LOG" in os.environ:
    import network_guard

    network_guard.install()
