package io.deckport

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledOnOs
import org.junit.jupiter.api.condition.OS
import org.junit.jupiter.api.io.TempDir
import java.io.File

/** Opening with libraries that cannot be used, and with none: each in a program of its own. */
class NativeLibraryTest {
    @TempDir
    lateinit var folder: File

    private val library = File(System.mapLibraryName("deckport"))

    /** What a program says that finds `content` where the JVM looks for the library. */
    private suspend fun saidWith(content: ByteArray): String {
        val place = File(folder, library.name).apply { writeBytes(content) }
        return output("io.deckport.OpensKt", folder, listOf("-Djava.library.path=${place.parent}"))
    }

    private fun assertUnusable(said: String, reason: String) {
        val start = "${File(folder, library.name)} cannot be loaded ("
        assertTrue(said.startsWith(start) && reason in said && said.endsWith(" in its place"), said)
    }

    @Test
    fun `a library that is none is told and nothing else is tried`() = scenario {
        assertUnusable(saidWith("no library".toByteArray()), library.name)
    }

    @Test
    @EnabledOnOs(OS.LINUX, disabledReason = "the file is changed where Linux looks")
    fun `a library for another processor is told`() = scenario {
        val content = nativeLibrary().readBytes()
        // The ELF header's machine: x86-64 or ARM, 64 bits.
        content[18] = if (content[18].toInt() == 62) 183.toByte() else 62
        assertUnusable(saidWith(content), System.getProperty("os.arch"))
    }

    @Test
    @EnabledOnOs(OS.LINUX, disabledReason = "the file is changed where Linux looks")
    fun `a library that needs what the system lacks is told with the name of it`() = scenario {
        val content = nativeLibrary().readBytes()
        val wanted = "\u0000epoll_wait\u0000".toByteArray()
        val places = content.indices.filter { at ->
            content[at] == wanted[0] && at + wanted.size <= content.size && wanted.indices.all { content[at + it] == wanted[it] }
        }
        assertTrue(places.isNotEmpty())
        for (place in places) content[place + wanted.size - 2] = 'X'.code.toByte()
        assertUnusable(saidWith(content), "epoll_waiX")
    }

    @Test
    fun `without one where the JVM looks JNA finds its own`() = scenario {
        assertEquals("JNA", output("io.deckport.OpensKt", folder, listOf("-Djava.library.path=none")))
        val both = listOf("-Djava.library.path=${nativeLibrary().parent}")
        assertEquals("the JVM", output("io.deckport.OpensKt", folder, both))
    }

    @Test
    fun `no library at all is told`() = scenario {
        val without = File(folder, "classes")
        val classPath = testClassPath().map { path ->
            if (!nativeLibrary().startsWith(path)) return@map path
            File(path).walk().filter { it.extension == "class" }.forEach {
                it.copyTo(File(without, it.relativeTo(File(path)).path))
            }
            without.path
        }
        val said = output("io.deckport.OpensKt", folder, listOf("-Djava.library.path=none"), classPath)
        assertTrue(said.startsWith("${library.name} was not found or cannot be loaded ("), said)
        assertTrue(said.endsWith("to the app, or to the class path"), said)
    }
}
