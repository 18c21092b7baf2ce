package io.deckport.companion.settings

import android.content.res.Resources
import io.deckport.companion.R

/** Somebody's work that is in this app. */
data class LicensedWork(val name: String, val by: String, val licence: String)

/** All of it, by name: a line each in the resource, with tabs between name, author and licence. */
internal fun licencesOf(resources: Resources): List<LicensedWork> =
    resources.openRawResource(R.raw.licences).bufferedReader().useLines { lines ->
        lines.filter(String::isNotBlank).map { line ->
            val (name, by, licence) = line.split('\t')
            LicensedWork(name, by, licence)
        }.toList()
    }
