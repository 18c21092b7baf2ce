package io.deckport.companion.pictures

import java.io.File

/** The folders of the project, wherever the tests are started. */
object Project {
    /** The top of the workspace. */
    val top: File = generateSequence(File("").absoluteFile) { it.parentFile }
        .first { File(it, "android/companion/src/main").isDirectory }

    /** This app's sources. */
    val companion = File(top, "android/companion")

    /** The pictures that were looked at. */
    val pictures = File(companion, "src/test/pictures")

    /** Where pictures go that differ from these. */
    val differing = File(top, "target/android/pictures")
}
