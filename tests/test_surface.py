"""The public surface changes on purpose only."""

import surface


def test_the_public_surface_is_the_golden_one():
    golden = surface.GOLDEN.read_text(encoding="utf-8")
    assert surface.text() == golden, "run `make golden` and look at the difference"
