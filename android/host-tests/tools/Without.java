import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/** Leaves classes out of an archive. */
class Without {
    /** JAR, then the names of classes as paths (a/b/C), each with those inside them. */
    public static void main(String[] args) throws IOException {
        Path jar = Path.of(args[0]), made = Path.of(args[0] + ".new");
        try (ZipFile from = new ZipFile(jar.toFile()); ZipOutputStream to = new ZipOutputStream(Files.newOutputStream(made))) {
            for (ZipEntry entry : Collections.list(from.entries())) {
                if (isLeftOut(entry.getName(), args)) continue;
                to.putNextEntry(new ZipEntry(entry.getName()));
                if (!entry.isDirectory()) from.getInputStream(entry).transferTo(to);
                to.closeEntry();
            }
        }
        Files.move(made, jar, StandardCopyOption.REPLACE_EXISTING);
    }

    private static boolean isLeftOut(String entry, String[] args) {
        for (int at = 1; at < args.length; at++) {
            if (entry.equals(args[at] + ".class") || entry.startsWith(args[at] + "$")) return true;
        }
        return false;
    }
}
