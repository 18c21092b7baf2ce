package io.deckport.companion

import android.app.Application
import android.content.Context
import io.deckport.android.DeckportHost
import io.deckport.companion.log.LogBook
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob

/** What lives as long as the process. */
class DeckportApp : Application() {
    /** For work that no screen owns. */
    val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    /** The one host of the app. */
    val host: DeckportHost by lazy { DeckportHost.of(this) }

    /** What happened lately. */
    val log = LogBook()

    override fun onCreate() {
        super.onCreate()
        log.follow(scope, host)
    }
}

/** The app of an activity, service or receiver. */
val Context.deckportApp: DeckportApp get() = applicationContext as DeckportApp
