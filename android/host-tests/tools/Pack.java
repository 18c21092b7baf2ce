import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Packs an AAR or APK: libraries are stored at borders of 16 KB and resources.arsc at one of 4 bytes, so that the system maps
 * them out of the archive.
 */
class Pack {
    private static final int PAGE = 16384;
    /** The kind of extra field that Android's tools use for padding. */
    private static final short PADDING = (short) 0xd935;

    private final Counting bytes;
    private final ZipOutputStream zip;

    private Pack(Path out) throws IOException {
        bytes = new Counting(Files.newOutputStream(out));
        zip = new ZipOutputStream(bytes);
    }

    /** OUT BASE (NAME FILE)...: the entries of BASE (`-`: none), then each FILE or folder. Or `--sizes APK`, `--aligned APK`. */
    public static void main(String[] args) throws IOException {
        if (args[0].equals("--sizes")) sizes(Path.of(args[1]));
        else if (args[0].equals("--aligned")) aligned(Path.of(args[1]));
        else pack(args);
    }

    private static void pack(String[] args) throws IOException {
        Pack pack = new Pack(Path.of(args[0]));
        if (!args[1].equals("-")) {
            try (ZipFile base = new ZipFile(args[1])) {
                for (ZipEntry entry : Collections.list(base.entries()))
                    pack.add(entry.getName(), base.getInputStream(entry).readAllBytes(), entry.getMethod() == ZipEntry.STORED);
            }
        }
        for (int at = 2; at + 1 < args.length; at += 2) pack.addAll(args[at], Path.of(args[at + 1]));
        pack.zip.close();
    }

    private void addAll(String name, Path file) throws IOException {
        if (!Files.isDirectory(file)) {
            add(name, Files.readAllBytes(file), false);
            return;
        }
        List<Path> files;
        try (Stream<Path> all = Files.list(file)) {
            files = all.sorted().collect(Collectors.toList());
        }
        for (Path each : files) addAll(name + "/" + each.getFileName(), each);
    }

    private void add(String name, byte[] content, boolean wasStored) throws IOException {
        boolean isLibrary = name.endsWith(".so") && name.startsWith("lib/");
        boolean isStored = wasStored || isLibrary || name.equals("resources.arsc");
        ZipEntry entry = new ZipEntry(name);
        // Always the same, and one that needs no field of its own.
        entry.setTimeLocal(LocalDateTime.of(1981, 1, 1, 1, 1, 2));
        if (isStored) {
            CRC32 sum = new CRC32();
            sum.update(content);
            entry.setMethod(ZipEntry.STORED);
            entry.setSize(content.length);
            entry.setCrc(sum.getValue());
            zip.flush();
            int border = isLibrary ? PAGE : 4;
            long start = bytes.count + 30 + name.getBytes(StandardCharsets.UTF_8).length + 6;
            int gap = (int) (-start & (border - 1));
            ByteBuffer extra = ByteBuffer.allocate(6 + gap).order(ByteOrder.LITTLE_ENDIAN);
            extra.putShort(PADDING).putShort((short) (2 + gap)).putShort((short) border);
            entry.setExtra(extra.array());
        }
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    /** How many bytes of the archive each part takes. */
    private static void sizes(Path apk) throws IOException {
        try (ZipFile zip = new ZipFile(apk.toFile())) {
            List<ZipEntry> entries = new ArrayList<>(Collections.list(zip.entries()));
            for (String part : List.of("lib/", "classes", "resources.arsc", "res/", "assets/")) {
                long sum = entries.stream().filter(e -> e.getName().startsWith(part)).mapToLong(ZipEntry::getCompressedSize).sum();
                System.out.printf("%-16s %,12d bytes%n", part, sum);
            }
            System.out.printf("%-16s %,12d bytes%n", "all", Files.size(apk));
        }
    }

    /** Fails when a stored library does not begin at a page. */
    private static void aligned(Path apk) throws IOException {
        int libraries = 0;
        try (RandomAccessFile file = new RandomAccessFile(apk.toFile(), "r")) {
            ByteBuffer all = file.getChannel().map(java.nio.channels.FileChannel.MapMode.READ_ONLY, 0, file.length());
            all.order(ByteOrder.LITTLE_ENDIAN);
            int end = (int) file.length() - 22;
            while (all.getInt(end) != 0x06054b50) end--;
            int at = all.getInt(end + 16);
            for (int count = all.getShort(end + 10) & 0xffff; count > 0; count--) {
                int nameLength = all.getShort(at + 28) & 0xffff, header = all.getInt(at + 42);
                byte[] name = new byte[nameLength];
                all.position(at + 46);
                all.get(name);
                int start = header + 30 + (all.getShort(header + 26) & 0xffff) + (all.getShort(header + 28) & 0xffff);
                if (new String(name, StandardCharsets.UTF_8).endsWith(".so")) {
                    libraries++;
                    if (all.getShort(at + 10) != 0 || start % PAGE != 0)
                        throw new IOException(new String(name, StandardCharsets.UTF_8) + " begins at " + start);
                }
                at += 46 + nameLength + (all.getShort(at + 30) & 0xffff) + (all.getShort(at + 32) & 0xffff);
            }
        }
        if (libraries == 0) throw new IOException("there is no library in it");
        System.out.println(libraries + " libraries, stored, at pages of 16 KB");
    }

    private static final class Counting extends FilterOutputStream {
        long count;

        Counting(OutputStream to) {
            super(to);
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
            count++;
        }

        @Override
        public void write(byte[] b, int from, int length) throws IOException {
            out.write(b, from, length);
            count += length;
        }
    }
}
