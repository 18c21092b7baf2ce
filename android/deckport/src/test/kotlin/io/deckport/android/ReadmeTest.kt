package io.deckport.android

import android.widget.TextView
import io.deckport.android.example.HostActivity
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner

/** The example of the README, which the build takes from there. */
@RunWith(RobolectricTestRunner::class)
class ReadmeTest {
    @Test
    fun `the example hosts, and a client logs in with what it shows`() {
        val host = hostOf()
        val activity = Robolectric.buildActivity(HostActivity::class.java).setup()
        val content = activity.get().findViewById<android.view.ViewGroup>(android.R.id.content)
        val text = content.getChildAt(0) as TextView
        val wanted = Regex("""Type into Anki: (\S+) (\S+) (\S+)""")
        val (_, account, password) = waitFor { wanted.find(text.text) }.destructured
        ended(
            beside {
                anki("device").use { anki ->
                    anki.login(host.url(), account, password)
                    anki.add("one")
                    anki.sync("upload")
                }
            },
        )
        assertEquals(1L, now { host.use { it.overview("anna") } }.notes)
        activity.destroy()
        now { host.close() }
    }
}
