/* Writes down what a program does to the files of one folder: preloaded into the server under test.
 *
 * Each operation below TAPE_ROOT that changes something, each fsync there, and each moment at which
 * something is sent to somebody, becomes one record at the end of TAPE_FILE, in the order in which they
 * happened: one at a time. `tape.py` reads them. With TAPE_NO_LINKS hard links are refused, as on Android. Nothing is really synced: the tape tells what would be.
 *
 * Contents that are changed through mapped memory are not seen. Linux with glibc. Not part of the product.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* Not from fcntl.h, which declares what is defined here in another way. */
#define O_CREAT_FLAG 0100
#define O_TRUNC_FLAG 01000
#define O_TMPFILE_FLAG 020000000
#define HERE (-100)
#define REMOVE_FOLDER_FLAG 0x200

/* Same numbers in tape.py. */
enum { MADE = 1, WRITE, SIZE, RENAME, LINK, REMOVE, FOLDER, REMOVE_FOLDER, SYNC, SYNC_ALL, SENT };

/* Same layout as `HEAD` in tape.py. Two paths and the data follow. */
struct record {
    uint32_t kind;
    uint32_t path_bytes;
    uint32_t other_bytes;
    uint32_t data_bytes;
    uint64_t file; /* its inode number */
    int64_t at;    /* place of a write, or a new size */
    int64_t time;  /* of the file's last change, nanoseconds */
};

static int tape = -1;
static char root[PATH_MAX];
static size_t root_length;
static int no_links;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("TAPE_FILE");
    const char *below = getenv("TAPE_ROOT");
    if (!path || !below || !realpath(below, root)) return;
    root_length = strlen(root);
    no_links = getenv("TAPE_NO_LINKS") != NULL;
    int (*open_real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    tape = open_real(path, 02001 /* O_WRONLY | O_APPEND */);
}

static int is_ours(const char *path) {
    if (tape < 0 || strncmp(path, root, root_length) != 0) return 0;
    return path[root_length] == '/' || path[root_length] == 0;
}

/* The path of an open file or folder, or nothing. */
static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link, path, PATH_MAX - 1);
    if (got <= 0) return 0;
    path[got] = 0;
    return 1;
}

static int is_our_fd(int fd) {
    char path[PATH_MAX];
    int saved = errno;
    int ours = tape >= 0 && path_of(fd, path) && is_ours(path);
    errno = saved;
    return ours;
}

static void append(struct record record, const char *path, const char *other, const void *data) {
    int saved = errno;
    record.path_bytes = path ? (uint32_t)strlen(path) : 0;
    record.other_bytes = other ? (uint32_t)strlen(other) : 0;
    struct iovec parts[] = {
        {&record, sizeof record},
        {(void *)path, record.path_bytes},
        {(void *)other, record.other_bytes},
        {(void *)data, record.data_bytes},
    };
    size_t size = sizeof record + record.path_bytes + record.other_bytes + record.data_bytes;
    if (REAL(writev)(tape, parts, 4) != (ssize_t)size) {
        fprintf(stderr, "the tape cannot be written\n");
        abort();
    }
    errno = saved;
}

static void append_fd(int kind, int fd, int64_t at, const void *data, size_t size) {
    struct stat found;
    int saved = errno;
    if (fstat(fd, &found) != 0) abort();
    struct record record = {.kind = (uint32_t)kind, .data_bytes = (uint32_t)size, .file = found.st_ino, .at = at};
    record.time = found.st_mtim.tv_sec * 1000000000LL + found.st_mtim.tv_nsec;
    if (kind == SIZE) record.at = found.st_size;
    append(record, NULL, NULL, data);
    errno = saved;
}

static void append_path(int kind, const char *path, const char *other) {
    struct stat found = {0};
    int saved = errno;
    if (kind == MADE || kind == FOLDER) (void)!stat(path, &found);
    struct record record = {.kind = (uint32_t)kind, .file = found.st_ino};
    record.time = found.st_mtim.tv_sec * 1000000000LL + found.st_mtim.tv_nsec;
    append(record, path, other, NULL);
    errno = saved;
}

