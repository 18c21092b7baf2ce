"""The time zone in which clients and servers live.

Anki begins a new day at four in the morning, and sets the counters of the day to zero then. A test
that runs across that hour would see changes that nobody made. So it is noon when the tests begin,
wherever they run.
"""

from __future__ import annotations

import time

# As POSIX writes zones: a name, and the hours by which it is behind UTC.
ZONE = f"NOON{time.gmtime().tm_hour - 12}"
