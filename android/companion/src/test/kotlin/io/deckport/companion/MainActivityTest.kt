package io.deckport.companion

import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner

@RunWith(RobolectricTestRunner::class)
class MainActivityTest {
    @Test
    fun `it opens`() {
        val activity = Robolectric.buildActivity(MainActivity::class.java).setup().get()
        assertEquals("Deckport", activity.applicationInfo.loadLabel(activity.packageManager))
    }
}
