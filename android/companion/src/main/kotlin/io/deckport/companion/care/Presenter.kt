package io.deckport.companion.care

import androidx.compose.runtime.Immutable
import io.deckport.EndpointInterface
import io.deckport.companion.R
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import java.time.ZoneId

/** Whose screen it is. */
@Immutable
data class Choice(val accounts: List<String> = emptyList(), val chosen: String? = null)

/** The account that the screens are about. It is the same on all of them. */
class ChosenAccount {
    private val current = MutableStateFlow(Choice())

    val choice: StateFlow<Choice> = current.asStateFlow()

    /** Before [load] it is a wish, which comes true if there is such an account. */
    fun choose(account: String) {
        current.update { if (it.accounts.isEmpty() || account in it.accounts) it.copy(chosen = account) else it }
    }

    /** Finds out which accounts there are now; another than before is chosen only when that one is gone. */
    internal suspend fun load(engine: EndpointInterface): Choice {
        val names = engine.accounts().map { it.name }
        current.update { Choice(names, it.chosen?.takeIf(names::contains) ?: names.firstOrNull()) }
        return current.value
    }
}

/** What presenters work with. */
class CareBase(
    val engine: Engine,
    val scope: CoroutineScope,
    val work: CareWork,
    val tasks: Tasks,
    val accounts: ChosenAccount,
    val now: () -> Long,
    val zone: () -> ZoneId,
)

/** What stands behind a screen. It outlives the screen, which shows [state] and calls [refresh] when it appears. */
abstract class Presenter<S : Any>(protected val base: CareBase, empty: S) {
    private val current = MutableStateFlow(empty)
    private var refreshing: Job? = null

    /** What the screen shows. */
    val state: StateFlow<S> = current.asStateFlow()

    /** Looks at the engine anew. */
    fun refresh() {
        refreshing?.cancel()
        refreshing = attempt { engine -> load(engine) }
    }

    /** Makes this account the one that all screens are about. */
    fun choose(account: String) {
        base.accounts.choose(account)
        refresh()
    }

    /** The message was read. */
    fun dismiss() {
        noticed(null)
    }

    protected abstract suspend fun load(engine: EndpointInterface)

    protected abstract fun S.with(notice: Notice?): S

    protected fun change(change: (S) -> S) {
        current.update(change)
    }

    protected fun noticed(notice: Notice?) {
        current.update { it.with(notice) }
    }

    /** Begins long work; while other work runs it says so and calls [refused]. */
    protected fun begin(kind: WorkKind, account: String, refused: () -> Unit = {}, work: suspend WorkScope.() -> Notice) {
        noticed(null)
        if (!base.work.start(kind, account, work)) {
            noticed(noticeOf(Sorry(R.string.care_failed_running)))
            refused()
        }
    }

    /** Does something short; what fails is told. */
    protected fun attempt(work: suspend (EndpointInterface) -> Unit): Job = base.scope.launch {
        try {
            base.engine.use(work)
        } catch (error: CancellationException) {
            throw error
        } catch (error: Exception) {
            noticed(noticeOf(error))
        }
    }

    /** Does something short, tells that it was done, and looks anew. */
    protected fun attempt(done: Words, work: suspend (EndpointInterface) -> Unit): Job = attempt { engine ->
        work(engine)
        noticed(Notice(done))
        load(engine)
    }
}
