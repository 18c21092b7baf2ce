"""What the scenarios stand on: devices, servers, a relay between them, and dumps to compare."""
