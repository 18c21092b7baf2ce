package io.deckport.companion.first

import java.security.SecureRandom

/** Letters and digits that are not mistaken for each other. */
private const val LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
private const val GROUPS = 3
private const val GROUP = 4

/** A password that is easy to type on another device: three groups of four, about 59 bits. */
fun newPassword(random: SecureRandom = SecureRandom()): String = (1..GROUPS).joinToString("-") {
    (1..GROUP).map { LETTERS[random.nextInt(LETTERS.length)] }.joinToString("")
}
