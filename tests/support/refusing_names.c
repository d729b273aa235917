/* A file system that refuses some names, played below one folder of a daemon (LD_PRELOAD).

   REFUSED_BELOW    the folder
   REFUSED_KIND     windows, ascii, short, or deep
   REFUSED_LONGEST  bytes of the longest name ("short"), or of the longest path below the folder
   REFUSED_ERRNO    the error that a refused name gets; by default that of Linux's drivers
   REFUSED_WHILE    a file: names are refused only while it exists
   MADE_BELOW       a folder: each path that is made below it becomes a line of the file MADE_LOG

   A file system that only forbids signs refuses a new name, and says of any other use of it that no
   such file exists. One that takes short names alone refuses every use of a longer one. */

#define _GNU_SOURCE
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *setting(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

/* The length of a path below the folder, or -1 for a path elsewhere. */
static int length_below(int folder, const char *path) {
    char link[64], place[PATH_MAX];
    const char *root = setting("REFUSED_BELOW");
    int more = 0;
    if (!*root)
        return -1;
    if (path[0] != '/') {
        if (folder == AT_FDCWD)
            return -1;
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, place, sizeof place - 1);
        if (length < 0)
            return -1;
        place[length] = 0;
        more = 1 + strlen(path);
        path = place;
    }
    return strncmp(path, root, strlen(root)) ? -1 : (int)(strlen(path) - strlen(root)) + more;
}

static int is_device(const char *name) {
    static const char *const devices[] = {"con", "prn", "aux", "nul"};
    size_t length = strcspn(name, ".");
    while (length && name[length - 1] == ' ')
        length--;
    for (size_t i = 0; i < 4; i++)
        if (length == 3 && !strncasecmp(name, devices[i], 3))
            return 1;
    int is_port = !strncasecmp(name, "com", 3) || !strncasecmp(name, "lpt", 3);
    return length == 4 && is_port && isdigit((unsigned char)name[3]);
}

static int is_utf8(const unsigned char *at) {
    while (*at) {
        int rest = *at < 0x80 ? 0 : *at >= 0xc2 && *at < 0xe0 ? 1 : (*at & 0xf0) == 0xe0 ? 2
                 : *at >= 0xf0 && *at < 0xf5 ? 3 : -1;
        if (rest < 0)
            return 0;
        for (at++; rest; rest--, at++)
            if ((*at & 0xc0) != 0x80)
                return 0;
    }
    return 1;
}

static int windows_error(const char *name) {
    size_t length = strlen(name);
    if (!is_utf8((const unsigned char *)name))
        return EILSEQ;
    for (const char *sign = name; *sign; sign++)
        if ((unsigned char)*sign < 32 || strchr("?:*\"<>|\\", *sign))
            return EINVAL;
    if (length && strchr(". ", name[length - 1]))
        return EINVAL;
    return is_device(name) ? EINVAL : 0;
}

static int ascii_error(const char *name) {
    for (; *name; name++)
        if ((unsigned char)*name > 126)
            return EINVAL;
    return 0;
}

/* The error for a use of a name, or 0. */
static int refusal(int folder, const char *path, int is_new) {
    const char *kind = setting("REFUSED_KIND"), *gate = setting("REFUSED_WHILE");
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    int length = length_below(folder, path);
    if (!*kind || !strcmp(name, ".") || !strcmp(name, "..") || length < 0)
        return 0;
    if (*gate && access(gate, F_OK))
        return 0;
    if (!strcmp(kind, "deep"))
        return length > atoi(setting("REFUSED_LONGEST")) ? ENAMETOOLONG : 0;
    if (!strcmp(kind, "short"))
        return strlen(name) > (size_t)atoi(setting("REFUSED_LONGEST")) ? ENAMETOOLONG : 0;
    int error = strcmp(kind, "windows") ? ascii_error(name) : windows_error(name);
    if (!error)
        return 0;
    if (!is_new)
        return ENOENT;
    return *setting("REFUSED_ERRNO") ? atoi(setting("REFUSED_ERRNO")) : error;
}

/* Log a path that may become a file. */
static void tell_made(const char *path, int flags) {
    const char *root = setting("MADE_BELOW");
    if (!(flags & O_CREAT) || !*root || strncmp(path, root, strlen(root)))
        return;
    FILE *log = fopen(setting("MADE_LOG"), "a");
    if (log) {
        fprintf(log, "%s\n", path);
        fclose(log);
    }
}

#define PASS_ON(call) \
    static __typeof__(&call) original; \
    if (!original) \
        original = (__typeof__(&call))dlsym(RTLD_NEXT, #call)
#define REFUSE(folder, path, is_new) \
    do { \
        int error = refusal(folder, path, is_new); \
        if (error) { \
            errno = error; \
            return -1; \
        } \
    } while (0)
#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

int open(const char *path, int flags, ...) {
    MODE(flags)
    PASS_ON(open);
    tell_made(path, flags);
    REFUSE(AT_FDCWD, path, flags & O_CREAT);
    return original(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE(flags)
    PASS_ON(open64);
    tell_made(path, flags);
    REFUSE(AT_FDCWD, path, flags & O_CREAT);
    return original(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    MODE(flags)
    PASS_ON(openat);
    tell_made(path, flags);
    REFUSE(folder, path, flags & O_CREAT);
    return original(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
    MODE(flags)
    PASS_ON(openat64);
    tell_made(path, flags);
    REFUSE(folder, path, flags & O_CREAT);
    return original(folder, path, flags, mode);
}

int mkdir(const char *path, mode_t mode) {
    PASS_ON(mkdir);
    REFUSE(AT_FDCWD, path, 1);
    return original(path, mode);
}

int mkdirat(int folder, const char *path, mode_t mode) {
    PASS_ON(mkdirat);
    REFUSE(folder, path, 1);
    return original(folder, path, mode);
}

int rename(const char *path, const char *target) {
    PASS_ON(rename);
    REFUSE(AT_FDCWD, path, 0);
    REFUSE(AT_FDCWD, target, 1);
    return original(path, target);
}

int renameat(int folder, const char *path, int target_folder, const char *target) {
    PASS_ON(renameat);
    REFUSE(folder, path, 0);
    REFUSE(target_folder, target, 1);
    return original(folder, path, target_folder, target);
}

int unlinkat(int folder, const char *path, int flags) {
    PASS_ON(unlinkat);
    REFUSE(folder, path, 0);
    return original(folder, path, flags);
}

int fstatat(int folder, const char *path, struct stat *found, int flags) {
    PASS_ON(fstatat);
    REFUSE(folder, path, 0);
    return original(folder, path, found, flags);
}

int fstatat64(int folder, const char *path, struct stat64 *found, int flags) {
    PASS_ON(fstatat64);
    REFUSE(folder, path, 0);
    return original(folder, path, found, flags);
}
