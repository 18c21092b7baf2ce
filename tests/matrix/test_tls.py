"""Old versions of Anki over https, whose libraries take the certificate from the environment."""

from __future__ import annotations

import pytest

from harness.device import ClientError
from meeting import PASSWORD, USER, Client, Meeting, release

# These know the authorities that they were built with, and no others (`transport` 10).
CLOSED = ((2, 1, 40), (2, 1, 66))


def test_an_old_device_syncs_over_https_with_one_of_today(meeting: Meeting) -> None:
    ca = meeting.old.folder / "ca.pem"
    meeting.deckport.manage("certificate", "--out", str(ca))
    # What OpenSSL and rustls read, and what Python's `requests` does.
    variables = {"SSL_CERT_FILE": str(ca), "REQUESTS_CA_BUNDLE": str(ca)}
    secure = meeting.server.url.replace("http://", "https://")
    begin_anew(meeting.new, variables, secure)
    if CLOSED[0] <= release(meeting.old.version) <= CLOSED[1]:
        with pytest.raises(ClientError) as told:
            begin_anew(meeting.old, variables, secure)
        assert told.value.type == "NetworkError"
        begin_anew(meeting.old, {}, meeting.server.url)
    else:
        begin_anew(meeting.old, variables, secure)
    meeting.begin_on(meeting.old)
    meeting.old.media.write("a.txt", "a")
    meeting.sync_media(meeting.old, meeting.new)
    assert meeting.new.media.read("a.txt") == "a"
    meeting.new.add_note(guid="third", fields=["3", "drei"], deck="Home")
    meeting.new.merge()
    meeting.settle()
    meeting.check()


def begin_anew(device: Client, variables: dict[str, str], url: str) -> None:
    """Start the device's program again with this environment, and log in at this address."""
    device.stop()
    device.variables = variables
    device.start()
    device.call("login", url=url, user=USER, password=PASSWORD)
