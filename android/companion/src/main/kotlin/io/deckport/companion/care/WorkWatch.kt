package io.deckport.companion.care

import android.content.Context
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.distinctUntilChangedBy
import kotlinx.coroutines.launch

/**
 * Starts the service when long work begins and tells its end to whoever does not look at the app. One for the process.
 *
 * @param inFront whether a person sees the app.
 */
class WorkWatch(private val context: Context, private val work: CareWork, private val inFront: () -> Boolean) {
    private val notice = WorkNotice(context)

    fun begin(scope: CoroutineScope) {
        // What a killed process left.
        notice.hide()
        scope.launch {
            work.state.distinctUntilChangedBy { it::class }.collectLatest { state ->
                when (state) {
                    is WorkState.Running -> if (!WorkService.start(context)) withoutService()
                    is WorkState.Ended -> if (inFront()) notice.hide() else notice.tell(notice.ended(state))
                    WorkState.None -> notice.hide()
                }
            }
        }
    }

    /** The work goes on as long as the system lets the process live. */
    private suspend fun withoutService() {
        work.state.collect { if (it is WorkState.Running) notice.show(notice.running(it)) }
    }
}
