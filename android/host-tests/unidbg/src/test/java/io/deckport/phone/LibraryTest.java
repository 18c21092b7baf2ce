package io.deckport.phone;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The library for 64-bit phones, where the C library is Android's. */
class LibraryTest {
    private static final Pattern CHECKSUM =
        Pattern.compile("(uniffi_deckport_checksum_\\w+)\\(\\) != (-?\\d+)(?:\\.toShort\\(\\))?");
    private static final Pattern CONTRACT = Pattern.compile("bindings_contract_version = (\\d+)");
    /** A finder pattern's upper row: seven dark modules and a light one. */
    private static final byte[] FINDER = {1, 1, 1, 1, 1, 1, 1, 0};

    private static Phone phone;
    private static String generated;

    @BeforeAll
    static void load() throws IOException {
        phone = new Phone(new File(System.getProperty("deckport.library")));
        File kotlin = new File(System.getProperty("deckport.generated"));
        generated = new String(Files.readAllBytes(kotlin.toPath()), StandardCharsets.UTF_8);
    }

    @AfterAll
    static void end() throws IOException {
        phone.close();
    }

    @Test
    void everyNameThatItWantsIsInTheSystem() throws IOException {
        assertEquals(List.of(), phone.unresolved());
        assertTrue(phone.needed().containsAll(List.of("libc.so", "libdl.so", "liblog.so", "libm.so")), () -> "" + phone.needed());
    }

    @Test
    void itSaysHelloToTheVirtualMachine() {
        phone.callOnLoad();
    }

    @Test
    void itKeepsTheContractOfTheGeneratedCode() {
        Matcher contract = CONTRACT.matcher(generated);
        assertTrue(contract.find());
        assertEquals(Integer.parseInt(contract.group(1)), phone.number("ffi_deckport_uniffi_contract_version"));
    }

    @Test
    void allFunctionsAreThoseOfTheGeneratedCode() {
        Map<String, Integer> expected = new TreeMap<>();
        Map<String, Integer> found = new TreeMap<>();
        Matcher checksum = CHECKSUM.matcher(generated);
        while (checksum.find()) {
            String function = checksum.group(1);
            expected.put(function, Integer.parseInt(checksum.group(2)) & 0xffff);
            found.put(function, phone.number(function) & 0xffff);
        }
        assertTrue(expected.size() > 30, () -> "" + expected);
        assertEquals(expected, found);
    }

    @Test
    void itTellsItsVersion() throws IOException {
        String version = new String(phone.buffer("uniffi_deckport_fn_func_library_version"), StandardCharsets.UTF_8);
        assertTrue(version.matches("\\d+\\.\\d+\\.\\d+"), version);
    }

    @Test
    void itDrawsACode() throws IOException {
        byte[] text = "http://192.168.1.23:27701/".getBytes(StandardCharsets.UTF_8);
        ByteBuffer code = ByteBuffer.wrap(phone.buffer("uniffi_deckport_fn_func_qr_code", phone.given(text)));
        int size = code.getInt();
        assertEquals(size * size, code.getInt());
        assertEquals(size * size, code.remaining());
        byte[] start = new byte[FINDER.length];
        code.get(start);
        assertArrayEquals(FINDER, start);
    }
}
