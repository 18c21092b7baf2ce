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
    /** Of this process: so that what an earlier one left can be told from it. */
    private val own = File(root, UUID.randomUUID().toString())

    /**
     * Deletes what is left of earlier processes. [discard] is given the addresses of documents that these were
     * writing.
     */
    fun sweep(discard: (String) -> Unit = {}) {
        for (left in root.listFiles().orEmpty()) {
            if (left == own) continue
            val notes = left.listFiles { file -> file.name.endsWith(NOTE) }.orEmpty()
            for (note in notes) discard(note.readText())
            left.deleteRecursively()
        }
    }

    /** Notes that a document is being written; the answer is to be called when it is whole or gone. */
    fun noted(address: String): () -> Unit {
        val note = File(made(own), UUID.randomUUID().toString() + NOTE)
        note.writeText(address)
        return { note.delete() }
    }

    /** Works with a new file's path in a new folder; both are deleted afterwards. */
    suspend fun <T> using(name: String, work: suspend (File) -> T): T {
        val folder = made(File(own, UUID.randomUUID().toString()))
        try {
            return work(File(folder, name))
        } finally {
            folder.deleteRecursively()
        }
    }

    /** Bytes that can still be written. */
    fun room(): Long = (free(made(own)) - reserve).coerceAtLeast(0)

    /** Fails with a sentence when so many bytes more are not free. */
    fun ask(bytes: Long) {
        val room = room()
        if (bytes > room) throw Sorry(R.string.care_failed_room, Words.Bytes(bytes), Words.Bytes(room))
    }

    private fun made(folder: File): File {
        if (!folder.isDirectory && !folder.mkdirs()) throw IOException("a folder for the file cannot be made")
        return folder
    }

    private companion object {
        const val NOTE = ".unfinished"
    }
}
