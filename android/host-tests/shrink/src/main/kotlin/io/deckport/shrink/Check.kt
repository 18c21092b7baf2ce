package io.deckport.shrink

import io.deckport.AccountException
import io.deckport.Anki
import io.deckport.Deckport
import io.deckport.DeviceText
import io.deckport.EndpointEvent
import io.deckport.EndpointOptions
import io.deckport.Translator
import io.deckport.check
import io.deckport.qrCode
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import java.io.File
import java.nio.file.Files

/** A life of an endpoint with a client: calls, records, callbacks of every kind, events, an exception. */
fun main(): Unit = runBlocking {
    val folder = Files.createTempDirectory("shrunk").toFile()
    val options = EndpointOptions(dataDir = File(folder, "data").path, port = 0, loopbackOnly = true)
    val translator = object : Translator {
        override fun translate(text: DeviceText, english: String): String? = null
    }
    Deckport.open(options, translator).use { deckport ->
        deckport.addAccount("anna", "p")
        val error = runCatching { deckport.addAccount("anna", "p") }.exceptionOrNull()
        check(error is AccountException.AlreadyExists) { "no exception but $error" }
        val seen = ArrayList<EndpointEvent>()
        val collecting = launch(start = CoroutineStart.UNDISPATCHED) { deckport.events.collect { seen += it } }
        val url = deckport.start().first().url
        Anki(File(folder, "device")).use { device ->
            device.login(url)
            device.add("one")
            device.sync("upload")
        }
        while (seen.none { it is EndpointEvent.TransferFinished }) yield()
        collecting.cancel()
        var progress = 0
        check(deckport.check("anna") { progress++ }.isClean)
        check(progress > 0)
        check(deckport.overview("anna").notes == 1L)
        check(qrCode(url).size > 20)
        deckport.states.first()
    }
    folder.deleteRecursively()
    println("shrunken: ok")
}
