/* SPDX-License-Identifier: MIT */
/* input - the bytes of a file that may be gzipped, of a pipe, or of standard input */
#define _GNU_SOURCE
#include "input.h"

#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef POISON_ZLIB
#include <zlib.h>
#endif

/* Of what should be text: a zero beyond it ends the reading, and no line is named. */
#define SURELY ((size_t)16 << 20)
/* What is taken at first of a gzipped file: what its header claims is believed as data arrive. */
#define CHUNK ((size_t)4 << 20)
/* By these first bytes formats that are no text are known. */
#define LOOKED_AT 16

/* Up to `length` bytes of the descriptor, 0 at the end; a host's signals interrupt a read, and it
 * goes on. */
static ssize_t read_bytes(struct input *s, void *to, size_t length, poison_error *err)
{
    ssize_t got;
    do {
        if (poison_raised(s->cancel))
            return poison_fail_cancelled(err);
        got = read(s->fd, to, size_min(length, CHUNK));
    } while (got < 0 && errno == EINTR);
    return got >= 0 ? got
                    : poison_fail(err, POISON_EDATA, "%s: cannot read: %s", s->name,
                                  strerror(errno));
}

/* ---- gzip ------------------------------------------------------------------------------------ */

#ifdef POISON_ZLIB

/* We read, zlib only inflates: its gzread loses what it has read when a signal interrupts it. */
struct gunzip {
    z_stream z;             /* next_in, avail_in: what was read, and is not inflated yet */
    int members, in_member; /* that have begun; one of them has not ended */
    int plain;              /* none has begun: it is passed on as it is */
    uint8_t bytes[1 << 17];
};

/* From here on what is read is inflated, or passed on where it is not gzipped. */
static int inflate_it(struct input *s, poison_error *err)
{
    s->gz = poison_take(1, sizeof *s->gz);
    if (s->gz)
        s->gz->z.next_in = s->gz->bytes;
    if (s->gz && inflateInit2(&s->gz->z, MAX_WBITS + 16) == Z_OK) /* gzip's headers only */
        return 0;
    free(s->gz);
    s->gz = NULL;
    return poison_fail_memory(err, 1, sizeof *s->gz, "zlib");
}

static void inflate_end(struct input *s)
{
    if (s->gz)
        inflateEnd(&s->gz->z);
    free(s->gz);
}

/* At least `least` bytes to inflate, unless the end comes before. */
static int read_ahead(struct input *s, size_t least, poison_error *err)
{
    struct gunzip *g = s->gz;
    ssize_t got = 1;
    if (g->z.avail_in >= least)
        return 0;
    memmove(g->bytes, g->z.next_in, g->z.avail_in);
    g->z.next_in = g->bytes;
    for (; g->z.avail_in < least && got > 0; g->z.avail_in += (unsigned)got) {
        got = read_bytes(s, g->bytes + g->z.avail_in, sizeof g->bytes - g->z.avail_in, err);
        if (got < 0)
            return (int)got;
    }
    return 0;
}

/* What a member's first two bytes say: another begins; nothing does, and what follows the last one
 * is padding or no business of ours; or there was none at all. */
static int next_member(struct input *s, poison_error *err)
{
    struct gunzip *g = s->gz;
    int status = read_ahead(s, 2, err);
    if (status < 0)
        return status;
    g->in_member = g->z.avail_in >= 2 && g->z.next_in[0] == 0x1F && g->z.next_in[1] == 0x8B;
    g->plain = !g->in_member && !g->members;
    g->members += g->in_member;
    if (g->in_member)
        inflateReset(&g->z);
    return 0;
}

static ssize_t fail_inflate(const struct input *s, int code, poison_error *err)
{
    if (code == Z_MEM_ERROR)
        return poison_fail_memory(err, 1, 1 << 15, "zlib");
    return poison_fail(err, POISON_EDATA, "%s: the gzip file is damaged (%s)", s->name,
                       s->gz->z.msg ? s->gz->z.msg : "no gzip");
}

