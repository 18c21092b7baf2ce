package io.deckport

import com.sun.jna.NativeLibrary as JnaLibrary
import java.io.File

/**
 * The native library cannot be used: it is in none of the places where it is looked for, or it is there and was built
 * for another processor or needs what this system lacks. The message says which, and what to do; it is meant for the
 * developer of the app.
 */
public class NativeLibraryException internal constructor(message: String, cause: Throwable) : Exception(message, cause)

/**
 * Loads the native library in the way that lets its threads stay known to the JVM.
 *
 * JNA alone finds and loads it, too (on the class path of a desktop JVM): then each callback makes its thread
 * known and unknown again, which is slower and otherwise the same. No other code depends on who loaded it.
 */
internal object NativeLibrary {
    private const val NAME = "deckport"

    /** Held, so that the generated code gets the same one. */
    private val loaded: Pair<Boolean, JnaLibrary> by lazy { Pair(byJvm(), byJna()) }

    /**
     * Does it once; tells whether the JVM itself has loaded the library.
     *
     * @throws NativeLibraryException when nobody can. The next call tries again.
     */
    fun load(): Boolean = loaded.first

    /** `false` where the JVM finds no such file: JNA looks in more places. */
    private fun byJvm(): Boolean = try {
        System.loadLibrary(NAME)
        // JNA shall use this one, and not unpack another one from the class path.
        placeForJvm()?.let { JnaLibrary.addSearchPath(NAME, File(it).parent) }
        true
    } catch (error: UnsatisfiedLinkError) {
        val file = placeForJvm()
        // What another class loader has loaded can be used through JNA.
        if (file != null && "already loaded" !in error.message.orEmpty()) throw unusable(file, error)
        false
    }

    /** As the generated code gets it, or the reason why that is not possible. */
    private fun byJna(): JnaLibrary = try {
        JnaLibrary.getInstance(NAME, NativeLibrary::class.java.classLoader)
    } catch (error: LinkageError) {
        throw NativeLibraryException(
            "${System.mapLibraryName(NAME)} was not found or cannot be loaded (${error.message.orEmpty().trim()}); add " +
                "the library that was built for this system and processor (${System.getProperty("os.arch")}) to the " +
                "app, or to the class path",
            error,
        )
    }

    private fun unusable(file: String, error: Throwable) = NativeLibraryException(
        "$file cannot be loaded (${error.message.orEmpty().trim()}); put the library that was built for this system " +
            "and processor (${System.getProperty("os.arch")}) in its place",
        error,
    )

    /** Where [System.loadLibrary] finds the file; `null` where it finds none. */
    private fun placeForJvm(): String? = byClassLoader() ?: System.getProperty("java.library.path").orEmpty()
        .split(File.pathSeparatorChar)
        .map { File(it, System.mapLibraryName(NAME)) }
        .firstOrNull(File::isFile)?.path

    /** Android's class loaders know the folder of an app's libraries, which is in no property, and tell it to all. */
    private fun byClassLoader(): String? = try {
        val loader = NativeLibrary::class.java.classLoader
        loader?.javaClass?.getMethod("findLibrary", String::class.java)?.invoke(loader, NAME) as String?
    } catch (_: ReflectiveOperationException) {
        null
    }
}
