"""The table of versions and scenarios: printed at the end, and written into a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

BEGIN, END = "<!-- matrix: begin -->", "<!-- matrix: end -->"

# Tests and the heads of their columns.
COLUMNS = {
    "test_login": "login",
    "test_upload": "upload",
    "test_download": "download",
    "test_incremental": "both ways",
    "test_deletions": "deletions",
    "test_schema_change-old": "field added by the old client",
    "test_schema_change-new": "field added by 26.9.3",
    "test_equal_names-old": "equal names, old client first",
    "test_equal_names-new": "equal names, 26.9.3 first",
    "test_settings-old": "settings of both, old client first",
    "test_settings-new": "settings of both, 26.9.3 first",
    "test_compare_equal-old": "compares equal, old client first",
    "test_compare_equal-new": "compares equal, 26.9.3 first",
    "test_compare_astray": "differences are named",
    "test_counts_that_differ": "way out when counts differ",
    "test_media": "media",
    "test_media_conflicts": "media conflicts",
    "test_media_names": "media names",
    "test_media_healed": "lost media healed",
    "test_media_restored": "media restored",
    "test_newer_settings": "newer settings kept",
    "test_changes_in_the_endpoints_file": "changes the endpoint's own file",
    "test_reference": "reference server keeps them",
}


class Table:
    """Collects the outcome of each test."""

    def __init__(self, page: str | None) -> None:
        self.page = Path(page) if page else None
        if self.page:
            self._split()  # a page that cannot be written is told before minutes have passed
        self.cells: dict[str, dict[str, str]] = {}
        self.notes: list[str] = []
        self.skipped = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a report; those of set-up and tear-down matter when they are no success."""
        if report.when != "call" and report.passed:
            return
        found = re.search(r"::(test_\w+)\[(?:(old|new)-)?([\d.]+)(?:-(old|new))?\]", report.nodeid)
        if found is None:
            return
        test, before, version, after = found.groups()
        who = before or after
        column = f"{test}-{who}" if who else test
        self.cells.setdefault(version, {})[column] = self._cell(version, report)

    def _cell(self, version: str, report: pytest.TestReport) -> str:
        if report.skipped:
            self.skipped += 1
            told = report.longrepr
            reason = str(told[2] if isinstance(told, tuple) else told).removeprefix("Skipped: ")
            return self._noted("skipped", f"{version}: {reason}")
        if report.failed:
            return "**failed**"
        lost: Any = dict(report.user_properties).get("lost")
        if lost is None:
            return "ok"
        return "yes" if not lost else self._noted("no", f"{version} loses {', '.join(lost)}")

    def _noted(self, cell: str, note: str) -> str:
        if note not in self.notes:
            self.notes.append(note)
        return cell

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the table, and write it where that was asked for."""
        if not self.cells:
            return
        text = self.markdown()
        terminalreporter.section("matrix")
        terminalreporter.write_line(text)
        if self.page:
            self.write(text)

    def markdown(self) -> str:
        """The table with its notes."""
        columns = {key: head for key, head in COLUMNS.items() if self._has(key)}
        lines = [f"| Anki | {' | '.join(columns.values())} |", "|---" * (len(columns) + 1) + "|"]
        for version in sorted(self.cells, key=_numbers):
            cells = (self.cells[version].get(column, "not run") for column in columns)
            lines.append(f"| {version} | {' | '.join(cells)} |")
        outcomes = [cell for row in self.cells.values() for cell in row.values()]
        failed = outcomes.count("**failed**")
        lines += ["", f"{len(outcomes)} cells: {failed} failed, {self.skipped} skipped."]
        if self.notes:
            lines += ["", *(f"* {note}" for note in sorted(self.notes, key=_numbers))]
        return "\n".join(lines)

    def _has(self, column: str) -> bool:
        return any(column in row for row in self.cells.values())

    def write(self, text: str) -> None:
        """Put the table between the markers of the page."""
        assert self.page is not None
        before, after = self._split()
        self.page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")

    def _split(self) -> tuple[str, str]:
        """What stands before and after the table in the page."""
        assert self.page is not None
        page = self.page.read_text(encoding="utf-8") if self.page.is_file() else ""
        before, found, rest = page.partition(BEGIN)
        _, ended, after = rest.partition(END)
        if not (found and ended):
            raise pytest.UsageError(f"{self.page} lacks {BEGIN} or {END}")
        return before, after


def _numbers(text: str) -> list[int]:
    """The numbers of the version that a text begins with, to sort by."""
    version = re.match(r"[\d.]+", text)
    return [int(number) for number in version[0].strip(".").split(".")] if version else []
