import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Enumeration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Unpacks AARs: each into a folder of its own, and the classes of all together into one more. */
class Unpack {
    /** PACKED: folder with the AARs. OUT: where their folders go. CLASSES: where their classes go. */
    public static void main(String[] args) throws IOException {
        Path packed = Path.of(args[0]), out = Path.of(args[1]), classes = Path.of(args[2]);
        Files.createDirectories(classes);
        for (Path aar : list(packed, ".aar")) {
            Path folder = out.resolve(aar.getFileName().toString().replaceFirst("\\.aar$", ""));
            unzip(aar, folder);
            if (Files.exists(folder.resolve("classes.jar"))) unzip(folder.resolve("classes.jar"), classes);
            if (Files.isDirectory(folder.resolve("libs")))
                for (Path jar : list(folder.resolve("libs"), ".jar")) unzip(jar, classes);
        }
    }

    private static List<Path> list(Path folder, String end) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(end)).sorted().collect(Collectors.toList());
        }
    }

    private static void unzip(Path file, Path folder) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements(); ) {
                ZipEntry entry = all.nextElement();
                Path to = folder.resolve(entry.getName()).normalize();
                if (!to.startsWith(folder)) throw new IOException(file + " wants to write to " + to);
                if (entry.isDirectory()) continue;
                Files.createDirectories(to.getParent());
                try (InputStream from = zip.getInputStream(entry)) {
                    Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }
}
