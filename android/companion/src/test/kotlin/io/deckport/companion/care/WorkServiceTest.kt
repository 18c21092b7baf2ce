package io.deckport.companion.care

import android.app.Application
import android.app.NotificationManager
import android.content.Intent
import android.content.pm.ServiceInfo
import android.os.Looper
import io.deckport.EndpointInterface
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import java.io.File
import java.time.Duration

class CareApplication : Application(), CareOwner {
    val scope = CoroutineScope(SupervisorJob() + Dispatchers.Unconfined)
    override val care by lazy {
        val nobody = object : Engine {
            override suspend fun <T> use(work: suspend (EndpointInterface) -> T): T = error("no engine here")
        }
        Care(nobody, cacheDir, Spool(File(cacheDir, "spool"), 0), ContentDocuments(contentResolver), scope, 0)
    }
}

/** Long work in the notification and in the service that keeps the process. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = CareApplication::class)
class WorkServiceTest {
    private val app = RuntimeEnvironment.getApplication() as CareApplication
    private val work = app.care.work
    private val goOn = CompletableDeferred<Unit>()
    private val manager = app.getSystemService(NotificationManager::class.java)

    private fun shown() = shadowOf(manager).getNotification(WorkNotice.ID)

    private fun told() = shadowOf(manager).getNotification(WorkNotice.ENDED_ID)

    private fun idle() = shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(2))

    private fun begin() {
        WorkWatch(app, work) { false }.begin(app.scope)
        work.start(WorkKind.EXPORT, "anna") {
            tell(WorkProgress(WorkStep.MEDIA, 1, 4))
            goOn.await()
            tell(WorkProgress(WorkStep.MEDIA, 4, 4))
            Notice(Words.Plain("It is done."))
        }
    }

    private fun started(intent: Intent = shadowOf(app).nextStartedService) =
        Robolectric.buildService(WorkService::class.java, intent).create().startCommand(0, 1)

    @After
    fun end() {
        goOn.complete(Unit)
    }

    @Test
    fun `it shows progress, ends with the work, and tells the end`() {
        begin()
        val intent = shadowOf(app).nextStartedService
        assertEquals(WorkService::class.java.name, intent.component?.className)
        val controller = started(intent)
        assertEquals(ServiceInfo.FOREGROUND_SERVICE_TYPE_DATA_SYNC, controller.get().foregroundServiceType)
        idle()
        assertEquals("Exporting “anna”", shadowOf(shown()).contentTitle)
        assertEquals("Media: 1 of 4", shadowOf(shown()).contentText)
        goOn.complete(Unit)
        idle()
        assertTrue(shadowOf(controller.get()).isStoppedBySelf)
        controller.destroy()
        // The service's notification goes with it; the end is told in another one.
        assertNull(shown())
        assertEquals("It is done.", shadowOf(told()).contentText)
        work.seen()
        idle()
        assertNull(told())
    }

    @Test
    fun `cancel in the notification ends it`() {
        begin()
        val controller = started()
        idle()
        assertEquals(listOf("Cancel"), shown().actions.map { it.title })
        CancelReceiver().onReceive(app, shadowOf(shown().actions.single().actionIntent).savedIntent)
        assertTrue((work.state.value as WorkState.Running).cancelling)
        goOn.complete(Unit)
        idle()
        assertEquals("Cancelled. No file was saved.", (work.state.value as WorkState.Ended).notice.text())
        controller.destroy()
    }

    @Test
    fun `when its time is over the work ends in an orderly way`() {
        begin()
        val controller = started()
        controller.get().onTimeout(1, ServiceInfo.FOREGROUND_SERVICE_TYPE_DATA_SYNC)
        assertTrue((work.state.value as WorkState.Running).cancelling)
        assertTrue(shadowOf(controller.get()).isStoppedBySelf)
        controller.destroy()
    }

    @Test
    fun `what a killed process left in the notification is taken away`() {
        val notice = WorkNotice(app)
        notice.show(notice.running(WorkState.Running(WorkKind.IMPORT, "anna")))
        CancelReceiver().onReceive(app, CancelReceiver.intent(app).let { shadowOf(it).savedIntent })
        assertNull(shown())
        notice.show(notice.running(WorkState.Running(WorkKind.IMPORT, "anna")))
        WorkWatch(app, work) { true }.begin(app.scope)
        assertNull(shown())
    }
}
