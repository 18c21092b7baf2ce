package io.deckport.companion.care

import androidx.compose.runtime.Immutable
import io.deckport.CheckReport
import io.deckport.EndpointInterface
import io.deckport.companion.R

/** What a look at a collection found. */
@Immutable
data class CheckState(
    val choice: Choice = Choice(),
    val loaded: Boolean = false,
    val found: Found? = null,
    val notice: Notice? = null,
)

/**
 * @property sentences what is wrong with the collection, by the engine, in English.
 * @property media what is wrong with the media.
 * @property mendable whether a repair would help.
 */
@Immutable
data class Found(
    val account: String,
    val sentences: List<String>,
    val media: List<Words>,
    val mendable: Boolean,
)

interface CheckActions {
    fun choose(account: String)

    fun check()

    fun repair()

    fun dismiss()
}

class CheckPresenter(base: CareBase) : Presenter<CheckState>(base, CheckState()), CheckActions {
    override suspend fun load(engine: EndpointInterface) {
        val choice = base.accounts.load(engine)
        change { state ->
            val found = state.found?.takeIf { it.account == choice.chosen }
            state.copy(choice = choice, loaded = true, found = found)
        }
    }

    override fun check() = look(WorkKind.CHECK)

    override fun repair() = look(WorkKind.REPAIR)

    private fun look(kind: WorkKind) {
        val account = state.value.choice.chosen ?: return
        val repair = kind == WorkKind.REPAIR
        begin(kind, account) {
            base.tasks.check(this, account, repair) { report -> change { it.copy(found = found(account, report, repair)) } }
        }
    }

    /** After a repair only what it could not mend is still of interest. */
    private fun found(account: String, report: CheckReport, repair: Boolean): Found? {
        if (report.isClean || report.repaired) return null
        if (repair) return report.findings.ifEmpty { null }?.let { Found(account, it, emptyList(), mendable = false) }
        val media = report.media
        val (lost, unknown) = media?.lost.orEmpty().size.toLong() to media?.unknown.orEmpty().size.toLong()
        val words = listOfNotNull(
            Words.Count(R.plurals.care_media_lost, lost).takeIf { lost > 0 },
            Words.Count(R.plurals.care_media_unknown, unknown).takeIf { unknown > 0 },
            Words.Count(R.plurals.care_media_waiting, media?.waiting.orEmpty().size.toLong()).takeIf { it.count > 0 },
        )
        return Found(account, report.findings, words, report.mendable || lost + unknown > 0)
    }

    override fun CheckState.with(notice: Notice?) = copy(notice = notice)
}
