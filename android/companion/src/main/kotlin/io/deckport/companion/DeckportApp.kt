package io.deckport.companion

import android.app.Application
import android.content.Context
import io.deckport.android.DeckportHost
import io.deckport.companion.care.Care
import io.deckport.companion.care.CareOwner
import io.deckport.companion.care.InFront
import io.deckport.companion.care.WorkWatch
import io.deckport.companion.care.careOf
import io.deckport.companion.log.LogBook
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch

/** What lives as long as the process. */
class DeckportApp : Application(), CareOwner {
    /** For work that no screen owns. */
    val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    /** The one host of the app. */
    val host: DeckportHost by lazy { DeckportHost.of(this) }

    /** What stands behind the screens that care for accounts. */
    override val care: Care by lazy { careOf(this, host, scope) }

    /** What happened lately. */
    val log = LogBook()

    override fun onCreate() {
        super.onCreate()
        log.follow(scope, host)
        val front = InFront().also(::registerActivityLifecycleCallbacks)
        scope.launch {
            care.sweep()
            WorkWatch(this@DeckportApp, care.work, front::isSeen).begin(this)
        }
    }
}

/** The app of an activity, service or receiver. */
val Context.deckportApp: DeckportApp get() = applicationContext as DeckportApp
