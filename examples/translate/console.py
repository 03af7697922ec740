"""What Hugging Face Trainer v5 and tqdm put on a terminal, byte for byte where it matters.

Metrics go to stdout as dictionaries of strings, everything else to stderr, and each write is
flushed: a pipe then carries what a terminal would show, at the same moment.
"""

import sys
import time

BLOCKS = " ▏▎▍▌▋▊▉█"


def info(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def clock(seconds):
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return "%d:%02d:%02d" % (hours, minutes, seconds) if hours else "%02d:%02d" % (minutes, seconds)


class Bar:
    """A tqdm bar on stderr. `position` 1 is the evaluation's bar, drawn one line below."""

    def __init__(self, total, position=0, interval=0.5):
        self.total, self.position, self.interval = total, position, interval
        self.count, self.width, self.rate = 0, 0, None
        self.started = self.drawn = time.monotonic()
        self.drawn_count = 0
        self.draw()

    def text(self):
        elapsed = time.monotonic() - self.started
        share = min(1.0, self.count / self.total) if self.total else 1.0
        eighths = int(share * 80)
        bar = BLOCKS[8] * (eighths // 8)
        if eighths < 80:
            bar += BLOCKS[eighths % 8] + " " * (9 - eighths // 8)
        rate = self.count / elapsed if self.rate is None and elapsed > 0 and self.count else self.rate
        if not rate:
            speed, remaining = "?it/s", "?"
        else:
            speed = "%5.2fit/s" % rate if rate >= 1 else "%5.2fs/it" % (1 / rate)
            remaining = clock((self.total - self.count) / rate)
        return "%3.0f%%|%s| %d/%d [%s<%s, %s]" % (
            100 * share, bar, self.count, self.total, clock(elapsed), remaining, speed)

    def put(self, text):
        padded = text + " " * max(0, self.width - len(text))
        self.width = len(text)
        sys.stderr.write("\n" * self.position + "\r" + padded + "\x1b[A" * self.position)
        sys.stderr.flush()

    def draw(self):
        self.put(self.text())

    def update(self, count):
        """Moves to `count`; draws at most once per `interval` seconds, as tqdm's mininterval does."""
        now = time.monotonic()
        self.count = count
        if now - self.drawn >= self.interval and count > self.drawn_count:
            recent = (count - self.drawn_count) / (now - self.drawn)
            # tqdm's exponential smoothing.
            self.rate = recent if self.rate is None else 0.3 * recent + 0.7 * self.rate
            self.drawn, self.drawn_count = now, count
            self.draw()

    def write(self, line):
        """A line above the bar, as tqdm.write: the bar is wiped, the line printed, the bar redrawn."""
        sys.stderr.write("\r" + " " * self.width + "\r")
        sys.stderr.flush()
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        self.draw()

    def close(self):
        if self.position:
            self.put("")
            sys.stderr.write("\r")
        else:
            self.draw()
            sys.stderr.write("\n")
        sys.stderr.flush()


def printed(logs):
    """Transformers v5 prints floats as strings of four significant digits."""
    return str({key: "%.4g" % value if isinstance(value, float) else value
                for key, value in logs.items() if key != "total_flos"})
