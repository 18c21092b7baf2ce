package io.deckport

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import java.io.File
import java.util.concurrent.TimeUnit

/** What an Anki client answered when it could not do something. */
class AnkiError(val kind: String, message: String) : Exception(message)

/** A real Anki client in a process of its own, with the words of the scenarios' driver. */
class Anki(folder: File) : AutoCloseable {
    private val process = ProcessBuilder(PYTHON, DRIVER)
        .redirectError(ProcessBuilder.Redirect.appendTo(File(folder.apply { mkdirs() }, "client.log")))
        .start()
    private val requests = process.outputStream.bufferedWriter()
    private val answers = process.inputStream.bufferedReader()

    init {
        perform("open", "path" to File(folder, "collection.anki2").path)
    }

    /** Logs in and keeps the token. */
    suspend fun login(url: String, user: String = "anna", password: String = "p") {
        call("login", "url" to url, "user" to user, "password" to password)
    }

    /** Adds a note with one card; its name is its front and its guid. */
    suspend fun add(name: String, front: String = name) {
        call("add_note", "guid" to name, "fields" to listOf(front, "back"))
    }

    /** Syncs as a person does; answers what Anki asked for. */
    suspend fun sync(oneWay: String? = null): String =
        call("sync", "one_way" to oneWay).jsonObject.getValue("required").jsonPrimitive.content

    /** How many notes it has. */
    suspend fun notes(): Long {
        val rows = call("query", "sql" to "select count() from notes", "args" to emptyList<String>()) as JsonArray
        return (rows[0] as JsonArray)[0].jsonPrimitive.long
    }

    /** Carries out an operation of the driver. */
    suspend fun call(operation: String, vararg args: Pair<String, Any?>): JsonElement =
        withContext(Dispatchers.IO) { perform(operation, *args) }

    private fun perform(operation: String, vararg args: Pair<String, Any?>): JsonElement {
        val request = mapOf("op" to operation, "args" to args.toMap(), "at" to null)
        requests.write(json(request).toString() + "\n")
        requests.flush()
        val answer = Json.parseToJsonElement(checkNotNull(answers.readLine()) { "the client died" }).jsonObject
        answer["error"]?.jsonObject?.let { error ->
            throw AnkiError(error.getValue("kind").jsonPrimitive.content, error.toString())
        }
        return answer.getValue("ok")
    }

    override fun close() {
        requests.close()
        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly()
    }

    companion object {
        private val PYTHON: String = System.getProperty("deckport.anki")
        private val DRIVER: String = System.getProperty("deckport.driver")

        private fun json(value: Any?): JsonElement = when (value) {
            null -> JsonNull
            is Map<*, *> -> JsonObject(value.entries.associate { (key, of) -> key.toString() to json(of) })
            is List<*> -> JsonArray(value.map(::json))
            is Boolean -> JsonPrimitive(value)
            is Number -> JsonPrimitive(value)
            else -> JsonPrimitive(value.toString())
        }
    }
}