/* What there is of a stream that is not gzipped. */
static ssize_t pass_on(struct input *s, void *to, size_t length, poison_error *err)
{
    z_stream *z = &s->gz->z;
    if (!z->avail_in)
        return read_bytes(s, to, length, err);
    unsigned piece = (unsigned)size_min(length, z->avail_in);
    memcpy(to, z->next_in, piece);
    z->next_in += piece;
    z->avail_in -= piece;
    return piece;
}

/* As read_bytes, but inflated. */
static ssize_t inflate_some(struct input *s, void *to, size_t length, poison_error *err)
{
    struct gunzip *g = s->gz;
    z_stream *z = &g->z;
    unsigned piece = (unsigned)size_min(length, CHUNK);
    int status = 0, code;
    z->next_out = to;
    for (z->avail_out = piece; z->avail_out == piece; g->in_member = code == Z_OK) {
        if (!g->in_member && !g->plain)
            TRY(next_member(s, err));
        if (g->plain)
            return pass_on(s, to, length, err);
        if (!g->in_member)
            break;
        TRY(read_ahead(s, 1, err));
        if (!z->avail_in)
            return poison_fail(err, POISON_EDATA, "%s: the gzip file is cut short", s->name);
        if (poison_raised(s->cancel)) /* all that was read may inflate to nothing */
            return poison_fail_cancelled(err);
        code = inflate(z, Z_NO_FLUSH);
        if (code != Z_OK && code != Z_STREAM_END)
            return fail_inflate(s, code, err);
    }
    return piece - z->avail_out;
done:
    return status;
}

#else

static int inflate_it(struct input *s, poison_error *err)
{
    return poison_fail(err, POISON_EDATA,
                       "%s: gzipped, and this poison was built without zlib: gunzip it first",
                       s->name);
}

static void inflate_end(struct input *s) { (void)s; }

static ssize_t inflate_some(struct input *s, void *to, size_t length, poison_error *err)
{
    return read_bytes(s, to, length, err);
}

#endif

/* ---- opening and closing --------------------------------------------------------------------- */

/* A named pipe must not hang where none is wanted; where it is, opening waits for its writer. */
static int open_file(struct input *s, const char *path, int pipes, poison_error *err)
{
    do
        s->fd = open(path, O_RDONLY | O_CLOEXEC | (pipes ? 0 : O_NONBLOCK));
    while (s->fd < 0 && poison_again(s->cancel));
    if (s->fd < 0 && errno == EINTR)
        return poison_fail_cancelled(err);
    if (s->fd < 0)
        return poison_fail(err, POISON_EDATA, "%s: cannot open: %s", path, strerror(errno));
    return 0;
}

/* Standard input may be open for writing only. If so, errno says it. */
static int is_readable(int fd)
{
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY)
        return 1;
    errno = EBADF;
    return 0;
}

/* What is gzipped is inflated; of a pipe only reading tells. Sizes are for plain files. */
int input_open(struct input *s, const char *path, int pipes, const poison_settings *settings,
               poison_error *err)
{
    int standard = pipes && strcmp(path, "-") == 0, status = 0;
    struct stat info;
    uint8_t magic[2];
    *s = (struct input){.name = standard ? "standard input" : path, .fd = -1, .size = -1,
                        .cancel = settings->cancel};
    if (standard)
        s->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    else
        TRY(open_file(s, path, pipes, err));
    if (s->fd < 0 || !is_readable(s->fd) || fstat(s->fd, &info) != 0)
        return poison_fail(err, POISON_EDATA, "%s: cannot open: %s", s->name, strerror(errno));
    if (S_ISDIR(info.st_mode) || (!S_ISREG(info.st_mode) && !pipes))
        return poison_fail(err, POISON_EDATA, "%s: not a regular file", s->name);
    if (!S_ISREG(info.st_mode)) {
#ifdef POISON_ZLIB
        return inflate_it(s, err);
#else
        return 0;
#endif
    }
    /* somebody may have read of standard input before us */
    off_t at = standard ? lseek(s->fd, 0, SEEK_CUR) : 0;
    ssize_t begin;
    do
        begin = pread(s->fd, magic, 2, at);
    while (begin < 0 && poison_again(s->cancel));
    if (info.st_size <= at && begin <= 0)
        return poison_fail(err, POISON_EDATA, "%s: the file is empty", s->name);
    if (begin == 2 && magic[0] == 0x1F && magic[1] == 0x8B)
        return inflate_it(s, err);
    if (info.st_size > at) /* in /proc sizes are 0 */
        s->size = info.st_size - at;
done:
    return status;
}

