"""Media as they are sent and fetched, by hand and over one connection.

The real client takes longer than any server, and hides what servers do.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from harness.raw import compress
from harness.raw_media import RawMedia, zipped


@dataclass(frozen=True)
class Load:
    """Files of one size, as they are sent: whatever a client does before is done already."""

    count: int
    size: int
    batches: list[bytes]

    @staticmethod
    def make(count: int, size: int) -> Load:
        """Files that cannot be compressed, as images cannot, in batches as clients send them."""
        random_bytes = random.Random(count)
        batches, batch = [], []
        for number in range(count):
            batch.append((f"{number:06}.jpg", random_bytes.randbytes(size)))
            if len(batch) == 25 or len(batch) * size > 2_621_440 or number == count - 1:
                batches.append(compress(zipped(batch)))
                batch = []
        return Load(count, size, batches)

    def __str__(self) -> str:
        if self.count == 1:
            return f"a file of {self.size // 1_000_000} MB"
        return f"{self.count:,} files of {self.size // 1000} kB"

    def up(self, client: RawMedia) -> None:
        """Send everything."""
        assert client.begin() == 0
        for batch in self.batches:
            client.send_packed("uploadChanges", batch)
        assert client.sanity(self.count) == "OK"

    def down(self, client: RawMedia) -> None:
        """Fetch everything, check it, and throw it away."""
        names = [name for name, _, _ in client.all_changes()]
        bytes_left = self.count * self.size
        while names:
            files = client.download(names[:25])
            names = names[len(files) :]
            bytes_left -= sum(len(content) for _, content in files)
        assert bytes_left == 0
        assert client.sanity(self.count) == "OK"
