package io.deckport.companion.care

import android.content.res.Resources
import io.deckport.Anki
import io.deckport.Deckport
import io.deckport.EndpointInterface
import io.deckport.EndpointOptions
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.robolectric.RuntimeEnvironment
import java.io.File
import java.nio.file.Files
import java.time.ZoneOffset
import kotlin.time.Duration.Companion.seconds

/** What takes longer than this hangs. */
val PATIENCE = 60.seconds

/** Waits until a state is as it should be. */
suspend fun <S> StateFlow<S>.await(fits: (S) -> Boolean): S = withTimeout(PATIENCE) { first(fits) }

/** The real engine in a folder of its own with the account `anna` (password `p`), and what stands behind the screens. */
class OpenCare(free: (File) -> Long = File::getUsableSpace) : AutoCloseable {
    val folder: File = Files.createTempDirectory("care").toFile()
    val data = File(folder, "data")
    val spoolFolder = File(folder, "spool")
    val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    val deckport: Deckport = runBlocking {
        Deckport.open(EndpointOptions(dataDir = data.path, port = 0, loopbackOnly = true, stopTimeoutMs = 2_000))
    }
    private val engine = object : Engine {
        override suspend fun <T> use(work: suspend (EndpointInterface) -> T): T = work(deckport)
    }
    private val documents = ContentDocuments(RuntimeEnvironment.getApplication().contentResolver)
    private val spool = Spool(spoolFolder, reserve = 0, free)
    val care = Care(engine, data, spool, documents, scope, reserve = 64L shl 20, zone = { ZoneOffset.UTC })

    init {
        runBlocking { deckport.addAccount("anna", "p") }
    }

    /** A device with some notes that has uploaded them. */
    suspend fun device(vararg notes: String, name: String = "device"): Anki {
        val device = Anki(File(folder, name))
        device.login(url())
        for (note in notes) device.add(note)
        device.sync("upload")
        return device
    }

    private suspend fun url(): String = (deckport.addresses().ifEmpty { deckport.start() }).first().url

    /** Waits for the end of the work that runs and answers what was told. */
    suspend fun ended(): WorkState.Ended {
        val ended = care.work.state.await { it is WorkState.Ended } as WorkState.Ended
        care.work.seen()
        return ended
    }

    /** Files between other apps and the engine: none when nothing runs. */
    fun onTheirWay(): List<File> = spoolFolder.walk().filter(File::isFile).toList()

    override fun close() {
        scope.cancel()
        deckport.close()
        folder.deleteRecursively()
    }
}

/** What is said, in the language of the test. */
fun Notice.text(): String = words.joinToString(" ") { it.text(RuntimeEnvironment.getApplication().resources) }

fun resourcesOfTest(): Resources = RuntimeEnvironment.getApplication().resources
