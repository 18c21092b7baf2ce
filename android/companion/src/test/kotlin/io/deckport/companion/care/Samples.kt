package io.deckport.companion.care

import androidx.compose.runtime.Composable
import io.deckport.companion.R
import io.deckport.companion.pictures.Stage.Companion.NOW_MS
import java.time.Instant
import java.time.LocalDate
import java.time.ZoneOffset

/** What the pictures show: the days of a family. */
object Samples {
    private val today = LocalDate.of(2026, 11, 29)
    private val choice = Choice(listOf("Anna", "Bernd"), "Anna")

    private fun backup(time: String, why: Words, cards: Long, reviews: Long, bytes: Long) = BackupRow(
        time,
        Instant.parse(time).toEpochMilli(),
        ZoneOffset.UTC,
        why,
        listOf(Words.Count(R.plurals.care_cards, cards), Words.Count(R.plurals.care_reviews, reviews), Words.Bytes(bytes)),
        cards,
    )

    val devices = DevicesState(
        loaded = true,
        owners = listOf(
            Owner(
                "Anna",
                listOf(
                    DeviceRow(1, "Anki 26.09.3 on linux", null, NOW_MS - 20_000),
                    DeviceRow(2, "Anna’s tablet", "AnkiDroid 2.24 (android)", NOW_MS - 3 * HOUR_MS),
                ),
            ),
            Owner("Bernd", listOf(DeviceRow(3, "Desktop in the study", "Anki 25.02 (win)", null))),
        ),
    )

    val accounts = AccountsState(
        loaded = true,
        accounts = listOf(
            AccountRow("Anna", 12_345, NOW_MS - 5 * 60_000, 2),
            AccountRow("Bernd", 1, null, 1),
        ),
        notice = Notice(Words.Say(R.string.care_account_password_set, "Bernd")),
    )

    val backups = BackupsState(
        choice,
        loaded = true,
        today = today,
        cardsNow = 12_345,
        days = listOf(
            BackupDay(
                today,
                listOf(
                    backup("2026-11-29T14:05:00Z", Words.Say(R.string.care_why_restore), 12_345, 98_765, 34_500_000),
                    backup("2026-11-29T09:12:00Z", Words.Say(R.string.care_why_upload_by, "Anna’s laptop"), 12_300, 98_700, 34_400_000),
                ),
            ),
            BackupDay(today.minusDays(1), listOf(backup("2026-11-28T20:00:00Z", Words.Say(R.string.care_why_manual), 1, 0, 98_304))),
            BackupDay(today.minusDays(8), listOf(backup("2026-11-21T08:30:00Z", Words.Say(R.string.care_why_import), 11_000, 90_000, 30_000_000))),
        ),
    )

    val restored = WorkState.Ended(
        WorkKind.RESTORE,
        "Anna",
        Notice(
            Words.Say(R.string.care_restore_done, "Anna", Words.Count(R.plurals.care_cards, 12_300)),
            Words.Say(R.string.care_kept),
            Words.Say(R.string.care_choose_download),
            undo = Undo("Anna", "x"),
        ),
    )

    val exporting = WorkState.Running(WorkKind.EXPORT, "Anna", WorkProgress(WorkStep.MEDIA, 1_234, 5_678))

    val failed = WorkState.Ended(
        WorkKind.IMPORT,
        "Anna",
        Notice(listOf(Words.Say(R.string.care_failed_unusable)), "the package is broken: an entry cannot be unpacked", failed = true),
    )

    val files = FilesState(choice, loaded = true, cardsNow = 12_345, bytes = 34_500_000, mediaBytes = 1_200_000_000, today = today)

    val chosen = files.copy(chosenFile = ChosenFile("content://x", "collection-2026-11-28.colpkg", 1_100_000_000))

    val check = CheckState(
        choice,
        loaded = true,
        found = Found(
            "Anna",
            listOf("2 cards have no note", "a due date is out of range in 1 card"),
            listOf(Words.Count(R.plurals.care_media_lost, 3)),
            mendable = true,
        ),
    )

    val found = WorkState.Ended(WorkKind.CHECK, "Anna", Notice(Words.Count(R.plurals.care_check_found, 5)))

    val unused = UnusedState(
        choice,
        loaded = true,
        files = listOf(
            UnusedFile("a-photo-with-quite-a-long-name-2024-07-01.jpg", 2_400_000),
            UnusedFile("paste-8c7f.png", 120_000),
            UnusedFile("ありがとう.mp3", 14_000),
        ),
        ticked = setOf("paste-8c7f.png"),
    )

    val space = SpaceState(
        loaded = true,
        accounts = listOf(
            AccountSpace("Anna", 34_500_000, 1_200_000_000, 120_000_000, 2_400_000),
            AccountSpace("Bernd", 98_304, 0, 0, 0),
        ),
        leftBehind = 7_000_000,
        free = 12_300_000_000,
        reserve = 64L shl 20,
    )

    private const val HOUR_MS = 3_600_000L
}

/** Nobody touches a picture. */
internal object NoActions :
    DevicesActions, AccountsActions, BackupsActions, FilesActions, CheckActions, UnusedActions, SpaceActions, WorkActions {
    override fun rename(id: Long, name: String) = Unit
    override fun logOut(id: Long) = Unit
    override fun dismiss() = Unit
    override fun add(name: String, password: String) = Unit
    override fun rename(name: String, newName: String) = Unit
    override fun setPassword(name: String, password: String) = Unit
    override fun remove(name: String) = Unit
    override fun choose(account: String) = Unit
    override fun create() = Unit
    override fun restore(backup: String) = Unit
    override fun prune() = Unit
    override fun form(form: ExportForm) = Unit
    override fun legacy(on: Boolean) = Unit
    override fun import() = Unit
    override fun dropFile() = Unit
    override fun check() = Unit
    override fun repair() = Unit
    override fun tick(name: String, on: Boolean) = Unit
    override fun tickAll(on: Boolean) = Unit
    override fun delete() = Unit
    override fun putBack() = Unit
    override fun prune(account: String) = Unit
    override fun emptyTrash(account: String) = Unit
    override fun cancel() = Unit
    override fun seen() = Unit
    override fun undo(undo: Undo) = Unit
}
