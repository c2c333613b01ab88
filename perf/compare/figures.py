"""What can be said of noisy samples: medians, intervals and ratios of what was measured at nearly the same time."""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Interval:
    """A median, and where it lies nine times out of ten by order statistics; exact values have no width."""
    median: float
    low: float
    high: float
    samples: int = 1

    def text(self, digits=2):
        if self.samples == 1:
            return f"{self.median:.{digits}f}"
        return f"{self.median:.{digits}f} ({self.low:.{digits}f}..{self.high:.{digits}f})"


def exact(value):
    return Interval(value, value, value)


def interval(values):
    """None without any value."""
    ordered = sorted(value for value in values if value is not None)
    if not ordered:
        return None
    count = len(ordered)
    # The ranks of a ~90 % interval of the median: the normal approximation of a binomial distribution of one half.
    rank = max(0, int((count - 1.645 * count ** 0.5) // 2))
    return Interval(statistics.median(ordered), ordered[rank], ordered[count - 1 - rank], count)


def ratios(above, below):
    """Of two lists of samples, one of each a round: None stands for a sample that failed."""
    return [a / b for a, b in zip(above, below) if a is not None and b]


def verdict(found, bar):
    """met, missed: the whole interval is on that side of the bar; met?, missed?: only the median is."""
    if found.high <= bar:
        return "met"
    if found.low > bar:
        return "missed"
    return "met?" if found.median <= bar else "missed?"
