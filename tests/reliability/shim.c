/* A disk that fails on command: preloaded into the server under test.
 *
 * Counts the operations on files below FAULT_ROOT that change something, and lets the n-th of them
 * fail, or end the process. What shall happen stands in a small file that the test and we have mapped
 * (FAULT_CONTROL), so that it can be changed while the server runs.
 *
 * Apart from that it can be a disk that lacks something: with FAULT_NO_LINKS it refuses hard links, as
 * Android does to apps; with FAULT_NO_FOLDER_SYNC it cannot sync folders, as SMB and 9p.
 *
 * Linux with glibc. Not part of the product.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define O_CREAT_FLAG 0100
#define O_TMPFILE_FLAG 020000000

enum { COUNT = 0, ONCE = 1, FROM = 2, KILL = 3 };
enum { WRITE = 1, SYNC = 2, RENAME = 4, CREATE = 8, REMOVE = 16 };

/* Same layout as `struct.Struct("=iiiiqqq")` in disk.py. */
struct control {
    int32_t mode;
    int32_t error;
    int32_t kinds;  /* which operations count */
    int32_t unused;
    int64_t at;     /* the operation, counted from 1 */
    int64_t count;  /* operations so far */
    int64_t failed; /* how many have failed */
};

static struct control *control;
static char root[PATH_MAX];
static size_t root_length;
static int no_links, no_folder_sync;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULT_CONTROL");
    const char *below = getenv("FAULT_ROOT");
    if (!path || !below || !realpath(below, root)) return;
    root_length = strlen(root);
    no_links = getenv("FAULT_NO_LINKS") != NULL;
    no_folder_sync = getenv("FAULT_NO_FOLDER_SYNC") != NULL;
    int (*open_real)(const char *, int, ...) = (int (*)(const char *, int, ...))real("open");
    int fd = open_real(path, 02 /* O_RDWR */);
    if (fd < 0) return;
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped != MAP_FAILED) control = mapped;
}

static int is_ours(const char *path) {
    if (!control || strncmp(path, root, root_length) != 0) return 0;
    return path[root_length] == '/' || path[root_length] == 0;
}

static int is_our_fd(int fd) {
    char link[64], path[PATH_MAX];
    if (!control) return 0;
    char digits[16];
    int length = 0;
    for (int rest = fd; length == 0 || rest > 0; rest /= 10) digits[length++] = (char)('0' + rest % 10);
    strcpy(link, "/proc/self/fd/");
    size_t end = strlen(link);
    while (length > 0) link[end++] = digits[--length];
    link[end] = 0;
    ssize_t got = readlink(link, path, sizeof path - 1);
    if (got <= 0) return 0;
    path[got] = 0;
    return is_ours(path);
}

enum outcome { GO_ON, FAIL, HALF_THEN_FAIL, HALF_THEN_DIE };

/* What becomes of an operation of this kind; sets errno when it fails. */
static enum outcome decide(int kind) {
    if (!(control->kinds & kind)) return GO_ON;
    int64_t number = __atomic_add_fetch(&control->count, 1, __ATOMIC_SEQ_CST);
    int due = control->mode == FROM ? number >= control->at : number == control->at;
    if (control->mode == COUNT || !due) return GO_ON;
    __atomic_add_fetch(&control->failed, 1, __ATOMIC_SEQ_CST);
    if (control->mode == KILL) {
        if (kind != WRITE) raise(SIGKILL);
        return HALF_THEN_DIE;
    }
    errno = control->error;
    /* A disk that fills up takes a part of the write that does not fit. */
    return control->mode == FROM && number == control->at ? HALF_THEN_FAIL : FAIL;
}

static enum outcome decide_fd(int fd, int kind) {
    int saved = errno;
    if (!is_our_fd(fd)) {
        errno = saved;
        return GO_ON;
    }
    enum outcome outcome = decide(kind);
    if (outcome == GO_ON) errno = saved;
    return outcome;
}

static enum outcome decide_path(const char *path, int kind) {
    return is_ours(path) ? decide(kind) : GO_ON;
}

#define WRITE_LIKE(fd, size, whole, half)                  \
    switch (decide_fd(fd, WRITE)) {                        \
    case FAIL:                                             \
        return -1;                                         \
    case HALF_THEN_DIE:                                    \
        if ((size) > 1) (void)!(half);                     \
        raise(SIGKILL);                                    \
        return -1;                                         \
    case HALF_THEN_FAIL:                                   \
        if ((size) > 1) return half;                       \
        errno = control->error;                            \
        return -1;                                         \
    default:                                               \
        return whole;                                      \
    }

