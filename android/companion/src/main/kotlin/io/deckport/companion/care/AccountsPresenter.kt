package io.deckport.companion.care

import androidx.compose.runtime.Immutable
import io.deckport.EndpointInterface
import io.deckport.OverviewException
import io.deckport.companion.R

/** The people whose decks this phone keeps. */
@Immutable
data class AccountsState(
    val loaded: Boolean = false,
    val accounts: List<AccountRow> = emptyList(),
    val notice: Notice? = null,
)

/**
 * @property cards how many it has; null when the collection cannot be read.
 * @property changedMs when anything in it was last changed, Unix milliseconds; null: never.
 */
@Immutable
data class AccountRow(val name: String, val cards: Long?, val changedMs: Long?, val devices: Int)

interface AccountsActions {
    fun add(name: String, password: String)

    fun rename(name: String, newName: String)

    fun setPassword(name: String, password: String)

    fun remove(name: String)

    fun dismiss()
}

class AccountsPresenter(base: CareBase) : Presenter<AccountsState>(base, AccountsState()), AccountsActions {
    override suspend fun load(engine: EndpointInterface) {
        val devices = engine.devices().groupingBy { it.account }.eachCount()
        val names = base.accounts.load(engine).accounts
        val rows = names.map { name -> row(engine, name, devices[name] ?: 0) }
        change { it.copy(loaded = true, accounts = rows) }
    }

    /** One collection that cannot be read must not hide the others. */
    private suspend fun row(engine: EndpointInterface, name: String, devices: Int): AccountRow = try {
        val overview = engine.overview(name)
        AccountRow(name, overview.cards, overview.lastChangeMs, devices)
    } catch (_: OverviewException.Failed) {
        AccountRow(name, null, null, devices)
    }

    override fun add(name: String, password: String) {
        val new = name.trim()
        attempt(Words.Say(R.string.care_account_added, new)) { engine ->
            engine.addAccount(new, password)
        }
    }

    override fun rename(name: String, newName: String) {
        val new = newName.trim()
        val chosen = base.accounts.choice.value.chosen == name
        attempt(Words.Say(R.string.care_account_renamed, new)) { engine ->
            engine.renameAccount(name, new)
            base.accounts.load(engine)
            if (chosen) base.accounts.choose(new)
        }
    }

    override fun setPassword(name: String, password: String) {
        attempt(Words.Say(R.string.care_account_password_set, name)) { it.setPassword(name, password) }
    }

    override fun remove(name: String) {
        attempt(Words.Say(R.string.care_account_removed, name)) { it.removeAccount(name) }
    }

    override fun AccountsState.with(notice: Notice?) = copy(notice = notice)
}