void input_close(struct input *s)
{
    inflate_end(s);
    if (s->fd >= 0)
        close(s->fd);
}

/* ---- reading --------------------------------------------------------------------------------- */

ssize_t input_some(struct input *s, void *to, size_t length, poison_error *err)
{
    return s->gz ? inflate_some(s, to, length, err) : read_bytes(s, to, length, err);
}

int input_peek(struct input *s, uint8_t first[4], poison_error *err)
{
    memset(first, 0, 4);
    while (s->aheads < sizeof s->ahead) {
        ssize_t got = input_some(s, s->ahead + s->aheads, sizeof s->ahead - s->aheads, err);
        if (got < 0)
            return (int)got;
        if (got == 0)
            break;
        s->aheads += (size_t)got;
    }
    memcpy(first, s->ahead, s->aheads);
    return 0;
}

/* What was peeked at comes first. */
static size_t give_ahead(struct input *s, void *to, size_t length)
{
    size_t given = size_min(s->aheads, length);
    memcpy(to, s->ahead, given);
    s->aheads -= given;
    memmove(s->ahead, s->ahead + given, s->aheads);
    return given;
}

int input_read(struct input *s, uint8_t *to, size_t length, poison_error *err)
{
    for (size_t have = give_ahead(s, to, length); have < length;) {
        ssize_t got = input_some(s, to + have, length - have, err);
        if (got < 0)
            return (int)got;
        if (got == 0)
            return poison_fail(err, POISON_EDATA, "%s: the file ends too early", s->name);
        have += (size_t)got;
    }
    return 0;
}

int input_end(struct input *s, poison_error *err)
{
    uint8_t more;
    ssize_t got = s->aheads ? 1 : input_some(s, &more, 1, err);
    if (got > 0)
        return poison_fail(err, POISON_EDATA, "%s: holds more than its header claims", s->name);
    return (int)got;
}

int input_take(struct input *s, uint8_t **out, size_t length, poison_error *err)
{
    size_t have = 0, room = s->size >= 0 ? length : size_min(length, CHUNK);
    *out = NULL;
    while (have < length || !*out) {
        uint8_t *larger = realloc(*out, room ? room : 1);
        if (!larger)
            return poison_fail_memory(err, room, 1, s->name);
        *out = larger;
        int status = input_read(s, *out + have, room - have, err);
        if (status < 0)
            return status;
        have = room;
        room = room < length / 2 ? room * 2 : length;
    }
    return 0;
}

static int fail_too_long(const struct input *s, struct budget budget, poison_error *err)
{
    /* how long it is nobody knows; whole MiB, since budget_fail rounds up */
    return budget_fail(budget, (double)(budget.left >> 20 << 20), err,
                       "%s: its text takes more than", s->name);
}

/* What strangers hand over for a text, by how it begins (? is any byte) and, unless `name` is NULL,
 * by how its file's name ends. */
static const struct {
    const char *magic, *name, *what, *remedy;
} packed[] = {
    {"BZh?1AY&SY", NULL, "compressed by bzip2", "bunzip2 -k FILE unpacks it"},
    {"\xFD\x37zXZ", NULL, "compressed by xz", "xz -dk FILE unpacks it"},
    {"\x28\xB5\x2F\xFD", NULL, "compressed by zstd (zst)", "zstd -d FILE unpacks it"},
    {"\x04\x22\x4D\x18", NULL, "compressed by lz4", "lz4 -d FILE unpacks it"},
    {"7z\xBC\xAF\x27\x1C", NULL, "a 7z archive", "7z x FILE unpacks it"},
    {"Rar!\x1A", NULL, "a rar archive", "unrar x FILE unpacks it"},
    {"PK\3\4", ".xlsx", "an Excel workbook (xlsx)", "save it as CSV"},
    {"PK\3\4", ".ods", "a spreadsheet (ods)", "save it as CSV"},
    {"PK\3\4", ".npz", "an archive of NumPy's (npz)",
     "write its arrays as text, by numpy.savetxt(..., delimiter=',')"},
    {"PK\3\4", "", "a zip archive (NumPy's npz is one, too)", "unzip FILE unpacks it"},
    {"\x93NUMPY", NULL, "an array of NumPy's (npy)",
     "write it as text, by numpy.savetxt(..., delimiter=',')"},
    {"PAR1\x15", NULL, "a Parquet file", "write it as CSV, by pandas' to_csv(..., index=False)"},
    {"ARROW1", NULL, "a Feather file", "write it as CSV, by pandas' to_csv(..., index=False)"},
    {"\x89HDF", NULL, "an HDF5 file", "write its arrays as CSV"},
    {"\xD0\xCF\x11\xE0", NULL, "an Excel workbook (xls)", "save it as CSV"},
};

