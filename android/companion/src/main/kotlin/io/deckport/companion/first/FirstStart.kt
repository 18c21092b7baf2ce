package io.deckport.companion.first

import androidx.annotation.DrawableRes
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.WindowInsets
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.safeDrawing
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.layout.windowInsetsPadding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.shape.CircleShape
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import io.deckport.android.sentence
import io.deckport.companion.R
import io.deckport.companion.parts.Block
import io.deckport.companion.parts.Secret

/** The steps of the first start. */
enum class FirstStep { Welcome, Account, Notifications }

/**
 * What the first start shows.
 *
 * @property steps those that this version of Android needs.
 * @property name of the account, which the person may change.
 * @property password that was made for it.
 * @property trouble why the account could not be made.
 * @property working while it is made.
 */
data class FirstState(
    val step: FirstStep = FirstStep.Welcome,
    val steps: List<FirstStep> = FirstStep.entries,
    val name: String = "",
    val password: String = "",
    val trouble: FirstTrouble? = null,
    val working: Boolean = false,
)

/** What a person can do at the first start. */
interface FirstActions {
    /** Goes to the next step; from the account's step on there is an account. */
    fun next()

    /** Writes another name of the account. */
    fun rename(name: String)

    /** Makes another password. */
    fun otherPassword()

    /** Asks the system for notifications, and goes on whatever the answer is. */
    fun allowNotifications()
}

/** What it is, the account, and notifications: nothing else is asked until it is needed. */
@Composable
fun FirstStart(state: FirstState, actions: FirstActions) {
    Surface(Modifier.fillMaxSize(), color = MaterialTheme.colorScheme.surface) {
        Box(Modifier.windowInsetsPadding(WindowInsets.safeDrawing).fillMaxSize(), Alignment.TopCenter) {
            when (state.step) {
                FirstStep.Welcome -> Welcome(state, actions)
                FirstStep.Account -> Account(state, actions)
                FirstStep.Notifications -> Notifications(state, actions)
            }
        }
    }
}

@Composable
private fun Welcome(state: FirstState, actions: FirstActions) {
    Step(
        state,
        R.drawable.ic_sync,
        stringResource(R.string.first_welcome),
        stringResource(R.string.first_welcome_more),
        buttons = { Button(actions::next) { Text(stringResource(R.string.next)) } },
    )
}

@Composable
private fun Account(state: FirstState, actions: FirstActions) {
    Step(
        state,
        R.drawable.ic_account,
        stringResource(R.string.first_account),
        stringResource(R.string.first_account_more),
        buttons = {
            Button(actions::next, enabled = state.name.isNotBlank() && !state.working) { Text(stringResource(R.string.next)) }
        },
    ) {
        OutlinedTextField(
            state.name,
            actions::rename,
            Modifier.fillMaxWidth(),
            label = { Text(stringResource(R.string.account)) },
            supportingText = state.trouble?.let { trouble -> { Text(sentence(trouble)) } },
            isError = state.trouble != null,
            singleLine = true,
        )
        Block {
            Row(Modifier.padding(start = 16.dp, top = 12.dp, bottom = 12.dp, end = 4.dp), verticalAlignment = Alignment.CenterVertically) {
                Secret(stringResource(R.string.password), state.password, Modifier.weight(1f))
                IconButton(actions::otherPassword) {
                    Icon(painterResource(R.drawable.ic_renew), stringResource(R.string.first_other_password))
                }
            }
        }
    }
}

@Composable
private fun sentence(trouble: FirstTrouble): String = when (trouble) {
    FirstTrouble.BadName -> stringResource(R.string.first_bad_name)
    is FirstTrouble.Host -> trouble.failure.sentence(LocalContext.current)
}

@Composable
private fun Notifications(state: FirstState, actions: FirstActions) {
    Step(
        state,
        R.drawable.ic_notification,
        stringResource(R.string.first_notifications),
        stringResource(R.string.first_notifications_more),
        buttons = {
            TextButton(actions::next) { Text(stringResource(R.string.not_now)) }
            Button(actions::allowNotifications) { Text(stringResource(R.string.first_notifications_allow)) }
        },
    )
}

/** One step: what it is about, what can be entered, and at the bottom where one is and how it goes on. */
@OptIn(ExperimentalLayoutApi::class)
@Composable
private fun Step(
    state: FirstState,
    @DrawableRes icon: Int,
    title: String,
    text: String,
    buttons: @Composable () -> Unit,
    content: @Composable ColumnScope.() -> Unit = {},
) {
    Column(Modifier.widthIn(max = StepWidth).fillMaxSize().padding(24.dp)) {
        Column(
            Modifier.weight(1f).fillMaxWidth().verticalScroll(rememberScrollState()),
            Arrangement.spacedBy(16.dp, Alignment.CenterVertically),
            Alignment.CenterHorizontally,
        ) {
            Picture(icon)
            Spacer(Modifier.height(8.dp))
            Text(
                title,
                Modifier.semantics { heading() },
                style = MaterialTheme.typography.headlineMedium,
                textAlign = TextAlign.Center,
            )
            Text(
                text,
                color = MaterialTheme.colorScheme.onSurfaceVariant,
                style = MaterialTheme.typography.bodyLarge,
                textAlign = TextAlign.Center,
            )
            content()
        }
        FlowRow(
            Modifier.fillMaxWidth().padding(top = 24.dp),
            Arrangement.SpaceBetween,
            Arrangement.spacedBy(16.dp),
        ) {
            Dots(state, Modifier.align(Alignment.CenterVertically))
            FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp, Alignment.End)) { buttons() }
        }
    }
}

@Composable
private fun Picture(@DrawableRes icon: Int) {
    Surface(shape = CircleShape, color = MaterialTheme.colorScheme.primaryContainer) {
        Icon(painterResource(icon), null, Modifier.padding(28.dp).size(56.dp))
    }
}

/** Which of the steps this is. */
@Composable
private fun Dots(state: FirstState, modifier: Modifier = Modifier) {
    val at = state.steps.indexOf(state.step)
    val said = stringResource(R.string.first_step, at + 1, state.steps.size)
    Row(modifier.semantics { contentDescription = said }, Arrangement.spacedBy(8.dp), Alignment.CenterVertically) {
        repeat(state.steps.size) { dot ->
            val color = MaterialTheme.colorScheme.run { if (dot == at) primary else outlineVariant }
            Surface(Modifier.size(if (dot == at) 10.dp else 8.dp), CircleShape, color) {}
        }
    }
}

private val StepWidth = 480.dp
