"""Eight threads share one account of OpenAI's: its limits, a budget, and a patience.

Offline, against a stand-in on this machine. The clock here is one that the example moves itself, so
that it need not wait for the minutes it would take; leave `clock` and `sleep` out for the real one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from stand_in import stand_in

import engram
from engram.embed.remote import get_remote
from engram.remote import Budget, Limits, Retries


class FastClock:
    """Time that passes when somebody sleeps."""

    now = 0.0

    def sleep(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self.now += seconds


def main() -> None:
    """Embed by eight threads, then run out of budget."""
    clock = FastClock()
    limits = Limits(
        requests_per_minute=60,
        tokens_per_minute=10_000,
        clock=lambda: clock.now,
        sleep=clock.sleep,
    )
    budget = Budget(money=0.0001, prices={"compatible:stand-in": 0.02})  # per million tokens
    with (
        stand_in() as url,
        get_remote(
            "compatible:stand-in",
            base_url=url,
            limits=limits,
            budget=budget,
            retries=Retries(attempts=8),
        ) as model,
        ThreadPoolExecutor(8) as pool,
    ):
        list(pool.map(model.encode, [f"note number {n}" for n in range(100)]))
        print(limits)
        print(budget, model.usage)
        try:
            model.encode_batch([f"a long note, number {n}: " + "x " * 80 for n in range(1_000)])
        except engram.EngramError as error:
            print(error.code)


if __name__ == "__main__":
    main()
