"""An endpoint with an open pairing window, as an app has it: `pairing_host.py DATA`.

Tells its address and the code in one line, and ends when its input does.
"""

import asyncio
import json
import sys

import deckport


async def main() -> None:
    """Hosts until nobody is there any more."""
    endpoint = await deckport.Endpoint.open(deckport.EndpointOptions(data_dir=sys.argv[1], port=0))
    endpoint.networks_changed([])
    (address,) = await endpoint.start()
    window = await endpoint.open_pairing("bob", "Bob's laptop", 60_000)
    print(json.dumps({"url": address.url, "code": window.password}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    devices = [device.name for device in await endpoint.devices("bob")]
    print(json.dumps(devices), flush=True)
    await endpoint.shutdown()


asyncio.run(main())
