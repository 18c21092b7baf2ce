package io.deckport.companion.care

import android.content.res.Resources
import androidx.annotation.PluralsRes
import androidx.annotation.StringRes
import androidx.compose.runtime.Composable
import androidx.compose.runtime.Immutable
import androidx.compose.runtime.ReadOnlyComposable
import androidx.compose.ui.platform.LocalConfiguration
import androidx.compose.ui.platform.LocalContext
import java.text.NumberFormat

/** Something to be said to a person, in the language that holds when it is shown. */
@Immutable
sealed interface Words {
    /** A text, with what stands in its places; [Words] and numbers among these are put into words, too. */
    data class Say(@param:StringRes val id: Int, val places: List<Any>) : Words {
        constructor(@StringRes id: Int, vararg places: Any) : this(id, places.toList())
    }

    /** A text that depends on a number, which is its first place. */
    data class Count(@param:PluralsRes val id: Int, val count: Long, val places: List<Any>) : Words {
        constructor(@PluralsRes id: Int, count: Long, vararg places: Any) : this(id, count, places.toList())
    }

    /** A text that is in the right language already. */
    data class Plain(val text: String) : Words

    /** So many bytes, in the unit that is easiest to read. */
    data class Bytes(val bytes: Long) : Words
}

/** The words in the language of these resources. */
fun Words.text(resources: Resources): String = when (this) {
    is Words.Say -> resources.getString(id, *places.texts(resources))
    is Words.Count -> {
        val number = count.coerceIn(0, Int.MAX_VALUE.toLong()).toInt()
        resources.getQuantityString(id, number, numberText(count, resources), *places.texts(resources))
    }
    is Words.Plain -> text
    is Words.Bytes -> bytesText(bytes, resources)
}

private fun List<Any>.texts(resources: Resources): Array<Any> = Array(size) { at ->
    when (val place = get(at)) {
        is Words -> place.text(resources)
        is Long -> numberText(place, resources)
        is Int -> numberText(place.toLong(), resources)
        else -> place.toString()
    }
}

/** `12,345` as people write it. */
internal fun numberText(number: Long, resources: Resources): String =
    NumberFormat.getIntegerInstance(locale(resources)).format(number)

/** The resources of the present language; reads them anew when that changes. */
@Composable
@ReadOnlyComposable
internal fun resources(): Resources {
    LocalConfiguration.current
    return LocalContext.current.resources
}

/** The words in the language of the screen. */
@Composable
@ReadOnlyComposable
fun said(words: Words): String = words.text(resources())