static int ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcasecmp(text + length - tail, end) == 0;
}

static int refuse_packed(const struct input *s, const char *bytes, size_t length, poison_error *err)
{
    for (size_t k = 0; k < sizeof packed / sizeof *packed; k++) {
        const char *magic = packed[k].magic;
        size_t at = 0;
        while (at < length && magic[at] && (magic[at] == '?' || magic[at] == bytes[at]))
            at++;
        if (magic[at] || (packed[k].name && !ends_with(s->name, packed[k].name)))
            continue;
        return poison_fail(err, POISON_EDATA, "%s: %s, no text: %s", s->name, packed[k].what,
                           packed[k].remedy);
    }
    return 0;
}

/* A plain file that is larger than what is allowed: it may be packed, and that is what to say. */
static int fail_unread(struct input *s, struct budget budget, poison_error *err)
{
    char first[LOOKED_AT];
    size_t have = give_ahead(s, first, sizeof first);
    ssize_t got = input_some(s, first + have, sizeof first - have, err);
    if (got < 0)
        return (int)got;
    return refuse_packed(s, first, have + (size_t)got, err) < 0 ? POISON_EDATA
                                                                : fail_too_long(s, budget, err);
}

/* Lines may end with CR LF, whose CR is the reader's to drop; a CR alone ends one too, as a newline
 * then. */
static void end_lines(char *text, size_t length)
{
    for (char *at = text; (at = memchr(at, '\r', (size_t)(text + length - at)));) {
        int alone = ++at == text + length || *at != '\n';
        if (alone)
            at[-1] = '\n';
    }
}

/* Twice as much room whenever it is full; a plain file's size is known beforehand. */
int input_take_all(struct input *s, char **out, size_t *length, struct budget budget,
                   poison_error *err)
{
    /* one more, so that the end is seen */
    size_t room = s->size >= 0 ? (size_t)s->size + 1 : CHUNK;
    *out = NULL;
    *length = 0;
    if (s->size >= 0 && (size_t)s->size > budget.left)
        return fail_unread(s, budget, err);
    for (;;) {
        char *larger = *out ? realloc(*out, room + 1) : poison_take_big(room + 1, 1);
        if (!larger)
            return poison_fail_memory(err, room, 1, s->name);
        *out = larger;
        for (*length += give_ahead(s, *out + *length, room - *length); *length < room;) {
            ssize_t got = input_some(s, *out + *length, room - *length, err);
            if (got < 0)
                return (int)got;
            if (*length > SURELY && memchr(*out + *length, 0, (size_t)got))
                return poison_fail(err, POISON_EDATA, "%s: a NUL byte: this is no text", s->name);
            size_t before = *length;
            *length += (size_t)got;
            (*out)[*length] = '\n';
            if (before < LOOKED_AT && refuse_packed(s, *out, *length, err) < 0)
                return POISON_EDATA; /* gigabytes may follow */
            if (got == 0) {
                end_lines(*out, *length);
                return 0;
            }
        }
        if (room > budget.left)
            return fail_too_long(s, budget, err);
        room = room < budget.left / 2 ? 2 * room : budget.left + 1;
    }
}

char *lines_next(struct lines *lines, size_t *length)
{
    char *line = lines->next;
    if (line >= lines->stop)
        return NULL;
    char *end = memchr(line, '\n', (size_t)(lines->stop + 1 - line));
    *end = 0;
    *length = (size_t)(end - line);
    lines->next = end + 1;
    lines->number++;
    return line;
}
