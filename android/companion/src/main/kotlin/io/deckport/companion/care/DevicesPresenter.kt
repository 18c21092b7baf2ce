package io.deckport.companion.care

import androidx.compose.runtime.Immutable
import io.deckport.Device
import io.deckport.EndpointInterface
import io.deckport.companion.R

/** The devices that sync with this phone. */
@Immutable
data class DevicesState(
    val loaded: Boolean = false,
    val owners: List<Owner> = emptyList(),
    val notice: Notice? = null,
)

/** A person and the devices that this person logged in with. */
@Immutable
data class Owner(val account: String, val devices: List<DeviceRow>)

/**
 * @property client which Anki it is, if that is known and its name does not tell.
 * @property syncedMs when it last synced, Unix milliseconds; null: never.
 */
@Immutable
data class DeviceRow(val id: Long, val name: String, val client: String?, val syncedMs: Long?)

interface DevicesActions {
    fun rename(id: Long, name: String)

    fun logOut(id: Long)

    fun dismiss()
}

class DevicesPresenter(base: CareBase) : Presenter<DevicesState>(base, DevicesState()), DevicesActions {
    override suspend fun load(engine: EndpointInterface) {
        val devices = engine.devices().sortedByDescending { it.lastSyncMs ?: it.loggedInMs }
        val owners = devices.groupBy { it.account }.map { (account, its) -> Owner(account, its.map(::row)) }
        change { it.copy(loaded = true, owners = owners.sortedBy { owner -> owner.account.lowercase() }) }
    }

    override fun rename(id: Long, name: String) {
        val new = name.trim()
        attempt(Words.Say(R.string.care_device_renamed, new)) { it.renameDevice(id, new) }
    }

    override fun logOut(id: Long) {
        val name = state.value.owners.flatMap { it.devices }.find { it.id == id }?.name.orEmpty()
        attempt(Words.Say(R.string.care_device_logged_out, name)) { it.revokeDevice(id) }
    }

    override fun DevicesState.with(notice: Notice?) = copy(notice = notice)

    private fun row(device: Device) = DeviceRow(device.id, device.name, client(device), device.lastSyncMs)

    private fun client(device: Device): String? {
        val app = when (device.platform.lowercase()) {
            "" -> null
            "android" -> "AnkiDroid"
            "ios" -> "AnkiMobile"
            else -> "Anki"
        }
        val parts = listOfNotNull(app, device.clientVersion.ifEmpty { null })
        val text = parts.joinToString(" ") + device.platform.ifEmpty { null }?.let { " ($it)" }.orEmpty()
        return text.ifBlank { null }?.takeIf { device.clientVersion.isEmpty() || device.clientVersion !in device.name }
    }
}
