package io.deckport.companion.care

import androidx.compose.runtime.Composable
import io.deckport.companion.R
import io.deckport.companion.pictures.Look
import io.deckport.companion.pictures.Stage
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.ParameterizedRobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Every screen that cares for accounts, in every state that looks different. */
@RunWith(ParameterizedRobolectricTestRunner::class)
@Config(sdk = [36], application = android.app.Application::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class CarePicturesTest(private val look: Look) {
    private val nothing = WorkState.None

    @Test fun devices() = show("devices") { DevicesScreen(Samples.devices, nothing, NoActions, NoActions, {}) }

    @Test fun `devices, renaming`() = show("devices-rename", tap = R.string.care_rename) {
        DevicesScreen(Samples.devices, nothing, NoActions, NoActions, {})
    }

    @Test fun accounts() = show("accounts") { AccountsScreen(Samples.accounts, nothing, NoActions, NoActions, {}) }

    @Test fun `accounts, adding`() = show("accounts-add", tap = R.string.care_account_add) {
        AccountsScreen(Samples.accounts, nothing, NoActions, NoActions, {})
    }

    @Test fun backups() = backups("backups", nothing)

    @Test fun `backups, restoring`() = backups("backups-restore", nothing, R.string.care_restore)

    @Test fun `backups, restored`() = backups("backups-restored", Samples.restored)

    @Test fun files() = files("files", nothing, Samples.files)

    @Test fun `files, exporting`() = files("files-exporting", Samples.exporting, Samples.files)

    @Test fun `files, importing`() = files("files-import", nothing, Samples.chosen)

    @Test fun `files, failed`() = files("files-failed", Samples.failed, Samples.files)

    @Test fun check() = show("check") { CheckScreen(Samples.check, Samples.found, NoActions, NoActions, {}) }

    @Test fun `unused media`() = show("unused") { UnusedScreen(Samples.unused, nothing, NoActions, NoActions, {}) }

    @Test fun space() = show("space") { SpaceScreen(Samples.space, nothing, NoActions, NoActions, {}, {}) }

    private fun backups(name: String, work: WorkState, tap: Int? = null) =
        show(name, tap) { BackupsScreen(Samples.backups, work, NoActions, NoActions, {}, {}) }

    private fun files(name: String, work: WorkState, state: FilesState) =
        show(name) { FilesScreen(state, work, NoActions, NoActions, {}, {}, {}) }

    private fun show(name: String, tap: Int? = null, content: @Composable () -> Unit) {
        val height = if (look == Look.Large) 2 * PHONE else if (look == Look.Tablet) TABLET else PHONE
        Stage(look, height, content).use { stage ->
            if (tap != null) stage.tap(tap)
            stage.assertNothingIsCut()
            stage.assertEverythingHasAName()
            stage.assertLooksAs("care-$name")
        }
    }

    companion object {
        private const val PHONE = 891
        private const val TABLET = 700

        @JvmStatic
        @ParameterizedRobolectricTestRunner.Parameters(name = "{0}")
        fun looks(): List<Array<Any>> = Look.entries.map { arrayOf(it) }
    }
}
