package io.deckport.android

import android.content.SharedPreferences
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

/**
 * What a person decides about hosting. [DeckportHost.change] keeps it.
 *
 * @property port where devices reach it; 0 picks a free one at each start.
 * @property stopWhenIdle after how long without a sync hosting ends by itself; `null`: never.
 * @property thisDeviceOnly listen for apps on this device alone.
 * @property name what people read on their other devices as the name of this one; `null`: the app's label.
 */
public data class HostSettings(
    val port: Int = DEFAULT_PORT,
    val stopWhenIdle: Duration? = null,
    val thisDeviceOnly: Boolean = false,
    val name: String? = null,
) {
    init {
        require(port in 0..MAX_PORT) { "a port is 0 to $MAX_PORT" }
    }

    /** Whether the engine must be opened anew to follow these in place of [other]. */
    internal fun needsOtherEngine(other: HostSettings): Boolean =
        port != other.port || thisDeviceOnly != other.thisDeviceOnly || name != other.name

    public companion object {
        /** The port where Deckport listens unless told otherwise. */
        public const val DEFAULT_PORT: Int = 27701
        private const val MAX_PORT = 65_535
    }
}

/** Settings, and whether hosting is wanted, in an app's preferences. */
internal class SettingsStore(private val preferences: SharedPreferences) {
    /** Whether a person has switched hosting on: then it comes back after the process was killed. */
    var isWanted: Boolean
        get() = preferences.getBoolean("wanted", false)
        set(value) = preferences.edit().putBoolean("wanted", value).apply()

    fun read(): HostSettings = HostSettings(
        port = preferences.getInt("port", HostSettings.DEFAULT_PORT),
        stopWhenIdle = preferences.getLong("idle_ms", 0).takeIf { it > 0 }?.milliseconds,
        thisDeviceOnly = preferences.getBoolean("this_device_only", false),
        name = preferences.getString("name", null),
    )

    fun write(settings: HostSettings): Unit = preferences.edit()
        .putInt("port", settings.port)
        .putLong("idle_ms", settings.stopWhenIdle?.inWholeMilliseconds ?: 0)
        .putBoolean("this_device_only", settings.thisDeviceOnly)
        .putString("name", settings.name)
        .apply()
}
