package io.deckport.companion

import android.content.pm.ComponentInfo
import android.content.pm.PackageManager
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment

/** What the system and other apps are told of the app. */
@RunWith(RobolectricTestRunner::class)
class ManifestTest {
    private val known = RuntimeEnvironment.getApplication().run {
        val all = PackageManager.GET_ACTIVITIES or PackageManager.GET_SERVICES or PackageManager.GET_RECEIVERS or
            PackageManager.GET_PROVIDERS or PackageManager.GET_PERMISSIONS or PackageManager.MATCH_DISABLED_COMPONENTS
        packageManager.getPackageInfo(packageName, all)
    }

    @Test
    fun `other apps can open the app and nothing else, and the system alone has the tile`() {
        val all: List<ComponentInfo> = listOf(known.activities, known.services, known.receivers, known.providers)
            .flatMap { it.orEmpty().toList() }
        val open = all.filter { it.exported }.map { it.name.substringAfterLast('.') }
        assertEquals(listOf("MainActivity", "HostTile"), open)
        assertEquals("android.permission.BIND_QUICK_SETTINGS_TILE", known.services!!.single { it.exported }.permission)
    }

    @Test
    fun `it asks for no permission but those that are explained`() {
        val permissions = known.requestedPermissions.orEmpty().map { it.removePrefix("android.permission.") }.toSet()
        assertEquals(
            setOf(
                "INTERNET", "ACCESS_NETWORK_STATE", "FOREGROUND_SERVICE", "FOREGROUND_SERVICE_CONNECTED_DEVICE",
                "CHANGE_NETWORK_STATE", "POST_NOTIFICATIONS", "WAKE_LOCK", "ACCESS_LOCAL_NETWORK", "RECEIVE_BOOT_COMPLETED", "FOREGROUND_SERVICE_DATA_SYNC",
            ),
            permissions,
        )
    }
}
