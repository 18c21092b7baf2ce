package io.deckport

import kotlinx.coroutines.delay
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotSame
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.util.concurrent.CopyOnWriteArrayList

/**
 * Callbacks whoever loaded the library: `System.loadLibrary`, as on Android, or JNA. The build runs this twice, and
 * says with `deckport.loaded` who must have done it.
 */
class LoadingTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `threads of the library stay known to the JVM when it has loaded the library`() = scenario {
        val byJvm = System.getProperty("deckport.loaded") == "jvm"
        opened(folder).use { deckport ->
            assertEquals(byJvm, NativeLibrary.load())
            val threads = CopyOnWriteArrayList<Thread>()
            val subscription = deckport.subscribe(object : EndpointListener {
                override fun onState(state: EndpointState) {
                    threads += Thread.currentThread()
                }

                override fun onEvent(event: EndpointEvent) = Unit
            })
            deckport.start()
            deckport.stop()
            while (threads.size < 5) delay(10)
            if (byJvm) {
                assertSame(threads[0], threads[4])
                assertEquals(true, threads[0].isDaemon && threads[0].isAlive)
                subscription.cancel()
                while (threads[0].isAlive) delay(10)
            } else {
                assertNotSame(threads[0], threads[4])
            }
            subscription.close()
        }
    }
}
