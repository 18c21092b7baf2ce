package io.deckport.companion.care

import androidx.compose.runtime.Immutable

/**
 * What came of something, told until a person has read it.
 *
 * @property words sentences, one after the other.
 * @property detail what the engine says beyond that, in English.
 * @property failed whether nothing was done.
 * @property undo what brings back what was before.
 */
@Immutable
data class Notice(
    val words: List<Words>,
    val detail: String? = null,
    val failed: Boolean = false,
    val undo: Undo? = null,
) {
    constructor(vararg words: Words, undo: Undo? = null) : this(words.toList(), undo = undo)

    /** The same with more words. */
    fun and(vararg more: Words?): Notice = copy(words = words + more.filterNotNull())
}

/** The backup that holds what was before. */
@Immutable
data class Undo(val account: String, val backup: String)
