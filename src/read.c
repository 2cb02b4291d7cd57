/* SPDX-License-Identifier: MIT */
/* read - IDX files (MNIST's format), plain or gzipped, and the folders that hold four of them */
#define _GNU_SOURCE
#include "base.h"
#include "file.h"
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef POISON_ZLIB
#include <zlib.h>
#endif

#define CHUNK ((size_t)4 << 20) /* of a gzipped file at first: what its header claims is believed as data arrive */
#define MOST_FEATURES (1 << 24)

enum { IMAGES_MAGIC = 0x00000803, LABELS_MAGIC = 0x00000801 }; /* unsigned bytes; three dimensions, one dimension */

/* ---- a file that may be gzipped -------------------------------------------------------------------------------- */

struct stream {
    const char *path;
    int fd;
    int64_t size; /* bytes of a plain regular file, else -1 */
#ifdef POISON_ZLIB
    gzFile gz;
#endif
    const volatile sig_atomic_t *cancel;
};

static int stream_open(struct stream *s, const char *path, const poison_settings *settings, poison_error *err)
{
    *s = (struct stream){.path = path, .size = -1, .cancel = settings->cancel};
    struct stat info;
    uint8_t magic[2];
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a named pipe must not hang */
    if (s->fd < 0 || fstat(s->fd, &info) != 0)
        return poison_fail(err, POISON_EDATA, "%s: cannot open: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return poison_fail(err, POISON_EDATA, "%s: not a regular file", path);
    if (info.st_size == 0)
        return poison_fail(err, POISON_EDATA, "%s: the file is empty", path);
    if (pread(s->fd, magic, 2, 0) != 2 || magic[0] != 0x1F || magic[1] != 0x8B) {
        s->size = info.st_size;
        return 0;
    }
#ifdef POISON_ZLIB
    s->gz = gzdopen(s->fd, "rb");
    if (!s->gz)
        return poison_fail_memory(err, 1, 1 << 15, "zlib");
    s->fd = -1; /* zlib's now */
    gzbuffer(s->gz, 1 << 17);
    return 0;
#else
    return poison_fail(err, POISON_EDATA, "%s: gzipped, and this poison was built without zlib: gunzip it first", path);
#endif
}

static void stream_close(struct stream *s)
{
#ifdef POISON_ZLIB
    if (s->gz)
        gzclose(s->gz);
#endif
    if (s->fd >= 0)
        close(s->fd);
}

/* Exactly `length` bytes, or an error. */
static int stream_read(struct stream *s, uint8_t *to, size_t length, poison_error *err)
{
    while (length > 0) {
        size_t piece = length < CHUNK ? length : CHUNK;
        ssize_t got;
        if (s->cancel && *s->cancel)
            return poison_fail_cancelled(err);
#ifdef POISON_ZLIB
        if (s->gz) {
            int code;
            got = gzread(s->gz, to, (unsigned)piece);
            const char *text = gzerror(s->gz, &code);
            if (got < 0 && code == Z_ERRNO && errno == EINTR) {
                gzclearerr(s->gz);
                continue;
            }
            if (code == Z_BUF_ERROR)
                return poison_fail(err, POISON_EDATA, "%s: the gzip file is cut short", s->path);
            const char *colon = strstr(text, ": "); /* zlib names the file descriptor before it */
            if (got < 0)
                return poison_fail(err, POISON_EDATA, "%s: the gzip file is damaged (%s)", s->path,
                                   code == Z_ERRNO ? strerror(errno) : colon ? colon + 2 : text);
        } else
#endif
        {
            got = read(s->fd, to, piece);
            if (got < 0 && errno == EINTR)
                continue;
            if (got < 0)
                return poison_fail(err, POISON_EDATA, "%s: cannot read: %s", s->path, strerror(errno));
        }
        if (got == 0)
            return poison_fail(err, POISON_EDATA, "%s: the file ends too early", s->path);
        to += got;
        length -= (size_t)got;
    }
    return 0;
}

/* Reads `length` bytes into new memory that grows as they arrive, unless the file's size has vouched for them. */
static int stream_take(struct stream *s, uint8_t **out, size_t length, poison_error *err)
{
    size_t have = 0, room = s->size >= 0 || length < CHUNK ? length : CHUNK;
    *out = NULL;
    while (have < length || !*out) {
        uint8_t *larger = realloc(*out, room ? room : 1);
        if (!larger)
            return poison_fail_memory(err, room, 1, s->path);
        *out = larger;
        int status = stream_read(s, *out + have, room - have, err);
        if (status < 0)
            return status;
        have = room;
        room = room < length / 2 ? room * 2 : length;
    }
    return 0;
}

/* ---- IDX ------------------------------------------------------------------------------------------------------- */

struct idx {
    struct stream stream;
    uint32_t dimension[3]; /* rows, height, width */
    size_t record;         /* bytes a row */
};

static uint32_t big_endian(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Opens an IDX file and checks its header, and against its size if that is known. */
static int idx_open(struct idx *idx, const char *path, uint32_t magic, const poison_settings *settings, poison_error *err)
{
    int status, dimensions = magic & 0xFF;
    uint8_t header[16];
    TRY(stream_open(&idx->stream, path, settings, err));
    TRY(stream_read(&idx->stream, header, 4 + 4 * (size_t)dimensions, err));
    if (big_endian(header) != magic)
        return poison_fail(err, POISON_EDATA, "%s: magic number %08x, expected %08x (unsigned bytes, %d dimension%s)", path,
                           big_endian(header), magic, dimensions, dimensions == 1 ? "" : "s");
    for (int k = 0; k < dimensions; k++)
        idx->dimension[k] = big_endian(header + 4 + 4 * k);
    idx->record = 1;
    for (int k = 1; k < dimensions; k++)
        if (__builtin_mul_overflow(idx->record, (size_t)idx->dimension[k], &idx->record) || idx->record > MOST_FEATURES)
            return poison_fail(err, POISON_EDATA, "%s: images of %u x %u pixels are too large", path, idx->dimension[1],
                               idx->dimension[2]);
    if (idx->dimension[0] == 0 || idx->record == 0)
        return poison_fail(err, POISON_EDATA, "%s: the header claims no data", path);
    size_t claimed;
    if (__builtin_mul_overflow((size_t)idx->dimension[0], idx->record, &claimed))
        return poison_fail(err, POISON_EDATA, "%s: the header claims an impossible size", path);
    size_t before = 4 + 4 * (size_t)dimensions;
    if (idx->stream.size >= 0 && (size_t)idx->stream.size - before != claimed)
        return poison_fail(err, POISON_EDATA, "%s: the header claims %zu bytes of data, the file holds %zu", path, claimed,
                           (size_t)idx->stream.size - before);
done:
    return status;
}

/* ---- a folder of four ------------------------------------------------------------------------------------------ */

/* The first that exists of STEM-idxN-ubyte, STEM.idxN-ubyte, and both with .gz. */
static char *find(const char *folder, const char *stem, int dimensions, poison_error *err)
{
    static const char *const form[] = {"%s/%s-idx%d-ubyte", "%s/%s-idx%d-ubyte.gz", "%s/%s.idx%d-ubyte",
                                       "%s/%s.idx%d-ubyte.gz"};
    struct stat info;
    if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode)) {
        int missing = stat(folder, &info) != 0;
        poison_fail(err, POISON_EDATA, "%s: %s; --data takes a folder with MNIST's four files, or 'synthetic'", folder,
                    missing ? strerror(errno) : "not a folder");
        return NULL;
    }
    for (size_t k = 0; k < sizeof form / sizeof *form; k++) {
        char *path;
        if (asprintf(&path, form[k], folder, stem, dimensions) < 0) {
            poison_fail_memory(err, 1, strlen(folder), "a name");
            return NULL;
        }
        if (access(path, F_OK) == 0)
            return path;
        free(path);
    }
    poison_fail(err, POISON_EDATA, "%s: holds no %s-idx%d-ubyte (or .gz); './build.sh data' fetches MNIST", folder, stem,
                dimensions);
    return NULL;
}

