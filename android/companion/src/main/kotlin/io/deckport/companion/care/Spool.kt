package io.deckport.companion.care

import io.deckport.companion.R
import java.io.File
import java.io.IOException
import java.util.UUID

/**
 * Files on their way between another app and the engine, which needs real files.
 *
 * Each lives in a folder of its own below [root] and is deleted when the work with it ends; what a killed process left
 * is deleted by [sweep]. There is always [reserve] left free for the collections themselves.
 */
class Spool(
    private val root: File,
    private val reserve: Long,
    private val free: (File) -> Long = File::getUsableSpace,
) {
    /**
     * Deletes what is left of an earlier process, before anything else begins. [discard] is given the addresses of
     * documents that it was writing.
     */
    fun sweep(discard: (String) -> Unit = {}) {
        val notes = root.listFiles { file -> file.name.endsWith(NOTE) }.orEmpty()
        for (note in notes) discard(note.readText())
        root.deleteRecursively()
    }

    /** Notes that a document is being written; the answer is to be called when it is whole or gone. */
    fun noted(address: String): () -> Unit {
        val note = File(root.apply { mkdirs() }, UUID.randomUUID().toString() + NOTE)
        note.writeText(address)
        return { note.delete() }
    }

    /** Works with a new file's path in a new folder; both are deleted afterwards. */
    suspend fun <T> using(name: String, work: suspend (File) -> T): T {
        val folder = File(root, UUID.randomUUID().toString())
        if (!folder.mkdirs()) throw IOException("a folder for the file cannot be made")
        try {
            return work(File(folder, name))
        } finally {
            folder.deleteRecursively()
        }
    }

    /** Bytes that can still be written. */
    fun room(): Long = (free(root.apply { mkdirs() }) - reserve).coerceAtLeast(0)

    /** Fails with a sentence when so many bytes more are not free. */
    fun ask(bytes: Long) {
        val room = room()
        if (bytes > room) throw Sorry(R.string.care_failed_room, Words.Bytes(bytes), Words.Bytes(room))
    }

    private companion object {
        const val NOTE = ".unfinished"
    }
}
