#!/bin/sh
# Checks or builds the library for Android without the NDK; runs inside the tree that setup-tree.sh makes.
#   cross.sh TARGET check|build [arguments for cargo]
# Stand-ins: musl's headers with bionic's spellings on top, empty libraries, GCC's unwinder. It shows that the code
# compiles and links, and which symbols it needs. What it makes must never be shipped.
set -eu
target=$1 mode=$2
shift 2
API=26
HDR=/opt/hdr
OUT=/src/target-android
case $target in
  aarch64-linux-android) machine=aarch64-linux clang=aarch64-linux-android libc=musl gnu=gnu ;;
  armv7-linux-androideabi) machine=arm-linux clang=armv7a-linux-androideabi libc=musleabihf gnu=gnueabihf ;;
  x86_64-linux-android) machine=x86_64-linux clang=x86_64-linux-android libc=musl gnu=gnu ;;
  *) echo "unknown target $target" >&2; exit 2 ;;
esac
standin=$OUT/standin/$target
mkdir -p "$standin/lib" "$standin/include" "$standin/bin"

cat > "$standin/include/errno.h" <<'H'
#include_next <errno.h>
#undef errno
#ifdef __cplusplus
extern "C"
#endif
int *__errno(void);
#define errno (*__errno())
H
cat > "$standin/include/bionic.h" <<'H'
#define __BIONIC__ 1
#define __ANDROID_API__ __ANDROID_MIN_SDK_VERSION__
H
if [ "$machine" = arm-linux ]; then
  # musl gives the functions with time_t other names on 32 bits; bionic does not.
  mkdir -p "$standin/include/bits"
  grep -v _REDIR_TIME64 "$HDR/usr/include/$machine-$libc/bits/alltypes.h" > "$standin/include/bits/alltypes.h"
fi

clang --target=$clang$API -x c -c -o "$standin/empty.o" /dev/null
for name in c m dl log; do
  clang --target=$clang$API -nostdlib -shared -fuse-ld=lld -Wl,-soname,lib$name.so -o "$standin/lib/lib$name.so" "$standin/empty.o"
done
unwinder=$(find /opt/unwind -name libgcc_eh.a -path "*$machine-$gnu*" ! -path '*/32/*' ! -path '*/x32/*' | head -n 1)
rm -f "$standin/lib/libunwind.a"
if [ -n "$unwinder" ]; then cp "$unwinder" "$standin/lib/libunwind.a"; else llvm-ar rcs "$standin/lib/libunwind.a" "$standin/empty.o"; fi

printf '#!/bin/sh\nexec clang %s "$@"\n' "--target=$clang$API -nostdlibinc -include $standin/include/bionic.h \
-isystem $standin/include -isystem $HDR/usr/include/$machine-$libc -isystem $HDR/usr/include/$machine-$gnu \
-isystem $HDR/usr/include" > "$standin/bin/cc"
# The name ends as it does because rustc guesses from it how to talk to a linker. The libraries are named as needed
# though nothing is found in them: the loader then looks there. What remains open is compared with a list later.
printf '#!/bin/sh\nexec clang %s "$@" %s\n' "--target=$clang$API -fuse-ld=lld -nostartfiles -nodefaultlibs -L$standin/lib \
-Wl,--unresolved-symbols=ignore-all" "-Wl,--no-as-needed -lc -lm -ldl -llog" > "$standin/bin/link-clang"
chmod +x "$standin/bin/cc" "$standin/bin/link-clang"

upper=$(echo "$target" | tr a-z- A-Z_) lower=$(echo "$target" | tr - _)
export RUSTC_BOOTSTRAP=1 CARGO_HOME=/src/cargo CARGO_TARGET_DIR="$OUT/cargo"
export "CARGO_TARGET_${upper}_LINKER=$standin/bin/link-clang" "CC_$lower=$standin/bin/cc" "AR_$lower=llvm-ar" "CFLAGS_$lower=-w"
cd /src/deckport/rust/ffi
exec cargo "$mode" -Zbuild-std=std,panic_unwind --target "$target" --lib "$@"
