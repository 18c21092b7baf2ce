package io.deckport

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledOnOs
import org.junit.jupiter.api.condition.OS
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** Starting, stopping, closing, cancelling and listening, in the orders that apps get wrong. */
class LifeTest {
    @TempDir
    lateinit var folder: File

    /** Keeps what it is told, then does something. */
    private class Listener(private val then: () -> Unit = {}) : EndpointListener {
        val told = CopyOnWriteArrayList<Any>()

        override fun onState(state: EndpointState) {
            told += state
            then()
        }

        override fun onEvent(event: EndpointEvent) {
            told += event
            then()
        }
    }

    @Test
    fun `it starts and stops again and again and a second time does nothing`() = scenario {
        opened(folder).use { deckport ->
            assertEquals(EndpointState.Stopped, deckport.states.value)
            repeat(3) {
                val addresses = deckport.start()
                assertEquals(addresses, deckport.start())
                assertEquals(EndpointState.Listening(addresses), deckport.state())
                assertEquals(EndpointState.Listening(addresses), deckport.states.first { it == deckport.state() })
                deckport.stop()
                deckport.stop()
                assertEquals(EndpointState.Stopped, deckport.state())
                assertEquals(EndpointState.Stopped, deckport.states.first { it == EndpointState.Stopped })
            }
        }
    }

    @Test
    fun `a listener hears the present state first and then each one`() = scenario {
        val listener = Listener()
        val deckport = opened(folder)
        val subscription = deckport.subscribe(listener)
        deckport.start()
        deckport.close()
        deckport.close()
        val names = { listener.told.filterIsInstance<EndpointState>().map { it::class.simpleName } }
        val expected = listOf("Stopped", "Starting", "Listening", "Stopping", "Stopped")
        while (names().size < expected.size) delay(10)
        assertEquals(expected, names())
        subscription.close()
        assertEquals(EndpointState.Stopped, deckport.states.value)
    }

    @Test
    fun `after close calls are answered with a typed error and the folder is free`() = scenario {
        val deckport = opened(folder)
        deckport.start()
        deckport.close()
        System.gc()
        val told = listOf(
            refused<AccountException.Closed> { deckport.accounts() },
            refused<StartException.Closed> { deckport.start() },
            refused<StartException.Closed> { deckport.events.first() },
            refused<StartException.Closed> { deckport.subscribe(Listener()) },
            refused<BackupException.Closed> { deckport.createBackup("anna") },
            refused<CareException.Closed> { deckport.check("anna") },
        )
        assertEquals(setOf("the endpoint was shut down"), told.toSet())
        assertEquals(EndpointState.Stopped, deckport.state())
        assertEquals(emptyList<Address>(), deckport.addresses())
        deckport.networksChanged()
        deckport.stop()
        deckport.shutdown()
        opened(folder).close()
    }

    @Test
    @EnabledOnOs(OS.LINUX, disabledReason = "only there /proc tells of threads")
    fun `shutdown ends all threads though the object is still held`() = scenario {
        val before = engineThreads()
        val deckport = opened(folder)
        val subscription = deckport.subscribe(Listener())
        val url = deckport.startedAt()
        Anki(File(folder, "device")).use { device ->
            device.login(url)
            device.add("one")
            device.sync("upload")
        }
        assertTrue((engineThreads() - before).size >= 4)
        deckport.shutdown()
        while ((engineThreads() - before).isNotEmpty()) delay(20)
        refused<AccountException.Closed> { deckport.accounts() }
        subscription.close()
        deckport.close()
    }

    @Test
    fun `states say in words what they are`() = scenario {
        opened(folder).use { deckport ->
            assertEquals("Stopped", "${deckport.state()}")
            val url = deckport.startedAt()
            assertEquals("Listening at $url", "${deckport.state()}")
        }
    }

