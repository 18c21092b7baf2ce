package io.deckport.companion.care

import android.content.ContentResolver
import android.content.Intent
import android.net.Uri
import android.os.CancellationSignal
import android.os.ParcelFileDescriptor
import android.provider.DocumentsContract
import android.provider.OpenableColumns
import java.io.Closeable
import java.io.FileInputStream
import java.io.FileNotFoundException
import java.io.FileOutputStream
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream

/** Documents behind content URIs, as the system's picker answers them. */
class ContentDocuments(private val resolver: ContentResolver) : Documents {
    override fun of(address: String): Document = ContentDocument(resolver, Uri.parse(address))

    override fun breakOpening(document: Document) {
        (document as? ContentDocument)?.signal?.cancel()
    }

    override fun hold(address: String) = grant(address) { uri -> resolver.takePersistableUriPermission(uri, READ_AND_WRITE) }

    override fun release(address: String) = grant(address) { uri -> resolver.releasePersistableUriPermission(uri, READ_AND_WRITE) }

    /** Not all apps grant it, and nothing depends on it. */
    private fun grant(address: String, change: (Uri) -> Unit) {
        try {
            change(Uri.parse(address))
        } catch (_: SecurityException) {
            return
        }
    }

    private companion object {
        const val READ_AND_WRITE = Intent.FLAG_GRANT_READ_URI_PERMISSION or Intent.FLAG_GRANT_WRITE_URI_PERMISSION
    }
}

private class ContentDocument(private val resolver: ContentResolver, private val uri: Uri) : Document {
    val signal = CancellationSignal()

    override val name: String? get() = ask().first
    override val size: Long? get() = ask().second

    override fun read(): Opened<InputStream> {
        val file = opened("r")
        return Piped(file, FileInputStream(file.fileDescriptor))
    }

    /** Not all apps know that writing may begin with emptying. */
    override fun write(): Opened<OutputStream> {
        val file = try {
            opened("wt")
        } catch (_: FileNotFoundException) {
            opened("w")
        } catch (_: IllegalArgumentException) {
            opened("w")
        } catch (_: UnsupportedOperationException) {
            opened("w")
        }
        return Piped(file, FileOutputStream(file.fileDescriptor))
    }

    override fun discard(): Boolean = deleted() || emptied()

    private fun deleted(): Boolean = quietly {
        if (DocumentsContract.deleteDocument(resolver, uri)) true else null
    } ?: false

    private fun emptied(): Boolean = quietly {
        resolver.openFileDescriptor(uri, "wt")?.close()
        true
    } ?: false

    private fun opened(mode: String): ParcelFileDescriptor = spoken {
        resolver.openFileDescriptor(uri, mode, signal)
    } ?: throw IOException("the app that has the file does not answer")

    /** Its name and size; an app may know neither, or fail. */
    private fun ask(): Pair<String?, Long?> = quietly {
        val columns = arrayOf(OpenableColumns.DISPLAY_NAME, OpenableColumns.SIZE)
        resolver.query(uri, columns, null, null, null)?.use { rows ->
            if (!rows.moveToFirst()) return@use null
            val (name, size) = columns.map(rows::getColumnIndex)
            val known = size >= 0 && !rows.isNull(size)
            rows.takeIf { name >= 0 }?.getString(name) to (if (known) rows.getLong(size).takeIf { it > 0 } else null)
        }
    } ?: (null to null)

    /** Whatever an app's provider throws is its failure, not ours; only I/O has words of its own. */
    private fun <T> spoken(work: () -> T): T = try {
        work()
    } catch (error: FileNotFoundException) {
        throw error
    } catch (error: IllegalArgumentException) {
        throw error
    } catch (error: UnsupportedOperationException) {
        throw error
    } catch (error: RuntimeException) {
        throw IOException(error.message ?: error.javaClass.simpleName, error)
    }

    private fun <T> quietly(work: () -> T): T? = try {
        work()
    } catch (_: RuntimeException) {
        null
    } catch (_: IOException) {
        null
    }
}

/** One side of a file or pipe. A pipe can tell of a failure on its other side. */
private class Piped<S : Closeable>(private val file: ParcelFileDescriptor, override val stream: S) : Opened<S> {
    override fun finish() {
        if (stream is InputStream && file.canDetectErrors()) file.checkError()
        close()
    }

    override fun close() {
        file.use { stream.close() }
    }
}
