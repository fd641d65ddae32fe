"""Ratios, free of I/O."""


def response_rate(answered: int, invited: int) -> float:
    """Answered / invited in percent, to one decimal; 0 where nobody was invited."""
    return round(100 * answered / invited, 1) if invited else 0.0
