package io.deckport.companion.settings

import androidx.compose.foundation.lazy.items
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.style.TextDirection
import io.deckport.companion.R
import io.deckport.companion.parts.ActionRow
import io.deckport.companion.parts.Block
import io.deckport.companion.parts.Opening
import io.deckport.companion.parts.Page
import io.deckport.companion.parts.SectionTitle

/** Licences of others that neither of ours stands for, as the list calls them, with their texts. */
private val OTHER_TERMS = listOf(
    "BSD-3-Clause" to R.raw.licence_bsd,
    "ISC" to R.raw.licence_isc,
    "MPL-2.0" to R.raw.licence_mpl,
    "Unicode-3.0" to R.raw.licence_unicode,
    "Zlib" to R.raw.licence_zlib,
)

/** Whose work is in this app, and on which terms. */
@Composable
fun LicencesScreen(onBack: () -> Unit) {
    val resources = LocalContext.current.resources
    val works = remember(resources) { licencesOf(resources) }
    Page(stringResource(R.string.licences_title), onBack) {
        item { LicenceText(stringResource(R.string.licences_mit_name), stringResource(R.string.licences_deckport), R.raw.licence_mit) }
        item { LicenceText(stringResource(R.string.licences_apache_name), stringResource(R.string.licences_apache), R.raw.licence_apache) }
        item { SectionTitle(stringResource(R.string.licences_others)) }
        items(works) { work ->
            ActionRow(work.name, null, detail = listOf(work.by, work.licence).filter(String::isNotEmpty).joinToString(" · "))
        }
        items(OTHER_TERMS) { (licence, text) ->
            LicenceText(licence, works.filter { licence in it.licence }.joinToString { it.name }, text)
        }
    }
}

@Composable
private fun LicenceText(name: String, about: String, text: Int) {
    val resources = LocalContext.current.resources
    Block {
        Opening(name, R.drawable.ic_info, detail = about) {
            Text(
                remember(text) { resources.openRawResource(text).bufferedReader().use { it.readText() } },
                style = MaterialTheme.typography.bodySmall.copy(textDirection = TextDirection.Ltr),
            )
        }
    }
}