#define LOCKED(type, call, condition, note)        \
    pthread_mutex_lock(&one_at_a_time);            \
    type result = call;                            \
    if (condition) note;                           \
    pthread_mutex_unlock(&one_at_a_time);          \
    return result;

/* Before it goes out: nobody shall know of an answer that is not on the tape. */
static void sending(int fd) {
    struct stat found;
    int saved = errno;
    if (tape >= 0 && fstat(fd, &found) == 0 && (S_ISSOCK(found.st_mode) || S_ISFIFO(found.st_mode))) {
        pthread_mutex_lock(&one_at_a_time);
        append((struct record){.kind = SENT}, NULL, NULL, NULL);
        pthread_mutex_unlock(&one_at_a_time);
    }
    errno = saved;
}

ssize_t send(int fd, const void *data, size_t size, int flags) {
    sending(fd);
    return REAL(send)(fd, data, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    sending(fd);
    return REAL(sendmsg)(fd, message, flags);
}

ssize_t write(int fd, const void *data, size_t size) {
    if (!is_our_fd(fd)) {
        sending(fd);
        return REAL(write)(fd, data, size);
    }
    pthread_mutex_lock(&one_at_a_time);
    int64_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t written = REAL(write)(fd, data, size);
    if (written > 0) append_fd(WRITE, fd, at, data, (size_t)written);
    pthread_mutex_unlock(&one_at_a_time);
    return written;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (!is_our_fd(fd)) {
        sending(fd);
        return REAL(writev)(fd, parts, count);
    }
    for (int part = 0; part < count; part++)
        if (parts[part].iov_len > 0) return write(fd, parts[part].iov_base, parts[part].iov_len);
    return 0;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    if (!is_our_fd(fd)) return REAL(pwrite)(fd, data, size, at);
    LOCKED(ssize_t, REAL(pwrite)(fd, data, size, at), result > 0, append_fd(WRITE, fd, at, data, (size_t)result))
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    if (!is_our_fd(fd)) return REAL(pwrite64)(fd, data, size, at);
    LOCKED(ssize_t, REAL(pwrite64)(fd, data, size, at), result > 0, append_fd(WRITE, fd, at, data, (size_t)result))
}

/* Whoever copies inside the kernel is told that it cannot be done, and reads and writes instead. */
ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t size, unsigned flags) {
    if (!is_our_fd(to)) return REAL(copy_file_range)(from, a, to, b, size, flags);
    errno = ENOSYS;
    return -1;
}

ssize_t sendfile(int to, int from, off_t *at, size_t size) {
    if (is_our_fd(to)) return errno = ENOSYS, -1;
    sending(to);
    return REAL(sendfile)(to, from, at, size);
}

ssize_t sendfile64(int to, int from, off64_t *at, size_t size) {
    if (is_our_fd(to)) return errno = ENOSYS, -1;
    sending(to);
    return REAL(sendfile64)(to, from, at, size);
}

int ftruncate(int fd, off_t size) {
    if (!is_our_fd(fd)) return REAL(ftruncate)(fd, size);
    LOCKED(int, REAL(ftruncate)(fd, size), result == 0, append_fd(SIZE, fd, 0, NULL, 0))
}

int ftruncate64(int fd, off64_t size) {
    if (!is_our_fd(fd)) return REAL(ftruncate64)(fd, size);
    LOCKED(int, REAL(ftruncate64)(fd, size), result == 0, append_fd(SIZE, fd, 0, NULL, 0))
}

extern int posix_fallocate(int fd, off_t at, off_t size);
int posix_fallocate(int fd, off_t at, off_t size) {
    if (!is_our_fd(fd)) return REAL(posix_fallocate)(fd, at, size);
    LOCKED(int, REAL(posix_fallocate)(fd, at, size), result == 0, append_fd(SIZE, fd, 0, NULL, 0))
}

int fsync(int fd) {
    if (!is_our_fd(fd)) return REAL(fsync)(fd);
    LOCKED(int, 0, 1, append_fd(SYNC, fd, 0, NULL, 0))
}

