"""Starting, stopping, cancelling and closing: nothing leaks, nothing hangs, idle costs nothing."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import runpy
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Device, Recorder, aside, opened

from deckport import Endpoint, EndpointState, StartError

TIMES = int(os.environ.get("DECKPORT_STARTS", "100"))
OWN = Path("/proc/self")
needs_proc = pytest.mark.skipif(not OWN.exists(), reason="only Linux tells of threads in /proc")


def figures() -> dict[str, int]:
    """Count threads, open files and resident kilobytes of this process."""
    gc.collect()
    status = (OWN / "status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return {
        "threads": len(list((OWN / "task").iterdir())),
        "files": len(list((OWN / "fd").iterdir())),
        "kilobytes": int(resident.split()[1]),
    }


def wakeups() -> dict[str, int]:
    """How often each thread of the engine slept so far."""
    slept = {}
    for task in (OWN / "task").iterdir():
        name = (task / "comm").read_text().strip()
        if name.startswith(("deckport", "account-", "media-", "backups")):
            status = (task / "status").read_text().splitlines()
            line = next(line for line in status if line.startswith("voluntary_ctxt_switches"))
            slept[f"{name} {task.name}"] = int(line.split()[1])
    return slept


@needs_proc
def test_starting_and_stopping_many_times_leaks_nothing(
    tmp_path: Path, devices: Callable[..., Device], record_property: Callable[[str, object], None]
) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data", stop_timeout_ms=1_000)
        device: Device | None = None

        async def once(number: int) -> None:
            nonlocal device
            recorder = Recorder()
            subscription = endpoint.subscribe(recorder)
            (address,) = await endpoint.start()
            if number % 10 == 0:
                if device is None:
                    device = await aside(lambda: devices(address.url))
                device.auth.endpoint = address.url
                device.add(str(number))
                syncing = asyncio.create_task(aside(device.sync))
                # Now and then it is stopped while the client is at it.
                await asyncio.sleep(random.Random(number).choice([0.0, 0.02, 0.3]))
                await endpoint.stop()
                await asyncio.gather(syncing, return_exceptions=True)
            await endpoint.stop()
            subscription.cancel()

        # What is made once and stays: pools of threads, memory of allocators.
        for number in range(20):
            await once(number)
        before = figures()
        for number in range(TIMES):
            await once(number)
        await asyncio.sleep(0.5)
        after = figures()
        print(f"\n{TIMES} starts: before {before}, after {after}")
        record_property("before", before)
        record_property("after", after)
        assert after["threads"] <= before["threads"] + 2
        assert after["files"] <= before["files"] + 2
        assert after["kilobytes"] - before["kilobytes"] < 10_000 + 4 * TIMES
        await endpoint.shutdown()

    asyncio.run(scenario())


@needs_proc
def test_letting_go_of_everything_ends_everything(tmp_path: Path) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data")
        subscription = endpoint.subscribe(Recorder())
        await endpoint.start()
        assert wakeups()
        del endpoint, subscription
        gc.collect()
        for _ in range(100):
            if not wakeups():
                break
            await asyncio.sleep(0.05)
        assert wakeups() == {}
        again = await opened(tmp_path / "data")
        await again.shutdown()

    asyncio.run(scenario())


@needs_proc
def test_shutdown_ends_all_threads_though_the_object_is_held(tmp_path: Path) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data")
        subscription = endpoint.subscribe(Recorder())
        await endpoint.start()
        await endpoint.overview("anna")
        assert wakeups()
        await endpoint.shutdown()
        for _ in range(100):
            if not wakeups():
                break
            await asyncio.sleep(0.05)
        assert wakeups() == {}
        with pytest.raises(StartError.Closed, match="the endpoint was shut down"):
            await endpoint.start()
        with pytest.raises(StartError.Closed):
            endpoint.subscribe(Recorder())
        subscription.cancel()

    asyncio.run(scenario())


def test_who_listens_can_wait_until_all_is_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data")
        recorder = Recorder()
        subscription = endpoint.subscribe(recorder)
        waiting = asyncio.ensure_future(subscription.ended())
        await endpoint.start()
        await endpoint.shutdown()
        await asyncio.wait_for(waiting, 30)
        kinds = [type(told) for told in recorder.told if isinstance(told, EndpointState)]
        assert kinds[0] is kinds[-1] is EndpointState.STOPPED
        assert EndpointState.LISTENING in kinds

    asyncio.run(scenario())


@needs_proc
def test_idle_costs_no_wake_ups_and_no_open_databases(
    tmp_path: Path, devices: Callable[..., Device]
) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data", idle_timeout_ms=200)
        subscription = endpoint.subscribe(Recorder())
        (address,) = await endpoint.start()
        device = await aside(lambda: devices(address.url))
        device.add("one")
        await aside(device.sync)

        def open_collections() -> list[str]:
            links = [fd.readlink() for fd in (OWN / "fd").iterdir() if fd.exists()]
            return [str(link) for link in links if tmp_path / "data" / "anna" in link.parents]

        for _ in range(100):
            if not open_collections():
                break
            await asyncio.sleep(0.1)
        assert open_collections() == []
        await asyncio.sleep(0.5)
        before = wakeups()
        await asyncio.sleep(3)
        assert wakeups() == before
        subscription.cancel()
        await endpoint.shutdown()

    asyncio.run(scenario())


def test_cancelled_calls_leave_a_working_endpoint(tmp_path: Path) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data")
        for number in range(30):
            for call in (endpoint.start, endpoint.accounts, endpoint.stop):
                task = asyncio.ensure_future(call())
                await asyncio.sleep(number / 10_000)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await endpoint.stop()
        assert isinstance(endpoint.state(), EndpointState.STOPPED)
        assert len(await endpoint.start()) == 1
        assert len(await endpoint.accounts()) == 1
        await endpoint.shutdown()

    asyncio.run(scenario())


def test_shutting_down_in_the_midst_of_calls_answers_all_of_them(tmp_path: Path) -> None:
    async def calls(endpoint: Endpoint, outcomes: list[str]) -> None:
        for call in (
            lambda: endpoint.overview("anna"),
            lambda: endpoint.accounts(),
            lambda: endpoint.check("anna"),
            lambda: endpoint.backups("anna"),
            lambda: endpoint.start(),
            lambda: endpoint.open_pairing("anna"),
            lambda: endpoint.stop(),
        ):
            try:
                await call()
                outcomes.append("done")
            except Exception as error:
                outcomes.append(f"{type(error).__qualname__} {error}")

    async def scenario() -> None:
        for round_number in range(10):
            endpoint = await opened(tmp_path / str(round_number))
            await endpoint.start()
            outcomes: list[str] = []
            threads = [
                threading.Thread(
                    target=lambda of: asyncio.run(calls(*of)), args=[(endpoint, outcomes)]
                )
                for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            await asyncio.sleep(round_number / 500)
            await endpoint.shutdown()
            for thread in threads:
                await aside(lambda it=thread: it.join(30))
                assert not thread.is_alive()
            assert len(outcomes) == 28
            odd = [it for it in outcomes if "unexpected" in it or "Internal" in it]
            assert odd == []
            assert isinstance(endpoint.state(), EndpointState.STOPPED)

    asyncio.run(scenario())


def test_the_example_of_the_readme_hosts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    code = readme.split("```python\n")[1].split("```")[0]
    example = tmp_path / "example.py"
    # A free port, and no five minutes.
    code = code.replace('data_dir="collections"', 'data_dir="collections", port=0')
    example.write_text(code.replace("asyncio.sleep(300)", "asyncio.sleep(0)"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(example))
    assert capsys.readouterr().out.startswith("Type into Anki: http://")
    assert (tmp_path / "collections" / "deckport.db").exists()
