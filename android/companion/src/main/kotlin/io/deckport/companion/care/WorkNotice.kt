package io.deckport.companion.care

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import io.deckport.companion.R
import kotlin.math.roundToInt

/** The notification of long work: what is done, how far it has come, and *Cancel*. */
class WorkNotice(private val context: Context) {
    private val manager = context.getSystemService(NotificationManager::class.java)

    /** Shows how a work goes. */
    fun running(work: WorkState.Running): Notification {
        val part = work.progress.part()
        val builder = begun()
            .setContentTitle(work.title().text(context.resources))
            .setContentText(work.stepWords().text(context.resources))
            .setProgress(WHOLE, ((part ?: 0f) * WHOLE).roundToInt(), part == null)
            .setOngoing(true)
            .setOnlyAlertOnce(true)
            .setCategory(Notification.CATEGORY_PROGRESS)
        if (!work.cancelling) {
            val cancel = context.getString(R.string.care_cancel)
            builder.addAction(Notification.Action.Builder(null, cancel, CancelReceiver.intent(context)).build())
        }
        return builder.build()
    }

    /** Shows that a work is about to begin or has just ended. */
    fun bare(): Notification = begun().setContentTitle(context.getString(R.string.care_step_begin)).build()

    /** Tells how a work ended, to a person who does not look at the app. */
    fun ended(work: WorkState.Ended): Notification {
        val text = work.notice.words.joinToString(" ") { it.text(context.resources) }
        return begun().setContentTitle(context.getString(R.string.app_name)).setContentText(text)
            .setStyle(Notification.BigTextStyle().bigText(text)).setAutoCancel(true).build()
    }

    /** Shows [running]. */
    fun show(notification: Notification) {
        manager.notify(ID, notification)
    }

    /** Shows [ended]. It is another notification: the system takes that of the service away when it will. */
    fun tell(notification: Notification) {
        manager.cancel(ID)
        manager.notify(ENDED_ID, notification)
    }

    /** Takes both away. */
    fun hide() {
        manager.cancel(ID)
        manager.cancel(ENDED_ID)
    }

    private fun begun(): Notification.Builder {
        val name = context.getString(R.string.care_channel)
        manager.createNotificationChannel(NotificationChannel(CHANNEL, name, NotificationManager.IMPORTANCE_LOW))
        val launch = context.packageManager.getLaunchIntentForPackage(context.packageName)
        val open = launch?.let { PendingIntent.getActivity(context, 0, it, PendingIntent.FLAG_IMMUTABLE) }
        return Notification.Builder(context, CHANNEL).setSmallIcon(R.drawable.ic_notification).setContentIntent(open)
    }

    companion object {
        /** Of the notification; others of the app have other numbers. */
        const val ID = 27_801

        /** Of the notification that tells the end. */
        const val ENDED_ID = 27_802
        const val CHANNEL = "care"
        private const val WHOLE = 1_000
    }
}

/** How the *Cancel* of the notification reaches the work. */
class CancelReceiver : BroadcastReceiver() {
    override fun onReceive(context: Context, intent: Intent) {
        val work = (context.applicationContext as? CareOwner)?.care?.work
        // After the death of the process there is no work any more, only what is left of its notification.
        if (work == null || work.state.value !is WorkState.Running) WorkNotice(context).hide() else work.cancel()
    }

    companion object {
        fun intent(context: Context): PendingIntent =
            Intent(context, CancelReceiver::class.java).let { intent ->
                PendingIntent.getBroadcast(context, 0, intent, PendingIntent.FLAG_IMMUTABLE)
            }
    }
}

/** The application: it has the one [Care] of the process. */
interface CareOwner {
    val care: Care
}
