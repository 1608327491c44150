"""Loopback providers, and an environment without keys."""

from provider_fixtures import clock, no_environment, quick, serve  # noqa: F401
