package io.deckport.companion.care

import java.io.Closeable
import java.io.InputStream
import java.io.OutputStream

/**
 * A file of another app: there is no path, it cannot be rewound, its size may be unknown or wrong, and the app behind it
 * may hang or die. Everything here may block.
 */
interface Document {
    /** Its name as people see it, if the app tells. */
    val name: String?

    /** Its bytes, if the app tells. */
    val size: Long?

    /** Opens it for reading. */
    fun read(): Opened<InputStream>

    /** Opens it for writing, empty. */
    fun write(): Opened<OutputStream>

    /** Deletes it, or at least empties it, after a failure; answers false when something may be left. */
    fun discard(): Boolean
}

/** An open [Document]. */
interface Opened<S : Closeable> : Closeable {
    val stream: S

    /** Ends it in an orderly way; fails when the other side has told of a failure. */
    fun finish()
}

/** The documents that people choose, by their address as text. */
interface Documents {
    /** A new view on a document. */
    fun of(address: String): Document

    /** Asks the other side to give up on opening, when it hangs. */
    fun breakOpening(document: Document) = Unit

    /** Keeps the right to delete a document beyond the end of this process, where its app allows that. */
    fun hold(address: String) = Unit

    /** Gives that right back. */
    fun release(address: String) = Unit
}
