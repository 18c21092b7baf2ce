package io.deckport.android

import io.deckport.Address
import io.deckport.Deckport
import io.deckport.EndpointEvent
import io.deckport.EndpointState
import io.deckport.StartException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.plus
import kotlinx.coroutines.withContext
import kotlin.time.Duration

/** Who is told what a [Hosting] sees. */
internal interface Witness {
    /** Something is other than before. */
    fun onChange(on: HostState.On)

    /** An event of the engine. */
    fun onEvent(event: EndpointEvent)

    /** Nobody has synced for as long as a person wants. */
    fun onIdle()

    /** The engine has stopped by itself. */
    fun onFailure(reason: String)
}

/**
 * One stretch of hosting: follows what the engine tells, from before it listens until after it does. Between events
 * nothing of it runs, and no timer unless a device is in the middle of a sync or a person wants an end after a while.
 */
internal class Hosting(
    scope: CoroutineScope,
    val deckport: Deckport,
    private val networks: Networks,
    private val problems: ProblemKeeper,
    private val witness: Witness,
) {
    // One thing at a time, so that nothing here needs a lock.
    private val own = Dispatchers.Default.limitedParallelism(1)
    private val scope = scope + SupervisorJob(scope.coroutineContext.job) + own
    private val activity = ActivityKeeper(System::currentTimeMillis)
    private var addresses: List<Address> = emptyList()
    private var idleTime: Duration? = null
    private var isForOthers = true
    private var checking: Job? = null
    private var idling: Job? = null

    /** Begins to listen, here and in the engine; answers how it is then. What the engine throws comes out. */
    suspend fun begin(settings: HostSettings): HostState.On = withContext(own) {
        // Both are there before anything can happen.
        scope.launch(start = CoroutineStart.UNDISPATCHED) { listen() }
        networks.watch()
        deckport.networksChanged(networks.look())
        addresses = deckport.start()
        scope.launch {
            deckport.states.collect { if (it is EndpointState.Failed) witness.onFailure(it.reason) }
        }
        follow(settings)
        on()
    }

    /** Follows what a person decided. */
    suspend fun follow(settings: HostSettings): Unit = withContext(own) {
        idleTime = settings.stopWhenIdle
        isForOthers = !settings.thisDeviceOnly
        show()
        waitForIdleness()
    }

    /** Looks at networks, permissions and space again. */
    suspend fun look(): Unit = withContext(own) {
        deckport.networksChanged(networks.look())
        addresses = deckport.addresses()
        show()
    }

    /** A person has seen this problem. */
    suspend fun dismiss(problem: HostProblem): Unit = withContext(own) {
        problems.dismiss(problem)
        show()
    }

    /** Ends following. */
    suspend fun end() {
        networks.rest()
        scope.coroutineContext.job.cancelAndJoin()
    }

    private suspend fun listen() {
        try {
            deckport.events.collect(::take)
        } catch (_: StartException.Closed) {
            // The engine was closed under us; its state tells the rest.
        }
    }

    private fun take(event: EndpointEvent) {
        activity.take(event)
        problems.take(event)
        if (event is EndpointEvent.AddressesChanged) addresses = event.addresses
        show()
        witness.onEvent(event)
        checkLater()
        waitForIdleness()
    }

    private fun show() = witness.onChange(on())

    private fun on() = HostState.On(addresses, problems.problems(addresses, isForOthers), activity.activity)

    /** A device that went away without a word is not shown for ever. */
    private fun checkLater() {
        val at = activity.nextCheckMs ?: return
        if (checking?.isActive == true) return
        checking = scope.launch {
            delay(at - System.currentTimeMillis())
            activity.check()
            show()
            waitForIdleness()
            checking = null
            checkLater()
        }
    }

    private fun waitForIdleness() {
        idling?.cancel()
        val time = idleTime ?: return
        if (activity.activity.syncing.isNotEmpty()) return
        idling = scope.launch {
            delay(time)
            witness.onIdle()
        }
    }
}
