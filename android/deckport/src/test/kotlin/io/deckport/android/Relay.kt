package io.deckport.android

import java.io.Closeable
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.net.URI
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import kotlin.concurrent.thread

/**
 * Stands between a device and a host and holds back what the device sends, until [goOn]: then the device is in the middle
 * of a sync for as long as a test wants. It begins with the piece for which [holdFrom] says so: that is told the piece as
 * text, and how many bytes there were before it. [close] cuts the connections.
 */
class Relay(to: String, private val holdFrom: (piece: String, before: Int) -> Boolean) : Closeable {
    private val target = URI(to)
    private val listening = ServerSocket(0, 50, InetAddress.getLoopbackAddress())
    private val sockets = CopyOnWriteArrayList<Socket>()
    private val going = CountDownLatch(1)
    private var passed = 0

    /** Whether something is held back. */
    @Volatile
    var isHolding: Boolean = false
        private set

    /** Where the device reaches it. */
    val url: String = "http://127.0.0.1:${listening.localPort}/"

    init {
        thread(isDaemon = true) {
            try {
                while (true) {
                    val device = listening.accept()
                    try {
                        connect(device)
                    } catch (_: IOException) {
                        // The host is gone; the device shall not wait for it.
                        device.close()
                    }
                }
            } catch (_: IOException) {
                // Closed.
            }
        }
    }

    /** Lets through what is held back, and all that follows. */
    fun goOn(): Unit = going.countDown()

    override fun close() {
        listening.close()
        going.countDown()
        sockets.forEach { it.close() }
    }

    private fun connect(device: Socket) {
        val host = Socket(target.host, target.port)
        sockets += listOf(device, host)
        if (listening.isClosed) return close()
        thread(isDaemon = true) { pass(device, host, ::hold) }
        thread(isDaemon = true) { pass(host, device) {} }
    }

    private fun pass(from: Socket, to: Socket, before: (String) -> Unit) {
        val buffer = ByteArray(4_096)
        try {
            while (true) {
                val count = from.getInputStream().read(buffer)
                if (count < 0) break
                before(String(buffer, 0, count, Charsets.ISO_8859_1))
                to.getOutputStream().write(buffer, 0, count)
            }
            to.shutdownOutput()
        } catch (_: IOException) {
            from.close()
            to.close()
        }
    }

    private fun hold(piece: String) {
        synchronized(this) {
            isHolding = isHolding || holdFrom(piece, passed)
            passed += piece.length
        }
        if (isHolding) going.await()
    }
}
