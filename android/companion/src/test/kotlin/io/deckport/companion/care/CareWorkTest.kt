package io.deckport.companion.care

import android.app.Application
import io.deckport.CareException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import java.util.concurrent.CountDownLatch
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Long work belongs to the process and is told truthfully. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = Application::class)
class CareWorkTest {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private val done = Notice(Words.Plain("done"))

    private suspend fun CareWork.ended() = (state.await { it is WorkState.Ended } as WorkState.Ended).notice.text()

    @Test
    fun `there is one work at a time, and its end waits until it is read`() = runBlocking {
        val work = CareWork(scope)
        val goOn = CompletableDeferred<Unit>()
        assertTrue(work.start(WorkKind.EXPORT, "anna") { goOn.await(); done })
        assertFalse(work.start(WorkKind.IMPORT, "anna") { done })
        assertEquals(WorkState.Running(WorkKind.EXPORT, "anna"), work.state.value)
        goOn.complete(Unit)
        assertEquals("done", work.ended())
        work.seen()
        assertEquals(WorkState.None, work.state.value)
        assertTrue(work.start(WorkKind.CHECK, "anna") { throw CareException.Busy() })
        assertEquals("A device is syncing. Try again when it is done.", work.ended())
        // Who has not read it is not kept from going on.
        assertTrue(work.start(WorkKind.CHECK, "anna") { done })
        work.state.await { it == WorkState.Ended(WorkKind.CHECK, "anna", done) }
        Unit
    }

    @Test
    fun `what was cancelled too late is told as done`() = runBlocking {
        val work = CareWork(scope, patience = 60.seconds)
        val (began, goOn) = CompletableDeferred<Unit>() to CompletableDeferred<Unit>()
        work.start(WorkKind.IMPORT, "anna") { began.complete(Unit); goOn.await(); done }
        began.await()
        work.cancel()
        assertTrue((work.state.value as WorkState.Running).cancelling)
        goOn.complete(Unit)
        assertEquals("done", work.ended())
    }

    @Test
    fun `what reports progress ends there, what reports none is let go of`() = runBlocking {
        val work = CareWork(scope, patience = 60.seconds)
        val (began, goOn) = CompletableDeferred<Unit>() to CompletableDeferred<Unit>()
        work.start(WorkKind.IMPORT, "anna") { began.complete(Unit); goOn.await(); tell(WorkProgress(WorkStep.MEDIA, 1, 2)); done }
        began.await()
        work.cancel()
        goOn.complete(Unit)
        assertTrue(work.ended().startsWith("Cancelled. The collection is as it was"))
        val hasty = CareWork(scope, patience = 1.milliseconds)
        hasty.start(WorkKind.IMPORT, "anna") { awaitCancellation() }
        hasty.cancel()
        assertTrue(hasty.ended().startsWith("Cancelled. If it was nearly done"))
    }

    @Test
    fun `what blocks for ever is left behind`() = runBlocking {
        val work = CareWork(scope, patience = 60.seconds)
        val (blocked, closed, never) = Triple(CountDownLatch(1), CountDownLatch(1), CountDownLatch(1))
        work.start(WorkKind.EXPORT, "anna") {
            breakable(closed::countDown) { blocked.countDown(); never.await() }
            done
        }
        blocked.await()
        work.cancel()
        assertEquals("Cancelled. No file was saved.", work.ended())
        closed.await()
        never.countDown()
    }
}
