package io.deckport.companion.care

import android.content.res.Resources
import io.deckport.companion.R
import java.text.NumberFormat
import java.time.Instant
import java.time.LocalDate
import java.time.ZoneId
import java.time.format.DateTimeFormatter
import java.time.format.FormatStyle
import java.time.temporal.ChronoUnit
import java.util.Locale

private const val STEP = 1000.0

/** `1.2 MB`; in units of 1000, as Android's own settings count. */
internal fun bytesText(bytes: Long, resources: Resources): String {
    val units = listOf(R.string.care_bytes, R.string.care_kilobytes, R.string.care_megabytes, R.string.care_gigabytes)
    var value = bytes.coerceAtLeast(0).toDouble()
    var unit = 0
    // What would round up to 1000 is one of the next unit.
    while (value >= STEP - 0.5 && unit < units.lastIndex) {
        value /= STEP
        unit += 1
    }
    val format = NumberFormat.getNumberInstance(locale(resources))
    format.maximumFractionDigits = if (unit == 0 || value >= 10) 0 else 1
    return resources.getString(units[unit], format.format(value))
}

/** `Today`, `Yesterday`, or the date. */
internal fun dayText(day: LocalDate, today: LocalDate, resources: Resources): String =
    when (ChronoUnit.DAYS.between(day, today)) {
        0L -> resources.getString(R.string.care_today)
        1L -> resources.getString(R.string.care_yesterday)
        else -> DateTimeFormatter.ofLocalizedDate(FormatStyle.LONG).withLocale(locale(resources)).format(day)
    }

/** The time of day. */
internal fun timeText(ms: Long, zone: ZoneId, resources: Resources): String =
    DateTimeFormatter.ofLocalizedTime(FormatStyle.SHORT).withLocale(locale(resources))
        .format(Instant.ofEpochMilli(ms).atZone(zone))

internal fun dayOf(ms: Long, zone: ZoneId): LocalDate = Instant.ofEpochMilli(ms).atZone(zone).toLocalDate()

/** That of the texts: where they are in another language than the phone, numbers and days go with them. */
internal fun locale(resources: Resources): Locale {
    val own = resources.configuration.locales[0]
    val ofTexts = resources.getString(R.string.care_language)
    return if (own.language == ofTexts) own else Locale.forLanguageTag(ofTexts)
}
