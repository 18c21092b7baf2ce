package io.deckport.companion.pictures

import io.deckport.Address
import io.deckport.AddressKind
import io.deckport.Device
import io.deckport.Pairing
import io.deckport.android.HostActivity
import io.deckport.android.HostPermission
import io.deckport.android.HostProblem
import io.deckport.android.HostSettings
import io.deckport.android.HostState
import io.deckport.android.LastSync
import io.deckport.android.SyncPart
import io.deckport.android.Syncing
import io.deckport.companion.home.HomeState
import io.deckport.companion.pictures.Stage.Companion.NOW_MS
import io.deckport.companion.settings.SettingsState
import kotlin.time.Duration.Companion.minutes

/** What the pictures show. */
object Samples {
    private const val MINUTE = 60_000L
    private const val DAY = 24 * 60 * MINUTE

    val wifi = Address("http://192.168.178.23:27701/", AddressKind.WIFI, "wlan0", 0, true, null)
    private val usb = Address("http://192.168.42.129:27701/", AddressKind.USB, "rndis0", 1, true, null)
    private val hotspot = Address("http://192.168.49.1:27701/", AddressKind.HOTSPOT, "ap0", 2, true, null)
    private val loopback = Address("http://127.0.0.1:27701/", AddressKind.LOOPBACK, "", 3, false, null)
    val addresses = listOf(wifi, usb, hotspot, loopback)

    val devices = listOf(
        Device(1, "anki", "Anki 26.09.3 on linux", "26.09.3", "linux", "192.168.178.20", NOW_MS - DAY, NOW_MS - 3 * MINUTE),
        Device(2, "anki", "Anna’s tablet", "26.09.3", "android", "192.168.178.31", NOW_MS - 9 * DAY, NOW_MS - 2 * DAY),
        Device(3, "anki", "iPhone", "", "ios", null, NOW_MS - DAY, null),
    )
    private val last = LastSync("anki", "Anki 26.09.3 on linux", SyncPart.CHANGES, NOW_MS - 3 * MINUTE)

    val on = HomeState(
        HostState.On(addresses, activity = HostActivity(last = last)),
        account = "anki",
        devices = devices,
        hasAnkidroid = true,
    )
    val pairing = on.copy(
        pairing = Pairing(
            "anki", "kq7w-hm3x-9tvc", wifi.url, "${wifi.url}#account=anki&password=kq7w-hm3x-9tvc", NOW_MS + 4 * MINUTE + 32_000,
        ),
    )
    val syncing = on.copy(
        host = HostState.On(
            addresses,
            activity = HostActivity(
                listOf(
                    Syncing("anki", "Anki 26.09.3 on linux", SyncPart.CHANGES, 12, 340),
                    Syncing("anki", "Anna’s tablet", SyncPart.MEDIA, 84, 0),
                ),
                last,
            ),
        ),
    )

    /** Home while hosting is on with problems. */
    fun troubled(vararg problems: HostProblem): HomeState = on.copy(host = HostState.On(addresses, problems.toList()))

    val noNetwork = on.copy(
        host = HostState.On(listOf(loopback), listOf(HostProblem.NoNetwork)),
        hasAnkidroid = false,
    )
    val problems = arrayOf(
        HostProblem.Permission(HostPermission.LOCAL_NETWORK),
        HostProblem.StorageLow(41L shl 20),
        HostProblem.DeviceRefused("anki", "Anna’s tablet", "the collection is larger than this endpoint accepts", NOW_MS),
        HostProblem.LoginRefused("192.168.178.77", NOW_MS),
        HostProblem.Vpn,
        HostProblem.Permission(HostPermission.NOTIFICATIONS),
        HostProblem.Permission(HostPermission.BATTERY),
    )

    val settings = SettingsState(HostSettings(stopWhenIdle = 30.minutes), "Deckport", true, true, "English")
}
