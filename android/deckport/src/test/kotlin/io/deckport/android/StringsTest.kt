package io.deckport.android

import org.junit.Assert.assertEquals
import org.junit.Test
import java.io.File

/** Everything that a person reads is there in both languages, with the same places for values, and is used. */
class StringsTest {
    private val folder = File(System.getProperty("deckport.workspace"), "android/deckport/src/main")

    private fun texts(language: String): Map<String, String> =
        Regex("""<string name="(\w+)"[^>]*>(.*?)</string>""").findAll(File(folder, "res/$language/strings.xml").readText())
            .associate { it.groupValues[1] to it.groupValues[2] }

    private fun places(text: String) = Regex("""%\d\$\w""").findAll(text).map { it.value }.sorted().toList()

    @Test
    fun `both languages say the same`() {
        val english = texts("values")
        val german = texts("values-de")
        assertEquals(english.mapValues { places(it.value) }, german.mapValues { places(it.value) })
    }

    @Test
    fun `every text is used`() {
        val code = folder.walk().filter { it.extension == "kt" || it.name == "AndroidManifest.xml" }
            .joinToString("\n") { it.readText() }
        assertEquals(emptyList<String>(), texts("values").keys.filterNot { "string.$it" in code || "string/$it" in code })
    }
}
