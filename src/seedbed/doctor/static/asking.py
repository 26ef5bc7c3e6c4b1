"""What a rule asked of a program, and whether the same questions can have another answer elsewhere.

A rule is a function of what it asks. When all that it asked for was absent and it found nothing, it finds nothing
in any other program where the same things are absent: it would ask the same questions and get the same answers. So
it need not be called there. Rules declare nothing for this; what they ask is noted while they ask it.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

# A kind of event, a type of syntax nodes, "." and the name of a call, "@" and what a call makes, "*" and an operation
# or "#" and a kind of a value, or one of those below.
Word = str | type
SOURCE = "=source"  # the text and tree of the file
EVENTS, ASSIGNS, CLASSES, FUNCTIONS, COMPLETE = "=events", "=assigns", "=classes", "=functions", "=complete"
_MOST = 6  # sets of questions that are remembered for a rule


class Notes(MutableMapping[str, Any]):
    """What rules work out once for a program; who reads an entry has asked what its author asked."""

    def __init__(self) -> None:
        self.asked: set[Word] = set()
        self._known: dict[str, Any] = {}
        self._reasons: dict[str, frozenset[Word]] = {}
        self._open: dict[str, set[Word]] = {}

    def __getitem__(self, key: str) -> Any:
        if key in self._known:
            self.asked |= self._reasons[key]
            return self._known[key]
        if key not in self._open:  # it is worked out now: what is asked from here on are its reasons
            self._open[key], self.asked = self.asked, set()
        raise KeyError(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._reasons[key] = frozenset(self.asked)
        self._known[key] = value
        self.asked |= self._open.pop(key, set())

    def __delitem__(self, key: str) -> None:
        raise TypeError("what is known of a program stays")

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def begin(self) -> None:
        """Forget what was asked: the next rule begins."""
        self.asked = set()
        self._open.clear()

    def all_asked(self) -> frozenset[Word]:
        """Everything that was asked since ``begin``."""
        return frozenset(self.asked.union(*self._open.values()))


class Silence:
    """When rules find nothing: for each code, sets of things that were all absent when it was silent."""

    def __init__(self) -> None:
        self._known: dict[str, list[frozenset[Word]]] = {}

    def expected(self, present: frozenset[Word]) -> set[str]:
        """The codes of rules that find nothing where these things, and no others, are present."""
        found: set[str] = set()
        for code, known in self._known.items():
            for asked in known:
                if asked.isdisjoint(present):
                    found.add(code)
                    break
        return found

    def learn(self, code: str, asked: frozenset[Word]) -> None:
        """Remember that a rule was silent where all of ``asked`` were absent."""
        known = [one for one in self._known.get(code, ()) if not asked <= one]
        self._known[code] = [*known, asked][:_MOST]
