package io.deckport.companion.first

import android.content.SharedPreferences
import android.os.Build
import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import io.deckport.AccountException
import io.deckport.android.DeckportHost
import io.deckport.android.HostException
import io.deckport.android.HostFailure
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch

/** Why the account could not be made. */
sealed interface FirstTrouble {
    /** The name cannot be one. */
    data object BadName : FirstTrouble

    /** The data cannot be used. */
    data class Host(val failure: HostFailure) : FirstTrouble
}

/** What stands behind the first start: where it is, what was entered. It outlives rotation and the process. */
class FirstModel(
    private val host: DeckportHost,
    private val preferences: SharedPreferences,
    private val saved: SavedStateHandle,
    givenName: String,
) : ViewModel() {
    private val shown = MutableStateFlow(
        FirstState(
            step = saved.get<String>(STEP)?.let(FirstStep::valueOf) ?: FirstStep.Welcome,
            steps = FirstStep.entries.filter { it != FirstStep.Notifications || Build.VERSION.SDK_INT >= ASKS_FROM },
            name = saved[NAME] ?: givenName,
            password = saved[PASSWORD] ?: newPassword(),
        ),
    )
    private val over = MutableStateFlow(preferences.getBoolean(OVER, false))

    /** What it shows. */
    val state: StateFlow<FirstState> = shown.asStateFlow()

    /** Whether it is behind the person. */
    val isOver: StateFlow<Boolean> = over.asStateFlow()

    /** Goes on. */
    fun next() {
        when (shown.value.step) {
            FirstStep.Welcome -> go(FirstStep.Account)
            FirstStep.Account -> makeAccount()
            FirstStep.Notifications -> end()
        }
    }

    /** Goes back a step, false when there is none. What was made stays. */
    fun back(): Boolean {
        if (shown.value.step != FirstStep.Account) return false
        go(FirstStep.Welcome)
        return true
    }

    /** Takes another name. */
    fun rename(name: String) = change { it.copy(name = name, trouble = null) }

    /** Makes another password. */
    fun otherPassword() = change { it.copy(password = newPassword()) }

    private fun makeAccount() {
        val (name, password) = shown.value.run { name.trim() to password }
        if (shown.value.working) return
        change { it.copy(working = true, trouble = null) }
        viewModelScope.launch {
            val trouble = made(name, password)
            change { it.copy(working = false, trouble = trouble) }
            if (trouble == null) go(FirstStep.Notifications)
        }
    }

    /** Makes the account, or gives the password to the one that is there: the person may have been here before. */
    private suspend fun made(name: String, password: String): FirstTrouble? = try {
        host.use { engine ->
            try {
                engine.addAccount(name, password)
            } catch (_: AccountException.AlreadyExists) {
                engine.setPassword(name, password)
            }
        }
        null
    } catch (error: HostException) {
        FirstTrouble.Host(error.failure)
    } catch (_: AccountException.BadName) {
        FirstTrouble.BadName
    } catch (error: AccountException) {
        FirstTrouble.Host(HostFailure.of(error))
    }

    private fun go(step: FirstStep) {
        if (step in shown.value.steps) change { it.copy(step = step) } else end()
    }

    private fun end() {
        preferences.edit().putBoolean(OVER, true).apply()
        over.value = true
    }

    private fun change(change: (FirstState) -> FirstState) {
        shown.update(change)
        val now = shown.value
        saved[STEP] = now.step.name
        saved[NAME] = now.name
        saved[PASSWORD] = now.password
    }

    private companion object {
        const val STEP = "step"
        const val NAME = "name"
        const val PASSWORD = "password"
        const val OVER = "first_start_over"
        const val ASKS_FROM = Build.VERSION_CODES.TIRAMISU
    }
}