int fdatasync(int fd) {
    if (!is_our_fd(fd)) return REAL(fdatasync)(fd);
    LOCKED(int, 0, 1, append_fd(SYNC, fd, 0, NULL, 0))
}

extern int syncfs(int fd);
int syncfs(int fd) {
    if (!is_our_fd(fd)) return REAL(syncfs)(fd);
    LOCKED(int, 0, 1, append_fd(SYNC_ALL, fd, 0, NULL, 0))
}

extern int rename(const char *from, const char *to);
int rename(const char *from, const char *to) {
    if (!is_ours(to)) return REAL(rename)(from, to);
    LOCKED(int, REAL(rename)(from, to), result == 0, append_path(RENAME, from, to))
}

static int refuses_link(void) {
    if (no_links) errno = EPERM;
    return no_links;
}

int link(const char *from, const char *to) {
    if (!is_ours(to)) return REAL(link)(from, to);
    if (refuses_link()) return -1;
    LOCKED(int, REAL(link)(from, to), result == 0, append_path(LINK, from, to))
}

int linkat(int a, const char *from, int b, const char *to, int flags) {
    if (!is_ours(to)) return REAL(linkat)(a, from, b, to, flags);
    if (refuses_link()) return -1;
    LOCKED(int, REAL(linkat)(a, from, b, to, flags), result == 0, append_path(LINK, from, to))
}

int unlink(const char *path) {
    if (!is_ours(path)) return REAL(unlink)(path);
    LOCKED(int, REAL(unlink)(path), result == 0, append_path(REMOVE, path, NULL))
}

int unlinkat(int folder, const char *name, int flags) {
    char path[2 * PATH_MAX];
    path[0] = 0;
    if (name[0] != '/' && folder != HERE && path_of(folder, path)) strcat(path, "/");
    strcat(path, name);
    if (!is_ours(path)) return REAL(unlinkat)(folder, name, flags);
    int kind = flags & REMOVE_FOLDER_FLAG ? REMOVE_FOLDER : REMOVE;
    LOCKED(int, REAL(unlinkat)(folder, name, flags), result == 0, append_path(kind, path, NULL))
}

int rmdir(const char *path) {
    if (!is_ours(path)) return REAL(rmdir)(path);
    LOCKED(int, REAL(rmdir)(path), result == 0, append_path(REMOVE_FOLDER, path, NULL))
}

int mkdir(const char *path, mode_t mode) {
    if (!is_ours(path)) return REAL(mkdir)(path, mode);
    LOCKED(int, REAL(mkdir)(path, mode), result == 0, append_path(FOLDER, path, NULL))
}

typedef int (*opener)(const char *, int, ...);

static int open_noted(opener open_real, const char *path, int flags, mode_t mode) {
    if (!(flags & (O_CREAT_FLAG | O_TRUNC_FLAG)) || !is_ours(path)) return open_real(path, flags, mode);
    pthread_mutex_lock(&one_at_a_time);
    int is_new = access(path, F_OK) != 0;
    int fd = open_real(path, flags, mode);
    if (fd >= 0 && is_new) append_path(MADE, path, NULL);
    if (fd >= 0 && !is_new && flags & O_TRUNC_FLAG) append_fd(SIZE, fd, 0, NULL, 0);
    pthread_mutex_unlock(&one_at_a_time);
    return fd;
}

#define MODE_OF(flags)                                     \
    mode_t mode = 0;                                       \
    if ((flags) & (O_CREAT_FLAG | O_TMPFILE_FLAG)) {       \
        va_list rest;                                      \
        va_start(rest, flags);                             \
        mode = (mode_t)va_arg(rest, int);                  \
        va_end(rest);                                      \
    }

int open(const char *path, int flags, ...) {
    MODE_OF(flags)
    return open_noted((opener)dlsym(RTLD_NEXT, "open"), path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE_OF(flags)
    return open_noted((opener)dlsym(RTLD_NEXT, "open64"), path, flags, mode);
}
