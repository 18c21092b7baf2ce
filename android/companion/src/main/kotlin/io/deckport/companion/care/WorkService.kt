package io.deckport.companion.care

import android.app.ForegroundServiceStartNotAllowedException
import android.app.Service
import android.content.Context
import android.content.Intent
import android.content.pm.ServiceInfo
import android.os.Build
import android.os.IBinder
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.takeWhile
import kotlinx.coroutines.launch
import kotlin.time.Duration.Companion.milliseconds

/**
 * Keeps the process alive while long work runs, so that a person may leave the app meanwhile, and shows it in the
 * notification. The work itself belongs to the process: where the system refuses the service, it goes on without.
 */
class WorkService : Service() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)
    private val notice by lazy { WorkNotice(this) }
    private var showing: Job? = null
    private val work get() = (application as? CareOwner)?.care?.work

    override fun onBind(intent: Intent?): IBinder? = null

    override fun onStartCommand(intent: Intent?, flags: Int, startId: Int): Int {
        // At once, whatever has happened since it was asked for: the system ends apps that do not.
        val isInFront = toForeground()
        showing?.cancel()
        showing = scope.launch {
            if (isInFront) show()
            stopForeground(STOP_FOREGROUND_REMOVE)
            // Unless it was started for the next work meanwhile.
            stopSelf(startId)
        }
        return START_NOT_STICKY
    }

    /** Shows how the work goes, until it has ended. */
    private suspend fun show() {
        val going = work?.state?.takeWhile { it is WorkState.Running } ?: return
        going.conflate().collect { state ->
            if (state is WorkState.Running) notice.show(notice.running(state))
            // Systems drop updates that come faster; what came meanwhile is shown next.
            delay(BETWEEN)
        }
    }

    /** Some hours a day is all that Android 15 allows; the work ends in an orderly way. */
    override fun onTimeout(startId: Int, fgsType: Int) {
        work?.cancel()
        stopSelf()
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    private fun toForeground(): Boolean = allowed {
        val state = work?.state?.value
        val shown = if (state is WorkState.Running) notice.running(state) else notice.bare()
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) {
            startForeground(WorkNotice.ID, shown, ServiceInfo.FOREGROUND_SERVICE_TYPE_DATA_SYNC)
        } else {
            startForeground(WorkNotice.ID, shown)
        }
    }

    companion object {
        private val BETWEEN = 500.milliseconds

        /** Starts it; false when the system does not want it now. */
        fun start(context: Context): Boolean = allowed {
            context.startForegroundService(Intent(context, WorkService::class.java))
        }

        private fun allowed(work: () -> Unit): Boolean = try {
            work()
            true
        } catch (_: SecurityException) {
            false
        } catch (error: IllegalStateException) {
            val isNew = Build.VERSION.SDK_INT >= Build.VERSION_CODES.S
            if (!isNew || error is ForegroundServiceStartNotAllowedException) false else throw error
        }
    }
}
