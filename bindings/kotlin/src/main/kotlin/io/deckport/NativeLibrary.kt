package io.deckport

/**
 * Loads the native library in the way that lets its threads stay known to the JVM.
 *
 * JNA alone finds and loads it, too (on the class path of a desktop JVM): then each callback makes its thread
 * known and unknown again, which is slower and otherwise the same. No other code depends on who loaded it.
 */
internal object NativeLibrary {
    private val loaded: Boolean = try {
        System.loadLibrary("deckport")
        true
    } catch (_: UnsatisfiedLinkError) {
        // It is not on `java.library.path`; JNA will look for it.
        false
    }

    /** Does it once; tells whether the JVM itself has loaded the library. */
    fun load(): Boolean = loaded
}
