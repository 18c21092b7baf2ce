package io.deckport.companion.parts

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.RowScope
import androidx.compose.foundation.layout.WindowInsets
import androidx.compose.foundation.layout.calculateEndPadding
import androidx.compose.foundation.layout.calculateStartPadding
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.safeDrawing
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.LazyListScope
import androidx.compose.foundation.lazy.LazyListState
import androidx.compose.foundation.lazy.rememberLazyListState
import androidx.compose.foundation.text.TextAutoSize
import androidx.compose.material3.ExperimentalMaterial3Api
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Scaffold
import androidx.compose.material3.SnackbarHost
import androidx.compose.material3.SnackbarHostState
import androidx.compose.material3.Text
import androidx.compose.material3.TopAppBar
import androidx.compose.material3.TopAppBarDefaults
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.input.nestedscroll.nestedScroll
import androidx.compose.ui.platform.LocalLayoutDirection
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.sp
import io.deckport.companion.R
import io.deckport.companion.navigation.LocalPane

/**
 * A screen: a bar with its [title], an arrow back where there is a way, [actions], and below it [content] that
 * scrolls from edge to edge and never grows wider than reads well.
 */
@OptIn(ExperimentalMaterial3Api::class)
@Composable
fun Page(
    title: String,
    onBack: (() -> Unit)?,
    actions: @Composable RowScope.() -> Unit = {},
    snackbar: SnackbarHostState = remember { SnackbarHostState() },
    list: LazyListState = rememberLazyListState(),
    content: LazyListScope.() -> Unit,
) {
    val scrolling = TopAppBarDefaults.pinnedScrollBehavior()
    Scaffold(
        modifier = Modifier.nestedScroll(scrolling.nestedScrollConnection),
        topBar = {
            TopAppBar(
                title = { BarTitle(title) },
                navigationIcon = { if (onBack != null && LocalPane.current.leadsBack) BackButton(onBack) },
                actions = actions,
                scrollBehavior = scrolling,
            )
        },
        snackbarHost = { SnackbarHost(snackbar) },
        contentWindowInsets = WindowInsets.safeDrawing,
    ) { inside ->
        Box(Modifier.fillMaxSize(), Alignment.TopCenter) {
            LazyColumn(
                Modifier.widthIn(max = ReadableWidth).fillMaxSize(),
                state = list,
                contentPadding = inside.and(horizontal = 16, vertical = 8),
                verticalArrangement = Arrangement.spacedBy(12.dp),
                content = content,
            )
        }
    }
}

/** One line, whatever the size of letters: the bar does not grow. */
@Composable
private fun BarTitle(title: String) {
    Text(
        title,
        Modifier.semantics { heading() },
        maxLines = 1,
        autoSize = TextAutoSize.StepBased(12.sp, MaterialTheme.typography.titleLarge.fontSize, 1.sp),
    )
}

/** The arrow at the start of a bar. */
@Composable
fun BackButton(onBack: () -> Unit) {
    IconButton(onBack) { Icon(painterResource(R.drawable.ic_back), stringResource(R.string.back)) }
}

@Composable
private fun PaddingValues.and(horizontal: Int, vertical: Int): PaddingValues {
    val direction = LocalLayoutDirection.current
    return PaddingValues(
        start = calculateStartPadding(direction) + horizontal.dp,
        top = calculateTopPadding() + vertical.dp,
        end = calculateEndPadding(direction) + horizontal.dp,
        bottom = calculateBottomPadding() + (2 * vertical).dp,
    )
}

/** Lines longer than this are hard to read. */
val ReadableWidth = 640.dp