    @Test
    fun `who collects events sees all of them and the end`() = scenario {
        for (end in listOf<suspend Deckport.() -> Unit>({ shutdown() }, { withContext(Dispatchers.IO) { close() } })) {
            val deckport = opened(folder, optionsFor(folder).copy(loopbackOnly = false))
            deckport.start()
            val changes = 50
            val collectors = List(3) { number ->
                async(start = CoroutineStart.UNDISPATCHED) {
                    // One is slower than what happens.
                    deckport.events.onEach { if (number == 0) delay(1) }.toList()
                }
            }
            for (number in 1..changes) {
                deckport.networksChanged(listOf(NetworkInterface("wlan0", listOf("192.168.1.$number"))))
            }
            deckport.end()
            for (seen in collectors.awaitAll()) {
                assertEquals(changes, seen.count { it is EndpointEvent.AddressesChanged })
            }
            deckport.close()
        }
    }

    @Test
    fun `a state that comes late does not follow the last one`() {
        val observed = MutableStateFlow<EndpointState>(EndpointState.Starting)
        val keeper = StateKeeper(observed)
        keeper.onState(EndpointState.Stopping)
        assertEquals(EndpointState.Stopping, observed.value)
        keeper.end()
        keeper.onState(EndpointState.Stopping)
        assertEquals(EndpointState.Stopped, observed.value)
    }

    @Test
    fun `many may call start stop and close at once`() = scenario(limit = PATIENCE * 10) {
        repeat(Integer.getInteger("deckport.crowds", 20)) {
            val deckport = opened(folder)
            val calls = (0 until 24).map { number ->
                async(Dispatchers.IO) {
                    try {
                        when (number % 6) {
                            0, 1 -> deckport.start()
                            2 -> deckport.stop()
                            3 -> deckport.overview("anna")
                            4 -> deckport.accounts()
                            else -> if (number > 12) deckport.close()
                        }
                    } catch (_: StartException) {
                        // A typed answer: which one depends on how far the others are.
                    } catch (_: OverviewException) {
                    } catch (_: AccountException) {
                    }
                }
            }
            calls.awaitAll()
            deckport.close()
            assertEquals(EndpointState.Stopped, deckport.states.value)
        }
        opened(folder).close()
    }

    @Test
    fun `a listener that throws or blocks harms nobody`() = scenario {
        val letGo = CountDownLatch(1)
        val throws = Listener { error("a bug of the app") }
        val blocks = Listener { letGo.await(PATIENCE.inWholeSeconds, TimeUnit.SECONDS) }
        val works = Listener()
        opened(folder).use { deckport ->
            val kept = listOf(throws, blocks, works).map(deckport::subscribe)
            val told = Told(this, deckport)
            val failed = async(start = CoroutineStart.UNDISPATCHED) {
                runCatching { deckport.events.collect { error("a bug of the app") } }
            }
            val url = deckport.startedAt()
            Anki(File(folder, "device")).use { device ->
                device.login(url)
                device.add("one")
                device.sync("upload")
            }
            told.first<EndpointEvent.TransferFinished>()
            assertEquals("a bug of the app", failed.await().exceptionOrNull()?.message)
            deckport.shutdown()
            val end = EndpointState.Stopped
            while (works.told.last() != end || works.told.size < 4) delay(10)
            while (throws.told.size < works.told.size) delay(10)
            assertEquals(works.told, throws.told)
            assertEquals(1, blocks.told.size)
            letGo.countDown()
            kept.forEach(Subscription::close)
        }
    }

    @Test
    fun `a slow collector loses events and is told how many`() = scenario {
        opened(folder, optionsFor(folder).copy(loopbackOnly = false)).use { deckport ->
            val letGo = CompletableDeferred<Unit>()
            val seen = CopyOnWriteArrayList<EndpointEvent>()
            val slow = launch(start = CoroutineStart.UNDISPATCHED) {
                deckport.events.collect {
                    seen += it
                    letGo.await()
                }
            }
            val told = Told(this, deckport)
            deckport.start()
            val changes = 600
            // Each change is an event; the quick collector says when all have been reported.
            withContext(Dispatchers.IO) {
                for (number in 1..changes) {
                    deckport.networksChanged(listOf(NetworkInterface("wlan0", listOf("192.168.1.${number % 200 + 1}"))))
                    told.events.first { it.size >= number }
                }
            }
            assertTrue(seen.size <= 1)
            letGo.complete(Unit)
            val lost = { seen.filterIsInstance<EndpointEvent.EventsLost>().sumOf { it.count } }
            val accounted = { lost() + seen.count { it !is EndpointEvent.EventsLost } }
            // What it saw and what it was told to have lost is all that the quick one saw.
            while (accounted() < told.events.value.size) delay(10)
            assertEquals(told.events.value.size.toLong(), accounted())
            assertTrue(lost() > 0)
            slow.cancel()
        }
    }

