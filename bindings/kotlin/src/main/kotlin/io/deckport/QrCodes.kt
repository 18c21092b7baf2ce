package io.deckport

/** Whether the module in this column and row, counted from the top left, is dark. */
public operator fun QrCode.get(column: Int, row: Int): Boolean {
    require(column in 0 until size && row in 0 until size) { "the code has $size columns and rows" }
    return modules[row * size + column]
}