ssize_t write(int fd, const void *data, size_t size) {
    WRITE_LIKE(fd, size, REAL(write)(fd, data, size), REAL(write)(fd, data, size / 2))
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    WRITE_LIKE(fd, size, REAL(pwrite)(fd, data, size, at), REAL(pwrite)(fd, data, size / 2, at))
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    WRITE_LIKE(fd, size, REAL(pwrite64)(fd, data, size, at), REAL(pwrite64)(fd, data, size / 2, at))
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    WRITE_LIKE(fd, 0, REAL(writev)(fd, parts, count), -1)
}

ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t size, unsigned flags) {
    WRITE_LIKE(to, 0, REAL(copy_file_range)(from, a, to, b, size, flags), -1)
}

ssize_t sendfile(int to, int from, off_t *at, size_t size) {
    WRITE_LIKE(to, 0, REAL(sendfile)(to, from, at, size), -1)
}

ssize_t sendfile64(int to, int from, off64_t *at, size_t size) {
    WRITE_LIKE(to, 0, REAL(sendfile64)(to, from, at, size), -1)
}

#define PLAIN_FD(fd, kind, call) return decide_fd(fd, kind) == GO_ON ? (call) : -1;
#define PLAIN_PATH(path, kind, call) return decide_path(path, kind) == GO_ON ? (call) : -1;

int ftruncate(int fd, off_t size) { PLAIN_FD(fd, WRITE, REAL(ftruncate)(fd, size)) }
int ftruncate64(int fd, off64_t size) { PLAIN_FD(fd, WRITE, REAL(ftruncate64)(fd, size)) }
static int cannot_sync(int fd) {
    struct stat found;
    if (!no_folder_sync || fstat(fd, &found) != 0 || !S_ISDIR(found.st_mode) || !is_our_fd(fd)) return 0;
    errno = EINVAL;
    return 1;
}

int fsync(int fd) {
    if (cannot_sync(fd)) return -1;
    PLAIN_FD(fd, SYNC, REAL(fsync)(fd))
}

int fdatasync(int fd) {
    if (cannot_sync(fd)) return -1;
    PLAIN_FD(fd, SYNC, REAL(fdatasync)(fd))
}

static int refuses_link(const char *to) {
    if (!no_links || !is_ours(to)) return 0;
    errno = EPERM;
    return 1;
}

extern int rename(const char *from, const char *to);
int rename(const char *from, const char *to) { PLAIN_PATH(to, RENAME, REAL(rename)(from, to)) }
int link(const char *from, const char *to) {
    if (refuses_link(to)) return -1;
    PLAIN_PATH(to, RENAME, REAL(link)(from, to))
}
int linkat(int a, const char *from, int b, const char *to, int flags) {
    if (refuses_link(to)) return -1;
    PLAIN_PATH(to, RENAME, REAL(linkat)(a, from, b, to, flags))
}
int unlink(const char *path) { PLAIN_PATH(path, REMOVE, REAL(unlink)(path)) }
extern int mkdir(const char *path, mode_t mode);
int mkdir(const char *path, mode_t mode) { PLAIN_PATH(path, CREATE, REAL(mkdir)(path, mode)) }

/* Opening counts where it may make a file that is not there yet. */
#define OPEN_LIKE(name, path, flags)                                                       \
    mode_t mode = 0;                                                                       \
    if ((flags) & (O_CREAT_FLAG | O_TMPFILE_FLAG)) {                                       \
        va_list rest;                                                                      \
        va_start(rest, flags);                                                             \
        mode = (mode_t)va_arg(rest, int);                                                  \
        va_end(rest);                                                                      \
    }                                                                                      \
    if (((flags) & O_CREAT_FLAG) && is_ours(path) && access(path, F_OK) != 0) {            \
        if (decide(CREATE) != GO_ON) return -1;                                            \
        errno = 0;                                                                         \
    }

extern int open(const char *path, int flags, ...);
int open(const char *path, int flags, ...) {
    OPEN_LIKE(open, path, flags)
    return REAL(open)(path, flags, mode);
}

extern int open64(const char *path, int flags, ...);
int open64(const char *path, int flags, ...) {
    OPEN_LIKE(open64, path, flags)
    return REAL(open64)(path, flags, mode);
}