/* How many of `there` rows: as many as asked for, or (at_most) as many as there are. */
static int rows_to_read(size_t *n, size_t there, int at_most, const char *option, const char *path, poison_error *err)
{
    if (*n > there && !at_most)
        return poison_fail(err, POISON_EDATA, "%s %zu: %s holds %zu images only", option, *n, path, there);
    *n = *n > there ? there : *n;
    return 0;
}

static int read_pair(poison_set *set, const char *folder, const char *name, size_t n, int at_most,
                     const poison_settings *settings, poison_error *err)
{
    struct idx images = {.stream.fd = -1}, labels = {.stream.fd = -1};
    char stem[32], *image_path = NULL, *label_path = NULL;
    uint8_t *y = NULL;
    int status = POISON_EDATA;
    snprintf(stem, sizeof stem, "%s-images", name);
    image_path = find(folder, stem, 3, err);
    if (!image_path)
        goto done;
    snprintf(stem, sizeof stem, "%s-labels", name);
    label_path = find(folder, stem, 1, err);
    if (!label_path)
        goto done;
    TRY(idx_open(&images, image_path, IMAGES_MAGIC, settings, err));
    TRY(idx_open(&labels, label_path, LABELS_MAGIC, settings, err));
    if (images.dimension[0] != labels.dimension[0])
        TRY(poison_fail(err, POISON_EDATA, "%s holds %u images, %s %u labels", image_path, images.dimension[0], label_path,
                        labels.dimension[0]));
    TRY(rows_to_read(&n, images.dimension[0], at_most, name[0] == 't' && name[1] == 'r' ? "--train" : "--test", image_path,
                     err));
    set->n = n;
    set->height = (int)images.dimension[1];
    set->width = (int)images.dimension[2];
    set->d = (int)images.record;
    TRY(stream_take(&labels.stream, &y, n, err));
    TRY(stream_take(&images.stream, &set->x, n * images.record, err));
    set->y = poison_take(n, sizeof *set->y);
    if (!set->y)
        TRY(poison_fail_memory(err, n, sizeof *set->y, "the labels"));
    for (size_t r = 0; r < n; r++)
        set->y[r] = y[r];
done:
    stream_close(&images.stream);
    stream_close(&labels.stream);
    free(image_path);
    free(label_path);
    free(y);
    return status;
}

