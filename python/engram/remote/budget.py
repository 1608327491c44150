"""What may be spent, and what was.

Owns: `Usage` and `Budget`. Invariant: what is under way counts as spent by its estimate, so that
threads together do not pass a budget that none of them passes alone.
"""

from __future__ import annotations

import threading

from engram.errors import Conflict, InvalidInput
from engram.records import Frozen, _set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Price = float | tuple[float, float]

__all__ = ["Budget", "Ledger", "Usage"]

_MILLION = 1_000_000


class Usage(Frozen):
    """Tokens that a call, or many, took. Frozen; adds up with ``+``.

    Attributes:
        input_tokens: Tokens sent.
        output_tokens: Tokens answered; 0 for embeddings.
    """

    __slots__ = ("input_tokens", "output_tokens")

    input_tokens: int
    output_tokens: int

    def __init__(self, input_tokens: int = 0, output_tokens: int = 0) -> None:
        """Make a count."""
        _set(self, "input_tokens", int(input_tokens))
        _set(self, "output_tokens", int(output_tokens))

    @property
    def tokens(self) -> int:
        """Both together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        """Add two counts."""
        return Usage(
            self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens
        )

    def __eq__(self, other: object) -> bool:
        """Compare both counts."""
        return isinstance(other, Usage) and (self.input_tokens, self.output_tokens) == (
            other.input_tokens,
            other.output_tokens,
        )

    def __hash__(self) -> int:
        """Hash both counts."""
        return hash((self.input_tokens, self.output_tokens))

    def __repr__(self) -> str:
        """Show both counts."""
        return f"Usage(input_tokens={self.input_tokens}, output_tokens={self.output_tokens})"


class Budget:
    """What may be spent in all. A request that would go beyond it is refused before it is sent.

    Hand the same object to every model that draws on it. An answer of a language model counts
    before it is known only with its `max_tokens`; without, the last answer may go over.

    Example:
        >>> from engram.remote import Budget
        >>> budget = Budget(money=2.5, prices={"openai:text-embedding-3-small": 0.02})
    """

    def __init__(
        self,
        *,
        tokens: int | None = None,
        money: float | None = None,
        prices: Mapping[str, Price] | None = None,
    ) -> None:
        """Make a budget.

        Args:
            tokens: Tokens in all, input and output.
            money: Money in all, in the currency of `prices`.
            prices: By ``"provider:model"``: the price of a million tokens, or a pair of those of
                input and of output. engram knows no prices: they change.

        Raises:
            InvalidInput: ``input.invalid`` where neither `tokens` nor `money` is given, one is
                negative, or there is money without prices.
        """
        if (tokens is None and money is None) or (tokens or 0) < 0 or (money or 0) < 0:
            raise InvalidInput(
                "input.invalid",
                f"Budget(tokens={tokens}, money={money}) limits nothing",
                "give tokens= or money=, 0 or more",
            )
        if money is not None and not prices:
            raise InvalidInput(
                "input.invalid",
                "a budget of money needs prices",
                'prices={"provider:model": price of a million tokens}',
            )
        self.tokens = tokens
        self.money = money
        self._prices = {
            name: price if isinstance(price, tuple) else (price, price)
            for name, price in (prices or {}).items()
        }
        self._lock = threading.Lock()
        self._spent_tokens = 0
        self._spent_money = 0.0

    @property
    def spent_tokens(self) -> int:
        """Tokens spent so far, those of requests under way by their estimate."""
        return self._spent_tokens

    @property
    def spent_money(self) -> float:
        """Money spent so far; 0 without prices."""
        return self._spent_money

    def reserve(self, model: str, expected: Usage) -> None:
        """Take what a request is expected to use.

        Raises:
            Conflict: ``remote.budget`` where that is more than is left.
            InvalidInput: ``input.invalid`` where the model has no price and the budget is of money.
        """
        cost = self._cost(model, expected)
        with self._lock:
            tokens = self._spent_tokens + expected.tokens
            money = self._spent_money + cost
            if self.tokens is not None and tokens > self.tokens:
                raise _beyond(model, "tokens", expected.tokens, self.tokens - self._spent_tokens)
            if self.money is not None and money > self.money:
                raise _beyond(model, "money", cost, self.money - self._spent_money)
            self._spent_tokens, self._spent_money = tokens, money

    def correct(self, model: str, expected: Usage, actual: Usage) -> None:
        """Put right what `reserve` took, once the provider has counted."""
        change = self._cost(model, actual) - self._cost(model, expected)
        with self._lock:
            self._spent_tokens += actual.tokens - expected.tokens
            self._spent_money += change

    def _cost(self, model: str, usage: Usage) -> float:
        price = self._prices.get(model)
        if price is None:
            if self.money is None:
                return 0.0
            raise InvalidInput(
                "input.invalid",
                f"the budget of money has no price for {model}",
                f'Budget(prices={{"{model}": price of a million tokens}})',
            )
        return (usage.input_tokens * price[0] + usage.output_tokens * price[1]) / _MILLION

    def __repr__(self) -> str:
        """Show what is spent of what."""
        parts = []
        if self.tokens is not None:
            parts.append(f"tokens={self._spent_tokens}/{self.tokens}")
        if self.money is not None:
            parts.append(f"money={self._spent_money:.6g}/{self.money:.6g}")
        return f"Budget({', '.join(parts)})"


class Ledger:
    """What one model used so far, and the budget that this counts against, if any."""

    def __init__(self, model: str, budget: Budget | None) -> None:
        self._model = model
        self._budget = budget
        self._lock = threading.Lock()
        self.usage = Usage()

    def reserve(self, expected: Usage) -> None:
        """Take what a request is expected to use; see `Budget.reserve`."""
        if self._budget is not None:
            self._budget.reserve(self._model, expected)

    def correct(self, expected: Usage, actual: Usage) -> None:
        """Count what a request did use."""
        if self._budget is not None:
            self._budget.correct(self._model, expected, actual)
        with self._lock:
            self.usage += actual


def _beyond(model: str, what: str, wanted: float, left: float) -> Conflict:
    return Conflict(
        "remote.budget",
        f"a request to {model} of about {wanted:.6g} {what} would pass the budget: "
        f"{max(0, left):.6g} are left",
        "a larger Budget, or less to send",
        {"model": model, "unit": what, "wanted": f"{wanted:.6g}", "left": f"{left:.6g}"},
    )