    @Test
    fun `cancelling a coroutine ends its work and the endpoint goes on`() = scenario {
        opened(folder).use { deckport ->
            val url = deckport.startedAt()
            Anki(File(folder, "device")).use { device ->
                device.login(url)
                device.call("fill", "notes" to 5_000)
                device.sync("upload")
                val file = File(folder, "out.colpkg")
                val began = CompletableDeferred<Unit>()
                val held = CountDownLatch(1)
                val export = launch(Dispatchers.IO) {
                    deckport.exportFile("anna", file) {
                        began.complete(Unit)
                        held.await(PATIENCE.inWholeSeconds, TimeUnit.SECONDS)
                    }
                }
                began.await()
                export.cancel(CancellationException("not needed any more"))
                export.join()
                held.countDown()
                assertTrue(export.isCancelled)
                // A whole one now, and nothing left of the first.
                deckport.exportFile("anna", file)
                assertEquals(listOf("out.colpkg"), folder.list()!!.filter { it.startsWith("out") || it.endsWith("tmp") })
                device.add("one more")
                device.sync()
                assertEquals(5_001L, deckport.overview("anna").notes)
            }
        }
    }

    @Test
    fun `closing while an export or a check runs ends all of them`() = scenario {
        val deckport = opened(folder)
        Anki(File(folder, "device")).use { device ->
            device.login(deckport.startedAt())
            device.call("fill", "notes" to 1_000)
            device.sync("upload")
        }
        val began = CompletableDeferred<Unit>()
        val held = CountDownLatch(1)
        val file = File(folder, "out.colpkg")
        val hold: (Progress) -> Unit = {
            began.complete(Unit)
            held.await(PATIENCE.inWholeSeconds, TimeUnit.SECONDS)
        }
        val calls = listOf(
            async(Dispatchers.IO) { refused<CareException.Closed> { deckport.exportFile("anna", file, onProgress = hold) } },
            async(Dispatchers.IO) { refused<CareException.Closed> { deckport.check("anna", onProgress = hold) } },
        )
        began.await()
        withContext(Dispatchers.IO) { deckport.close() }
        held.countDown()
        assertEquals(setOf("the endpoint was shut down"), calls.awaitAll().toSet())
        assertFalse(file.exists())
        freeAgain()
    }

    @Test
    fun `letting go of it without closing ends everything`() = scenario {
        // On a thread of its own, whose stack then holds nothing any more.
        thread { runBlocking { opened(folder).start() } }.join()
        freeAgain()
    }

    @Test
    fun `a program that leaves it open ends`() = scenario {
        // Its threads are known to the JVM when that has loaded the library, and must not keep it from ending.
        for (options in listOf(emptyList(), listOf("-Djava.library.path=${nativeLibrary().parent}"))) {
            assertEquals("Listening", output("io.deckport.LeftOpenKt", folder, options))
            freeAgain()
        }
    }

    /** Waits until the folder can be opened again. */
    private suspend fun freeAgain() {
        while (true) {
            System.gc()
            try {
                return opened(folder).close()
            } catch (_: OpenException.FolderInUse) {
                delay(50)
            }
        }
    }

    @Test
    fun `cancelling a stop does not keep it from its end`() = scenario {
        opened(folder).use { deckport ->
            deckport.start()
            val stop = launch(start = CoroutineStart.UNDISPATCHED) { deckport.stop() }
            stop.cancel()
            stop.join()
            assertEquals(EndpointState.Stopped, deckport.states.first { it == EndpointState.Stopped })
            assertFalse(deckport.start().isEmpty())
        }
    }
}
