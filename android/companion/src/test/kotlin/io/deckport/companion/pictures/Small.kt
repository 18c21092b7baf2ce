package io.deckport.companion.pictures

import java.awt.image.BufferedImage
import java.awt.image.DataBuffer
import java.awt.image.DataBufferByte
import java.awt.image.IndexColorModel
import java.awt.image.Raster
import java.io.File
import javax.imageio.IIOImage
import javax.imageio.ImageIO
import javax.imageio.ImageWriteParam
import kotlin.math.abs
import kotlin.math.max

/** A picture of few colours, which makes a small file and is not touched by faint noise. */
class SmallPicture private constructor(private val image: BufferedImage) {
    val width: Int get() = image.width
    val height: Int get() = image.height

    /** Writes it as PNG. */
    fun write(file: File) {
        file.parentFile.mkdirs()
        val writer = ImageIO.getImageWritersByFormatName("png").next()
        val settings = writer.defaultWriteParam.apply {
            compressionMode = ImageWriteParam.MODE_EXPLICIT
            compressionQuality = 0f
        }
        file.delete()
        ImageIO.createImageOutputStream(file).use { stream ->
            writer.output = stream
            writer.write(null, IIOImage(image, null, null), settings)
        }
    }

    /** Which part of the pixels differs visibly, 0 to 1; all of them when the sizes differ. */
    fun differenceTo(other: SmallPicture): Double {
        if (width != other.width || height != other.height) return 1.0
        val (here, there) = rgb() to other.rgb()
        val different = here.indices.count { here[it] != there[it] && distance(here[it], there[it]) > NOISE }
        return different.toDouble() / here.size
    }

    private fun rgb(): IntArray = image.getRGB(0, 0, width, height, null, 0, width)

    companion object {
        private const val BITS = 4
        private const val NOISE = 40

        /** Reads what [write] has written. */
        fun read(file: File): SmallPicture = SmallPicture(ImageIO.read(file))

        /** Keeps the colours that are frequent and takes the nearest of them for the others. */
        fun of(pixels: IntArray, width: Int): SmallPicture {
            val palette = frequent(pixels)
            val nearest = HashMap<Int, Int>()
            val row = (width * BITS + 7) / 8
            val packed = ByteArray(row * (pixels.size / width))
            var before = pixels[0].inv()
            var index = 0
            for (at in pixels.indices) {
                // Most pixels are as the one before them.
                if (pixels[at] != before) {
                    before = pixels[at]
                    index = nearest.getOrPut(before) { palette.indices.minBy { distance(palette[it], before) } }
                }
                val place = at / width * row + at % width / 2
                packed[place] = (packed[place].toInt() or (index shl if (at % width % 2 == 0) BITS else 0)).toByte()
            }
            val model = IndexColorModel(BITS, palette.size, palette, 0, false, -1, DataBuffer.TYPE_BYTE)
            val raster = Raster.createPackedRaster(DataBufferByte(packed, packed.size), width, pixels.size / width, BITS, null)
            return SmallPicture(BufferedImage(model, raster, false, null))
        }

        private fun frequent(pixels: IntArray): IntArray {
            val counts = HashMap<Int, Int>()
            var start = 0
            for (at in 1..pixels.size) {
                if (at < pixels.size && pixels[at] == pixels[start]) continue
                counts.merge(pixels[start] or OPAQUE, at - start, Int::plus)
                start = at
            }
            val sorted = counts.entries.sortedWith(compareBy({ -it.value }, { it.key }))
            return sorted.take(1 shl BITS).map { it.key }.toIntArray()
        }

        private const val OPAQUE = 0xFF000000.toInt()

        private fun distance(one: Int, other: Int): Int {
            fun channel(shift: Int) = abs((one shr shift and 0xFF) - (other shr shift and 0xFF))
            return max(channel(0), max(channel(8), channel(16)))
        }
    }
}
