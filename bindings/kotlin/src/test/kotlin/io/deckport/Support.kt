package io.deckport

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.mapNotNull
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import java.io.File
import java.io.IOException
import java.util.concurrent.TimeUnit
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** What takes longer than this hangs. */
val PATIENCE = 60.seconds

/** Runs a test with a limit in real time; what it has launched ends with it. */
fun scenario(limit: Duration = PATIENCE, test: suspend CoroutineScope.() -> Unit): Unit = runBlocking {
    withTimeout(limit) {
        test()
        coroutineContext.cancelChildren()
    }
}

/** Loopback and a free port. */
fun optionsFor(folder: File): EndpointOptions =
    EndpointOptions(dataDir = File(folder, "data").path, port = 0, loopbackOnly = true, stopTimeoutMs = 2_000)

/** An endpoint with the account `anna`, whose password is `p`. */
suspend fun opened(folder: File, options: EndpointOptions = optionsFor(folder)): Deckport =
    Deckport.open(options).apply { if (accounts().isEmpty()) addAccount("anna", "p") }

/** Its first address. */
suspend fun Deckport.startedAt(): String = start().first().url

/** Everything that an endpoint tells from now on. */
class Told(scope: CoroutineScope, deckport: Deckport) {
    val events = MutableStateFlow<List<EndpointEvent>>(emptyList())

    init {
        scope.launch(start = CoroutineStart.UNDISPATCHED) {
            deckport.events.collect { event -> events.update { it + event } }
        }
    }

    /** The first event of a kind that fits, as soon as there is one. */
    suspend inline fun <reified T : EndpointEvent> first(noinline fits: (T) -> Boolean = { true }): T =
        events.mapNotNull { told -> told.filterIsInstance<T>().firstOrNull(fits) }.first()
}

/** Expects exactly this exception and answers its message. */
suspend inline fun <reified E : Throwable> refused(work: () -> Unit): String {
    val thrown = try {
        work()
        null
    } catch (error: Throwable) {
        error
    }
    assertSame(E::class.java, thrown?.javaClass) { "thrown: $thrown" }
    return thrown?.message.orEmpty()
}

/** The library that the tests run with. */
fun nativeLibrary(): File = testClassPath().map(::File).filter(File::isDirectory)
    .flatMap { classes -> classes.listFiles().orEmpty().toList() }
    .map { File(it, System.mapLibraryName("deckport")) }
    .first(File::isFile)

fun testClassPath(): List<String> =
    System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")).split(File.pathSeparatorChar)

/** Runs a program of the tests, with a data folder, in a JVM of its own to its end; answers what it has printed. */
suspend fun output(
    program: String,
    folder: File,
    options: List<String>,
    classPath: List<String> = testClassPath(),
): String = withContext(Dispatchers.IO) {
    val java = File(System.getProperty("java.home"), "bin/java").path
    val printed = File(folder, "output")
    val words = listOf(java, "-cp", classPath.joinToString(File.pathSeparator)) + options
    val process = ProcessBuilder(words + listOf(program, File(folder, "data").path))
        .redirectErrorStream(true)
        .redirectOutput(printed)
        .start()
    val ended = process.waitFor(PATIENCE.inWholeSeconds / 2, TimeUnit.SECONDS)
    if (!ended) process.destroyForcibly()
    assertTrue(ended && process.exitValue() == 0, printed.readText())
    printed.readText().trim()
}

/** Ids of the threads of all endpoints in this process, by `/proc`. */
fun engineThreads(): Set<String> = OWN_TASKS.list().orEmpty().filter { isOfEngine(nameOf(it)) }.toSet()

/** How often each of them has slept so far. */
fun engineSleeps(): Map<String, Long> = engineThreads().associate { id ->
    val line = File(OWN_TASKS, "$id/status").readLines().first { it.startsWith("voluntary_ctxt_switches") }
    "${nameOf(id)} $id" to line.substringAfter(":").trim().toLong()
}

/** Resident memory of this process after the JVM has tidied its own, in megabytes. */
fun residentMegabytes(): Double {
    repeat(3) { System.gc() }
    val line = File("/proc/self/status").readLines().first { it.startsWith("VmRSS") }
    return line.filter(Char::isDigit).toLong() / 1024.0
}

private val OWN_TASKS = File("/proc/self/task")

/** Empty when it has just ended. */
private fun nameOf(id: String): String = try {
    File(OWN_TASKS, "$id/comm").readText().trim()
} catch (_: IOException) {
    ""
}

private fun isOfEngine(name: String) =
    listOf("deckport", "account-", "media-", "backups", "transfer").any(name::startsWith)
