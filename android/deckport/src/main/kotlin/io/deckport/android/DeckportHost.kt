package io.deckport.android

import android.content.Context
import io.deckport.Deckport
import io.deckport.EndpointEvent
import io.deckport.EndpointOptions
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.cancel
import kotlinx.coroutines.isActive
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharedFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asSharedFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import java.io.File
import java.util.TimeZone
import java.util.concurrent.ConcurrentHashMap
import kotlin.coroutines.cancellation.CancellationException
import kotlin.time.Duration.Companion.seconds

/**
 * An Anki sync endpoint in an app: there is one for each data folder and process, and [of] answers it.
 *
 * [start] and [stop] may be called from anywhere; an app that is in front may host for a minute like this. To host
 * while other apps are in front, let [HostService] do it. Neither throws at a person: what went wrong is in [state].
 *
 * [use] gives the engine for everything else (accounts, pairing, devices, backups, files), whether it hosts or not.
 */
public class DeckportHost private constructor(
    context: Context,
    /** Where the collections are. */
    public val folder: File,
    private val surroundings: Surroundings,
) {
    private val app = context.applicationContext
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private val store = SettingsStore(app.getSharedPreferences(preferencesFor(folder), Context.MODE_PRIVATE))
    private val engine = EngineKeeper(scope, LINGER, ::open)
    private val networks = Networks(app, surroundings.interfaces, ::networksChanged)

    private val current = MutableStateFlow<HostState>(HostState.Off)
    private val told = MutableSharedFlow<EndpointEvent>(
        extraBufferCapacity = EVENTS_AT_HAND,
        onBufferOverflow = BufferOverflow.DROP_OLDEST,
    )
    private val chosen = MutableStateFlow(store.read())

    /** One start or stop at a time. */
    private val changing = Mutex()
    private var hosting: Hosting? = null

    /** What it is doing. */
    public val state: StateFlow<HostState> = current.asStateFlow()

    /** What happens while it hosts; whoever collects slowly loses the oldest. */
    public val events: SharedFlow<EndpointEvent> = told.asSharedFlow()

    /** What a person decided; [change] changes it. */
    public val settings: StateFlow<HostSettings> = chosen.asStateFlow()

    /** Begins to host; answers how that went: [HostState.On] or [HostState.Failed]. Does nothing when it is on. */
    public suspend fun start(): HostState = apart {
        changing.withLock {
            if (hosting == null) begin()
            current.value
        }
    }

    /** Ends hosting. Requests that run get some seconds to finish; a sync that is not complete then is undone. */
    public suspend fun stop(): Unit = apart {
        changing.withLock {
            isWanted = false
            finish(HostState.Off)
        }
    }

    /** Keeps new settings and follows them: when the port is another one, hosting starts again with that. */
    public suspend fun change(change: (HostSettings) -> HostSettings): Unit = apart {
        changing.withLock {
            val before = chosen.value
            val after = change(before)
            store.write(after)
            chosen.value = after
            hosting?.follow(after)
            if (after.needsOtherEngine(before)) {
                val wasOn = hosting != null
                if (wasOn) finish(HostState.Starting)
                engine.renew()
                if (wasOn) begin()
            }
        }
    }

    /**
     * Does something with the engine, which is opened for it when it is not open. Do not start, stop or close it:
     * that is this class's work.
     *
     * @throws HostException when it cannot be opened. What [work] throws comes out as it is.
     */
    public suspend fun <T> use(work: suspend (Deckport) -> T): T {
        check(scope.isActive) { CLOSED }
        return engine.use(work)
    }

    /** Looks at networks and permissions again: for a screen that comes to the front. */
    public suspend fun look(): Unit = apart { changing.withLock { hosting?.look() } }

    /** A person has seen a problem: it is not shown again until it happens again. */
    public suspend fun dismiss(problem: HostProblem): Unit = apart { changing.withLock { hosting?.dismiss(problem) } }

    private fun networksChanged() {
        scope.launch { look() }
    }

    /** Ends everything and releases the folder; [of] makes a new one. Calls that run in [use] fail. May be called again. */
    public suspend fun close() {
        if (!scope.isActive) return
        apart { changing.withLock { finish(HostState.Off) } }
        engine.end()
        hosts.remove(folder.canonicalPath, this)
        scope.cancel()
    }

    /** Whether a person has switched hosting on: then it comes back after process or device began anew. */
    public var isWanted: Boolean
        get() = store.isWanted
        internal set(value) {
            store.isWanted = value
        }

    /** Ends hosting because the system wants so; the reason stays. */
    internal fun failLater(reason: HostFailure) {
        scope.launch { changing.withLock { finish(HostState.Failed(reason)) } }
    }

    /** Ends hosting for now: it is wanted as before. */
    internal fun pauseLater() {
        scope.launch { changing.withLock { finish(HostState.Off) } }
    }

    /** As [stop], for callers that cannot wait. */
    internal fun stopLater() {
        scope.launch { stop() }
    }

    /** Work that goes on to its end whoever waits for it. */
    private suspend fun <T> apart(work: suspend () -> T): T {
        check(scope.isActive) { CLOSED }
        return scope.async { work() }.await()
    }

    private suspend fun begin() {
        current.value = HostState.Starting
        val deckport = try {
            engine.acquireFresh()
        } catch (error: HostException) {
            current.value = HostState.Failed(error.failure)
            return
        }
        val starting = hosting(deckport)
        val on = try {
            starting.begin(chosen.value)
        } catch (error: Exception) {
            starting.end()
            engine.release()
            if (error is CancellationException) throw error
            current.value = HostState.Failed(HostFailure.of(error))
            return
        }
        hosting = starting
        current.value = on
        // What has happened meanwhile.
        starting.look()
    }

    private suspend fun finish(end: HostState) {
        val ending = hosting ?: return run { current.value = end }
        current.value = HostState.Stopping
        hosting = null
        try {
            ending.deckport.stop()
        } catch (error: Exception) {
            if (error is CancellationException) throw error
            // It does not serve any more either way.
        }
        ending.end()
        engine.release()
        current.value = end
    }

    private suspend fun open(): Deckport = try {
        val options = options()
        surroundings.open(options, DeviceTexts(app, options.appName))
    } catch (error: CancellationException) {
        throw error
    } catch (error: Exception) {
        throw HostException(HostFailure.of(error), error)
    } catch (error: LinkageError) {
        throw HostException(HostFailure.of(error), error)
    }

    private fun options(): EndpointOptions {
        val settings = chosen.value
        return EndpointOptions(
            dataDir = folder.path,
            port = settings.port,
            loopbackOnly = settings.thisDeviceOnly,
            appName = settings.name ?: app.applicationInfo.loadLabel(app.packageManager).toString(),
            utcOffsetMinutes = TimeZone.getDefault().getOffset(System.currentTimeMillis()) / MS_PER_MINUTE,
        )
    }

    private fun hosting(deckport: Deckport): Hosting {
        val problems = ProblemKeeper(
            now = System::currentTimeMillis,
            freeBytes = { surroundings.freeBytes(folder) },
            isVpnOn = { networks.isVpnOn },
            missing = { HostPermission.missing(app) },
        )
        return Hosting(scope, deckport, networks, problems, witness)
    }

    private val witness = object : Witness {
        override fun onChange(on: HostState.On) {
            // While it starts or stops, that is what there is to say.
            current.update { if (it is HostState.On) on else it }
        }

        override fun onEvent(event: EndpointEvent) {
            told.tryEmit(event)
        }

        override fun onIdle() = stopLater()

        override fun onFailure(reason: String) = failLater(HostFailure.Other(reason))
    }

    public companion object {
        /** So long the engine stays open after its last use. */
        private val LINGER = 5.seconds
        private const val CLOSED = "this host was closed"
        private const val EVENTS_AT_HAND = 256
        private const val MS_PER_MINUTE = 60_000
        private val hosts = ConcurrentHashMap<String, DeckportHost>()

        /** Where the data is unless an app decides otherwise: below `filesDir`, in `collections`. */
        public fun defaultFolder(context: Context): File = File(context.filesDir, "collections")

        /** The host of a folder; the same one at each call. Opens nothing yet. */
        public fun of(context: Context, folder: File = defaultFolder(context)): DeckportHost =
            of(context, folder, Surroundings())

        internal fun of(context: Context, folder: File, surroundings: Surroundings): DeckportHost =
            hosts.getOrPut(folder.canonicalPath) { DeckportHost(context, folder, surroundings) }

        private fun preferencesFor(folder: File) = "io.deckport.host.${folder.name}"
    }
}
