package io.deckport.companion

import android.os.Handler
import android.os.Looper
import androidx.compose.runtime.BroadcastFrameClock
import androidx.compose.runtime.Recomposer
import androidx.compose.runtime.snapshots.Snapshot
import androidx.compose.ui.InternalComposeUiApi
import androidx.compose.ui.platform.WindowRecomposerPolicy
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.android.asCoroutineDispatcher
import kotlinx.coroutines.launch
import org.robolectric.Shadows.shadowOf
import java.time.Duration

/**
 * Draws what is built after it, frame by frame and only when it is asked to: what Compose has for this belongs to the
 * process, and with it to the simulated phone of the first test. Animations are the same at each run, too.
 */
@OptIn(InternalComposeUiApi::class)
class Frames : AutoCloseable {
    private val clock = BroadcastFrameClock()
    private val dispatcher = Handler(Looper.getMainLooper()).asCoroutineDispatcher()
    private val recomposer = Recomposer(dispatcher + clock)
    private var nanos = 0L

    init {
        WindowRecomposerPolicy.setFactory { recomposer }
        CoroutineScope(dispatcher + clock).launch(start = CoroutineStart.UNDISPATCHED) {
            recomposer.runRecomposeAndApplyChanges()
        }
    }

    /** Lets so much time pass; [layOut] does what a phone does before it draws a frame. */
    fun pass(time: Duration, layOut: () -> Unit) {
        repeat((time.toMillis() / FRAME.toMillis()).toInt()) {
            Snapshot.sendApplyNotifications()
            shadowOf(Looper.getMainLooper()).idleFor(FRAME)
            nanos += FRAME.toNanos()
            clock.sendFrame(nanos)
            layOut()
        }
        shadowOf(Looper.getMainLooper()).idle()
    }

    override fun close() {
        recomposer.cancel()
        shadowOf(Looper.getMainLooper()).idle()
    }

    private companion object {
        val FRAME: Duration = Duration.ofMillis(20)
    }
}
