package io.deckport.phone;

import com.github.unidbg.AndroidEmulator;
import com.github.unidbg.Module;
import com.github.unidbg.arm.backend.Unicorn2Factory;
import com.github.unidbg.linux.LinuxModule;
import com.github.unidbg.linux.ModuleSymbol;
import com.github.unidbg.linux.android.AndroidEmulatorBuilder;
import com.github.unidbg.linux.android.AndroidResolver;
import com.github.unidbg.linux.android.dvm.DalvikModule;
import com.github.unidbg.pointer.UnidbgPointer;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import unicorn.Arm64Const;

/** An emulated 64-bit phone that has the library loaded. */
final class Phone implements Closeable {
    /** The oldest Android whose C library is there; apps need a newer one. */
    private static final int API = 23;
    /** Enough for a buffer (three words) and for a status (a byte and a buffer). */
    private static final int ROOM = 64;

    private final AndroidEmulator emulator;
    private final DalvikModule loaded;
    private final Module module;

    Phone(File library) {
        emulator = AndroidEmulatorBuilder.for64Bit()
            .setProcessName("io.deckport")
            .addBackendFactory(new Unicorn2Factory(true))
            .build();
        emulator.getMemory().setLibraryResolver(new AndroidResolver(API));
        loaded = emulator.createDalvikVM().loadLibrary(library, true);
        module = loaded.getModule();
    }

    /** Names that the library wants and that none of the system's libraries has. */
    List<String> unresolved() throws IOException {
        List<String> names = new ArrayList<>();
        for (ModuleSymbol symbol : ((LinuxModule) module).getUnresolvedSymbol()) {
            names.add(symbol.getSymbol().getName());
        }
        return names;
    }

    /** Names of the libraries that it names as needed and that were found. */
    List<String> needed() {
        return module.getNeededLibraries().stream().map(other -> other.name).sorted().collect(Collectors.toList());
    }

    /** What the system does when it loads a library. Fails when the answer is no version that the system knows. */
    void callOnLoad() {
        loaded.callJNI_OnLoad(emulator);
    }

    /** Calls a function that answers a number. */
    int number(String function) {
        return module.callFunction(emulator, function).intValue();
    }

    /** Calls a function that answers a buffer. */
    byte[] buffer(String function, Object... arguments) throws IOException {
        UnidbgPointer answer = room();
        UnidbgPointer status = room();
        Object[] all = Arrays.copyOf(arguments, arguments.length + 1);
        all[arguments.length] = status;
        answersTo(answer);
        module.callFunction(emulator, function, all);
        if (status.getByte(0) != 0) {
            throw new IOException(function + " failed: " + status.getByte(0));
        }
        return answer.getPointer(16).getByteArray(0, (int) answer.getLong(8));
    }

    /** A buffer of the library with these bytes, as an argument. */
    UnidbgPointer given(byte[] bytes) {
        UnidbgPointer buffer = room();
        UnidbgPointer status = room();
        answersTo(buffer);
        module.callFunction(emulator, "ffi_deckport_rustbuffer_alloc", (long) bytes.length, status);
        buffer.getPointer(16).write(0, bytes, 0, bytes.length);
        buffer.setLong(8, bytes.length);
        return buffer;
    }

    private UnidbgPointer room() {
        UnidbgPointer room = emulator.getMemory().malloc(ROOM, false).getPointer();
        room.write(0, new byte[ROOM], 0, ROOM);
        return room;
    }

    /** Answers of three words go where this register points. Set it last: whatever runs in between may use it. */
    private void answersTo(UnidbgPointer place) {
        emulator.getBackend().reg_write(Arm64Const.UC_ARM64_REG_X8, place.peer);
    }

    @Override
    public void close() throws IOException {
        emulator.close();
    }
}
