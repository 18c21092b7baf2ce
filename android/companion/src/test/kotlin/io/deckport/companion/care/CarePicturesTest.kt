package io.deckport.companion.care

import android.graphics.Bitmap
import android.graphics.Canvas
import android.os.Looper
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import io.deckport.companion.R
import io.deckport.companion.theme.DeckportTheme
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import java.io.File
import java.time.Duration

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35])
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class CarePicturesTest {
    @Test fun light() = pictures("light", "w411dp-h891dp-xhdpi")
    @Test fun dark() = pictures("dark", "w411dp-h891dp-night-xhdpi")
    @Test fun german() = pictures("german", "de-w411dp-h891dp-xhdpi")
    @Test fun rightToLeft() = pictures("rtl", "ar-ldrtl-w411dp-h891dp-xhdpi")
    @Test fun largeFont() = pictures("large", "de-w411dp-h891dp-xhdpi", 2.0f)
    @Test fun tablet() = pictures("tablet", "w1280dp-h800dp-mdpi")

    private fun pictures(name: String, qualifiers: String, fontScale: Float = 1f) {
        RuntimeEnvironment.setQualifiers(qualifiers)
        RuntimeEnvironment.setFontScale(fontScale)
        for (sample in Sample.entries) {
            val controller = Robolectric.buildActivity(ComponentActivity::class.java)
            controller.get().setTheme(R.style.Deckport)
            val activity = controller.setup().get()
            activity.setContent { DeckportTheme(dynamic = false) { sample.show() } }
            shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(2))
            val view = activity.window.decorView
            val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
            view.draw(Canvas(bitmap))
            val file = File(System.getProperty("deckport.pictures"), "care-${sample.name.lowercase()}-$name.png")
            file.parentFile!!.mkdirs()
            file.outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
            controller.pause().stop().destroy()
        }
    }
}
