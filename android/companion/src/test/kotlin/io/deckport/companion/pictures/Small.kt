package io.deckport.companion.pictures

import java.awt.image.BufferedImage
import java.awt.image.IndexColorModel
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
        var different = 0
        for (y in 0 until height) for (x in 0 until width) {
            if (distance(image.getRGB(x, y), other.image.getRGB(x, y)) > NOISE) different++
        }
        return different.toDouble() / (width * height)
    }

    companion object {
        private const val BITS = 4
        private const val NOISE = 40

        /** Reads what [write] has written. */
        fun read(file: File): SmallPicture = SmallPicture(ImageIO.read(file))

        /** Keeps the colours that are frequent and takes the nearest of them for the others. */
        fun of(pixels: IntArray, width: Int): SmallPicture {
            val counts = HashMap<Int, Int>()
            for (pixel in pixels) counts.merge(pixel or OPAQUE, 1, Int::plus)
            val palette = counts.entries.sortedWith(compareBy({ -it.value }, { it.key })).take(1 shl BITS).map { it.key }
            val nearest = HashMap<Int, Int>()
            val model = IndexColorModel(BITS, palette.size, palette.toIntArray(), 0, false, -1, 0)
            val image = BufferedImage(width, pixels.size / width, BufferedImage.TYPE_BYTE_BINARY, model)
            val raster = image.raster
            pixels.forEachIndexed { at, pixel ->
                val index = nearest.getOrPut(pixel or OPAQUE) {
                    palette.indices.minBy { distance(palette[it], pixel) }
                }
                raster.setSample(at % width, at / width, 0, index)
            }
            return SmallPicture(image)
        }

        private const val OPAQUE = 0xFF000000.toInt()

        private fun distance(one: Int, other: Int): Int {
            fun channel(shift: Int) = abs((one shr shift and 0xFF) - (other shr shift and 0xFF))
            return max(channel(0), max(channel(8), channel(16)))
        }
    }
}
