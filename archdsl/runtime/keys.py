"""The keys of two state_dicts side by side."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from archdsl.claims import Claim, claim
from archdsl.runtime.trace import shown
from archdsl.runtime.weights import State

MOST = 3  # keys in a row


def keys_claim(against: str, ours: State, theirs: State, names: Mapping[str, str]) -> Claim:
    """Whether two models have the same keys; `names` are theirs for ours where they are known."""
    reshaped = [key for key in ours if key in theirs and ours[key].shape != theirs[key].shape]
    if ours.keys() == theirs.keys() and not reshaped:
        order = "" if [*ours] == [*theirs] else ", registered in another order"
        return claim(against, "keys", True, f"{len(ours)}{order}")
    renamed = [key for key in ours if names.get(key, key) != key]
    if names and len(theirs) == len(names):
        return Claim(against, "keys", "renamed", renaming(ours, renamed or reshaped, names))
    known = {names.get(key, key) for key in ours}
    parts = {
        "only here": [key for key in ours if names.get(key, key) not in theirs],
        "only there": [key for key in theirs if key not in known],
        "of another shape": [
            f"{key} ({shown(ours[key])}, {shown(theirs[key])})" for key in reshaped
        ],
    }
    texts = [f"{few(found)} {what}" for what, found in parts.items() if found]
    return claim(against, "keys", False, "; ".join(texts))


def renaming(ours: State, changed: list[str], names: Mapping[str, str]) -> str:
    """How many keys are others, and the first."""
    first = changed[0]
    return f"{len(changed)} of {len(ours)}: '{first}' is '{names[first]}' there"


def few(found: Collection[str]) -> str:
    """The first names of many, and how many more there are."""
    shown = ", ".join([*found][:MOST])
    return f"{shown} and {len(found) - MOST} more" if len(found) > MOST else shown
