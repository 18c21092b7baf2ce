package io.deckport.companion.care

import android.content.ContentProvider
import android.content.ContentValues
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.Bundle
import android.os.CancellationSignal
import android.os.ParcelFileDescriptor
import android.provider.OpenableColumns
import org.robolectric.Robolectric
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.FileInputStream
import java.io.FileOutputStream
import java.io.FileNotFoundException
import java.nio.file.Files
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CountDownLatch
import kotlin.concurrent.thread

/**
 * Another app with documents: it gives and takes them through pipes, without paths and without a size unless told, and
 * fails as other apps do.
 */
class PipeProvider : ContentProvider() {
    /** One of its documents. */
    class Entry(var bytes: ByteArray? = null) {
        var name: String? = "document"
        var size: Long? = null

        /** How many bytes it gives or takes before [then]. */
        var after = Int.MAX_VALUE
        var then: End = End.DIES

        /** A file that stands for the document when it is written, for what a pipe cannot do. */
        var instead: File? = null
        var canDelete = true

        @Volatile var isDeleted = false
        val written = CountDownLatch(1)

        /** Waits here while it hangs. */
        val released = CountDownLatch(1)
        val reached = CountDownLatch(1)
    }

    enum class End { DIES, HANGS }

    override fun onCreate() = true

    override fun query(
        uri: Uri,
        columns: Array<out String>?,
        selection: String?,
        args: Array<out String>?,
        order: String?,
    ): Cursor? {
        val entry = of(uri)
        val rows = MatrixCursor(arrayOf(OpenableColumns.DISPLAY_NAME, OpenableColumns.SIZE))
        rows.addRow(arrayOf(entry.name, entry.size))
        return rows
    }

    override fun openFile(uri: Uri, mode: String, signal: CancellationSignal?): ParcelFileDescriptor {
        val entry = of(uri)
        if (mode == "r") return give(entry)
        entry.instead?.let { return ParcelFileDescriptor.open(it, ParcelFileDescriptor.MODE_WRITE_ONLY) }
        return take(entry)
    }

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor = openFile(uri, mode, null)

    override fun call(method: String, arg: String?, extras: Bundle?): Bundle? {
        val uri = extras?.getParcelable<Uri>("uri") ?: return null
        if (method != "android:deleteDocument" || !of(uri).canDelete) throw UnsupportedOperationException(method)
        of(uri).isDeleted = true
        return Bundle()
    }

    private fun give(entry: Entry): ParcelFileDescriptor {
        val bytes = entry.bytes ?: throw FileNotFoundException()
        val pipe = pipe()
        thread(isDaemon = true) {
            FileOutputStream(pipe).use { end ->
                runCatching {
                    for (piece in bytes.indices step PIECE) {
                        if (piece >= entry.after) break
                        end.write(bytes, piece, minOf(PIECE, bytes.size - piece))
                    }
                    if (entry.after < bytes.size) ended(entry)
                }
            }
        }
        return ParcelFileDescriptor(FileInputStream(pipe).fd)
    }

    private fun take(entry: Entry): ParcelFileDescriptor {
        val pipe = pipe()
        thread(isDaemon = true) {
            val taken = ByteArrayOutputStream()
            FileInputStream(pipe).use { end ->
                val piece = ByteArray(PIECE)
                while (true) {
                    if (taken.size() >= entry.after) {
                        ended(entry)
                        break
                    }
                    val count = end.read(piece)
                    if (count < 0) break
                    taken.write(piece, 0, count)
                }
            }
            entry.bytes = taken.toByteArray()
            entry.written.countDown()
        }
        return ParcelFileDescriptor(FileOutputStream(pipe).fd)
    }

    private fun ended(entry: Entry) {
        entry.reached.countDown()
        if (entry.then == End.HANGS) entry.released.await()
    }

    private fun pipe(): File = File(Files.createTempDirectory("pipe").toFile(), "pipe").also {
        check(ProcessBuilder("mkfifo", it.path).start().waitFor() == 0)
    }

    override fun getType(uri: Uri): String? = null

    override fun insert(uri: Uri, values: ContentValues?): Uri? = null

    override fun delete(uri: Uri, selection: String?, args: Array<out String>?) = 0

    override fun update(uri: Uri, values: ContentValues?, selection: String?, args: Array<out String>?) = 0

    companion object {
        private const val AUTHORITY = "other.app.documents"
        private const val PIECE = 8 * 1024
        private val entries = ConcurrentHashMap<String, Entry>()

        fun install() {
            entries.clear()
            Robolectric.buildContentProvider(PipeProvider::class.java).create(AUTHORITY)
        }

        /** The address of a new document, and the document. */
        fun document(bytes: ByteArray? = null): Pair<String, Entry> {
            val id = "${entries.size}"
            val entry = Entry(bytes)
            entries[id] = entry
            return "content://$AUTHORITY/document/$id" to entry
        }

        private fun of(uri: Uri): Entry = entries[uri.lastPathSegment] ?: throw FileNotFoundException(uri.toString())
    }
}
