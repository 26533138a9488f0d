"""How far two words are apart: the number of letters to add, drop, change or exchange."""


def distance(one: str, other: str, most: int) -> int | None:
    """The distance of two words if it is `most` at most, else None.

    An exchange of two neighbouring letters counts as one change (the restricted distance of Damerau
    and Levenshtein).
    """
    if abs(len(one) - len(other)) > most:
        return None
    before: list[int] = []
    last = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        costs = [at]
        for there, its in enumerate(other, 1):
            cost = min(last[there] + 1, costs[-1] + 1, last[there - 1] + (letter != its))
            is_exchanged = (
                at > 1 and there > 1 and letter == other[there - 2] and one[at - 2] == its
            )
            costs.append(min(cost, before[there - 2] + 1) if is_exchanged else cost)
        if min(costs) > most and min(last) > most:
            return None
        before, last = last, costs
    return last[-1] if last[-1] <= most else None
