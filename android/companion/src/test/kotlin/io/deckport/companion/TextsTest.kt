package io.deckport.companion

import io.deckport.companion.pictures.Project
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.w3c.dom.Element
import java.io.File
import javax.xml.parsers.DocumentBuilderFactory

/** What a person reads: there in both languages, and used. */
class TextsTest {
    private val folders = listOf("companion", "deckport").map { File(Project.top, "android/$it/src/main") }

    @Test
    fun `each text is there in German, with the same places for what is put in`() {
        for (folder in folders) {
            val english = textsIn(File(folder, "res/values")).filterValues { it.isTranslated }
            val german = textsIn(File(folder, "res/values-de"))
            assertTrue("there are texts in $folder", english.isNotEmpty())
            assertEquals("missing or left over in German", english.keys, german.keys)
            for ((name, text) in english) {
                // A form of a plural may do without the number.
                assertEquals("places in $name", text.places, german.getValue(name).places)
            }
        }
    }

    @Test
    fun `each text is used`() {
        val used = folders.flatMap { folder -> folder.walk().filter { it.extension in setOf("kt", "xml") } }
            .flatMap { file -> USE.findAll(file.readText()).map { it.groupValues[1] } }.toSet()
        for (folder in folders) assertEquals("never used", emptySet<String>(), textsIn(File(folder, "res/values")).keys - used)
    }

    @Test
    fun `nothing that a person reads is written in code`() {
        val written = File(Project.companion, "src/main/kotlin").walk().filter { it.extension == "kt" }.flatMap { file ->
            IN_CODE.findAll(file.readText()).map { "${file.name}: ${it.value}" }
        }.toList()
        assertEquals(emptyList<String>(), written)
    }

    private class Words(val isTranslated: Boolean, val places: Set<String>)

    private fun textsIn(folder: File): Map<String, Words> = folder.listFiles().orEmpty().filter { it.extension == "xml" }
        .flatMap { file ->
            val top = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file).documentElement
            (0 until top.childNodes.length).map { top.childNodes.item(it) }.filterIsInstance<Element>()
        }
        .filter { it.tagName == "string" || it.tagName == "plurals" }
        .associate { element ->
            val places = PLACE.findAll(element.textContent).map { it.value }.toSet()
            element.getAttribute("name") to Words(element.getAttribute("translatable") != "false", places)
        }

    private companion object {
        val USE = Regex("""(?:R\.(?:string|plurals)\.|@string/)(\w+)""")
        val PLACE = Regex("""%\d\$[sd]""")

        /** A text with a blank in it that is given to what shows texts. */
        val IN_CODE = Regex("""(?:Text|SectionTitle|ActionRow|contentDescription =)\s*\(?\s*"[^"]*[A-Za-z] [^"]*"""")
    }
}