int poison_data_read(poison_data *data, const char *folder, size_t n, int n_at_most, size_t m, int m_at_most,
                     const poison_settings *settings, poison_error *err)
{
    int status;
    double begun = trace_begin(settings->trace);
    memset(data, 0, sizeof *data);
    snprintf(data->source, sizeof data->source, "%s", folder);
    TRY(read_pair(&data->train, folder, "train", n, n_at_most, settings, err));
    TRY(read_pair(&data->test, folder, "t10k", m, m_at_most, settings, err));
    if (data->train.height != data->test.height || data->train.width != data->test.width)
        TRY(poison_fail(err, POISON_EDATA, "%s: training images of %d x %d pixels, test images of %d x %d", folder,
                        data->train.height, data->train.width, data->test.height, data->test.width));
done:
    trace_end(settings->trace, TRACE_LOAD, begun, (double)((data->train.n + data->test.n) * (size_t)data->train.d));
    if (status < 0)
        poison_data_free(data);
    return status;
}

int poison_data_labels(const poison_data *data, int *label)
{
    uint8_t occurs[256] = {0};
    int count = 0;
    for (size_t r = 0; r < data->train.n; r++)
        occurs[data->train.y[r]] = 1;
    for (size_t t = 0; t < data->test.n; t++)
        occurs[data->test.y[t]] = 1;
    for (int v = 0; v < 256; v++)
        if (occurs[v])
            label[count++] = v;
    return count;
}

int poison_data_validate(poison_data *data, size_t train, size_t v, poison_error *err)
{
    poison_set *all = &data->train, *set = &data->validation;
    if (all->n < train + v)
        return poison_fail(err, POISON_EDATA, "--train %zu and --validate %zu: %s holds %zu training images only", train, v,
                           data->source, all->n);
    *set = *all;
    all->n = train;
    set->n = v;
    set->x = all->x ? all->x + train * (size_t)all->d : NULL;
    set->v = all->v ? all->v + train * (size_t)all->d : NULL;
    set->y = all->y + train;
    return 0;
}

void poison_data_free(poison_data *data)
{
    free(data->train.x);
    free(data->train.y);
    free(data->test.x);
    free(data->test.y);
    memset(data, 0, sizeof *data);
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static void put_big_endian(FILE *out, uint32_t v)
{
    uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    fwrite(b, 1, sizeof b, out);
}

/* One IDX file: the images of `set`, or `labels` if those are given. */
/* A set's images, or its labels; rows whose label is -1 are left out. */
static int write_idx(const poison_set *set, const int *labels, int magic, const char *folder, const char *name,
                     const poison_settings *settings, poison_error *err)
{
    struct file file;
    char *path;
    size_t d = (size_t)set->d, rows = 0;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return poison_fail_memory(err, 1, strlen(folder), "a name");
    int status = file_open(&file, path, err);
    free(path);
    if (status < 0)
        return status;
    for (size_t r = 0; r < set->n; r++)
        rows += labels[r] >= 0;
    put_big_endian(file.out, (uint32_t)magic);
    put_big_endian(file.out, (uint32_t)rows);
    if (magic == IMAGES_MAGIC) {
        put_big_endian(file.out, (uint32_t)set->height);
        put_big_endian(file.out, (uint32_t)set->width);
    }
    for (size_t r = 0; r < set->n && !poison_cancelled(settings); r++) {
        if (labels[r] < 0)
            continue;
        if (magic == IMAGES_MAGIC)
            fwrite(set->x + r * d, 1, d, file.out);
        else
            putc(labels[r], file.out);
    }
    return file_close(&file, poison_cancelled(settings) ? poison_fail_cancelled(err) : 0, err);
}

int poison_data_write(const poison_data *data, const int *labels, const char *folder, const poison_settings *settings,
                      poison_error *err)
{
    int status;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return poison_fail(err, POISON_EDATA, "%s: cannot make this folder: %s", folder, strerror(errno));
    TRY(write_idx(&data->train, labels, IMAGES_MAGIC, folder, "train-images-idx3-ubyte", settings, err));
    TRY(write_idx(&data->train, labels, LABELS_MAGIC, folder, "train-labels-idx1-ubyte", settings, err));
    TRY(write_idx(&data->test, data->test.y, IMAGES_MAGIC, folder, "t10k-images-idx3-ubyte", settings, err));
    TRY(write_idx(&data->test, data->test.y, LABELS_MAGIC, folder, "t10k-labels-idx1-ubyte", settings, err));
done:
    return status;
}
