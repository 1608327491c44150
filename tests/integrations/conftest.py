"""What the tests of the integrations share: no telemetry, no downloads."""

import os

# Before the frameworks are imported: they read these when they load.
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
os.environ["LANGCHAIN_TRACING_V2"] = "false"
os.environ["LANGSMITH_TRACING"] = "false"
