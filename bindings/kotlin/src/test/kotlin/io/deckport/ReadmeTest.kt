package io.deckport

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.PrintStream

/** The example of the README, which the build compiles from there. */
class ReadmeTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `the example hosts until it is cancelled`() = scenario {
        val printed = ByteArrayOutputStream()
        val usual = System.out
        System.setOut(PrintStream(printed, true))
        try {
            val hosting = launch(Dispatchers.IO) { host(optionsFor(folder)) }
            val wanted = Regex("""Type into Anki: (\S+) (\S+) (\S+)""")
            while (wanted.find(printed.toString()) == null) delay(20)
            val (url, account, password) = wanted.find(printed.toString())!!.destructured
            Anki(File(folder, "device")).use { device ->
                device.login(url, account, password)
                device.add("one")
                device.sync("upload")
            }
            while ("TransferFinished" !in printed.toString()) delay(20)
            assertTrue("Anna's phone" in printed.toString())
            hosting.cancel()
            hosting.join()
        } finally {
            System.setOut(usual)
        }
        Deckport.open(optionsFor(folder)).close()
    }
}
