package io.deckport.companion.pictures

/**
 * How a screen is looked at. Pictures are taken at one pixel for each dp, so that they stay small.
 *
 * @property width of the display in dp.
 * @property shrunk how many times smaller the picture is than the display.
 */
enum class Look(val language: String, val width: Int, val more: String = "notnight", val fontScale: Float = 1f, val shrunk: Int = 1) {
    Light("en-rUS", 411),
    Dark("en-rUS", 411, "night"),
    German("de-rDE", 411),

    /** The longest words in the largest letters that Android has. */
    Large("de-rDE", 411, fontScale = 2f, shrunk = 2),
    RightToLeft("ar-rEG-ldrtl", 411),
    Tablet("en-rUS", 1000, shrunk = 2),
    ;

    /** For Robolectric; [height] in dp. */
    fun qualifiers(height: Int): String = "$language-w${width}dp-h${height}dp-$more-mdpi".let { all ->
        // The direction of writing stands before the size, in Android's order of qualifiers.
        if (language.endsWith("ldrtl")) all else all.replaceFirst("-w", "-ldltr-w")
    }
}
