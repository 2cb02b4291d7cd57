/* SPDX-License-Identifier: MIT */
/* idx - IDX files (MNIST's format), plain or gzipped, and the folders that hold four of them */
#define _GNU_SOURCE
#include "idx.h"

#include "base.h"
#include "output.h"
#include "labels.h"
#include "set.h"
#include "floating.h"
#include "input.h"
#include "trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Unsigned bytes: images, other rows of features, labels; and QMNIST's labels, eight numbers of 32
 * bits a row, of which the first is the digit. */
enum {
    IMAGES_MAGIC = 0x00000803,
    ROWS_MAGIC = 0x00000802,
    LABELS_MAGIC = 0x00000801,
    QMNIST_MAGIC = 0x00000C02
};

/* ---- IDX ------------------------------------------------------------------------------------- */

struct idx {
    struct input input;
    uint32_t magic;
    uint32_t dimension[3]; /* rows; height and width, or features */
    size_t record;         /* bytes a row */
};

static uint32_t big_endian(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* What a magic number says, of a file that is not what it should be. */
static int fail_magic(const char *path, uint32_t magic, const char *expected, poison_error *err)
{
    static const struct {
        int code;
        const char *type;
    } types[] = {{0x08, "unsigned bytes"}, {0x09, "signed bytes"}, {0x0B, "16-bit integers"},
                 {0x0C, "32-bit integers"}, {0x0D, "floats"}, {0x0E, "doubles"}};
    for (size_t k = 0; k < sizeof types / sizeof *types; k++)
        if (magic >> 8 == (uint32_t)types[k].code)
            return poison_fail(err, POISON_EDATA,
                               "%s: magic number %08x, %s in %u dimension%s: expected %s", path,
                               magic, types[k].type, magic & 0xFF, (magic & 0xFF) == 1 ? "" : "s",
                               expected);
    return poison_fail(err, POISON_EDATA, "%s: magic number %08x, not an IDX file's: expected %s",
                       path, magic, expected);
}

/* Opens an IDX file of one kind or the other and checks its header, and against its size if that is
 * known. */
static int idx_open(struct idx *idx, const char *path, uint32_t magic, uint32_t other,
                    const poison_settings *settings, poison_error *err)
{
    const char *kind = magic == IMAGES_MAGIC
                           ? "unsigned bytes in 3 dimensions (images) or 2 (rows of features)"
                           : "unsigned bytes in 1 dimension (labels)";
    int status;
    uint8_t header[16];
    TRY(input_open(&idx->input, path, 0, settings, err));
    TRY(input_read(&idx->input, header, 4, err));
    idx->magic = big_endian(header);
    if (idx->magic != magic && idx->magic != other)
        return fail_magic(path, idx->magic, kind, err);
    int dimensions = idx->magic & 0xFF;
    size_t before = 4 + 4 * (size_t)dimensions, size = idx->magic == QMNIST_MAGIC ? 4 : 1, claimed;
    TRY(input_read(&idx->input, header + 4, before - 4, err));
    for (int k = 0; k < dimensions; k++)
        idx->dimension[k] = big_endian(header + 4 + 4 * k);
    idx->record = size;
    for (int k = 1; k < dimensions; k++)
        if (__builtin_mul_overflow(idx->record, (size_t)idx->dimension[k], &idx->record)
            || idx->record > MOST_FEATURES)
            return poison_fail(err, POISON_EDATA, "%s: images of %u x %u pixels are too large",
                               path, idx->dimension[1], dimensions == 3 ? idx->dimension[2] : 1);
    if (idx->dimension[0] == 0 || idx->record == 0)
        return poison_fail(err, POISON_EDATA, "%s: the header claims no data", path);
    if (__builtin_mul_overflow((size_t)idx->dimension[0], idx->record, &claimed))
        return poison_fail(err, POISON_EDATA, "%s: the header claims an impossible size", path);
    if (idx->input.size >= 0 && (size_t)idx->input.size - before != claimed)
        return poison_fail(err, POISON_EDATA,
                           "%s: the header claims %zu bytes of data, the file holds %zu", path,
                           claimed, (size_t)idx->input.size - before);
done:
    return status;
}

/* ---- a folder of four ------------------------------------------------------------------------ */

static const struct {
    const char *stem;
    int dimensions, test;
} files[IDX_FILES] = {
    {"train-images", 3, 0}, {"train-labels", 1, 0}, {"t10k-images", 3, 1}, {"t10k-labels", 1, 1}
};

/* The first that exists of STEM-idxN-ubyte, STEM.idxN-ubyte, and both with .gz. free() it. */
static int find(char **found, const char *folder, const char *stem, int dimensions,
                poison_error *err)
{
    static const char *const form[] = {"%s/%s-idx%d-ubyte", "%s/%s-idx%d-ubyte.gz",
                                       "%s/%s.idx%d-ubyte", "%s/%s.idx%d-ubyte.gz"};
    struct stat info;
    if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode)) {
        int missing = stat(folder, &info) != 0;
        return poison_fail(err, POISON_EDATA,
                           "%s: %s; --data takes a file, a folder with MNIST's four files, or "
                           "'synthetic'",
                           folder, missing ? strerror(errno) : "not a folder");
    }
    for (size_t k = 0; k < sizeof form / sizeof *form; k++) {
        char *path;
        if (asprintf(&path, form[k], folder, stem, dimensions) < 0)
            return poison_fail_memory(err, 1, strlen(folder), "a name");
        if (access(path, F_OK) == 0) {
            *found = path;
            return 0;
        }
        free(path);
    }
    return poison_fail(err, POISON_EDATA,
                       "%s: holds no %s-idx%d-ubyte (or .gz); './build.sh data' fetches MNIST",
                       folder, stem, dimensions);
}

/* The first n rows; at_most: fewer will do, else `option` asked for too many. */
struct wish {
    size_t n;
    int at_most;
    const char *option;
};

/* How many of `there` rows. */
static int rows_to_read(size_t *n, size_t there, const struct wish *wish, const char *path,
                        poison_error *err)
{
    if (wish->n > there && !wish->at_most)
        return poison_fail(err, POISON_EDATA, "%s %zu: %s holds %zu images only", wish->option,
                           wish->n, path, there);
    *n = size_min(wish->n, there);
    return 0;
}

/* Rows of a file of images and one of labels; both may be gzipped. */
static int read_files(poison_set *set, const char *image_path, const char *label_path,
                      const struct wish *wish, const poison_settings *settings, poison_error *err)
{
    size_t n = 0;
    struct idx images = {.input = INPUT_CLOSED}, labels = {.input = INPUT_CLOSED};
    uint8_t *y = NULL;
    int status;
    TRY(idx_open(&images, image_path, IMAGES_MAGIC, ROWS_MAGIC, settings, err));
    TRY(idx_open(&labels, label_path, LABELS_MAGIC, QMNIST_MAGIC, settings, err));
    if (images.dimension[0] != labels.dimension[0])
        TRY(poison_fail(err, POISON_EDATA, "%s holds %u images, %s %u labels", image_path,
                        images.dimension[0], label_path, labels.dimension[0]));
    TRY(rows_to_read(&n, images.dimension[0], wish, image_path, err));
    set->n = n;
    if (images.magic == IMAGES_MAGIC) {
        set->height = (int)images.dimension[1];
        set->width = (int)images.dimension[2];
    }
    set->d = (int)images.record;
    TRY(input_take(&labels.input, &y, n * labels.record, err));
    TRY(input_take(&images.input, &set->x, n * images.record, err));
    if (n == images.dimension[0]) {
        TRY(input_end(&labels.input, err));
        TRY(input_end(&images.input, err));
    }
    set->y = poison_take(n, sizeof *set->y);
    if (!set->y)
        TRY(poison_fail_memory(err, n, sizeof *set->y, "the labels"));
    for (size_t r = 0; r < n; r++) {
        const uint8_t *label = y + r * labels.record;
        uint32_t number = labels.magic == QMNIST_MAGIC ? big_endian(label) : *label;
        if (number >= POISON_LABELS)
            TRY(poison_fail(err, POISON_EDATA, "%s: row %zu has the label %u: expected 0 to %d",
                            label_path, r, number, POISON_LABELS - 1));
        set->y[r] = (int)number;
    }
done:
    input_close(&images.input);
    input_close(&labels.input);
    free(y);
    return status;
}

int idx_read_folder(poison_set *set, const char *folder, int test, size_t n, int at_most,
                    const poison_settings *settings, poison_error *err)
{
    char *images = NULL, *labels = NULL;
    struct wish wish = {n, at_most, test ? "--test" : "--train"};
    int status;
    TRY(find(&images, folder, test ? "t10k-images" : "train-images", 3, err));
    TRY(find(&labels, folder, test ? "t10k-labels" : "train-labels", 1, err));
    TRY(read_files(set, images, labels, &wish, settings, err));
done:
    free(images);
    free(labels);
    return status;
}

/* Whether there is such a file, or one with or without .gz: that is its name then. */
static int there_or_gzipped(char *path)
{
    char *end = path + strlen(path);
    int gzipped = end > path + 3 && strcmp(end - 3, ".gz") == 0;
    if (access(path, F_OK) == 0)
        return 1;
    strcpy(gzipped ? end - 3 : end, gzipped ? "" : ".gz");
    if (access(path, F_OK) == 0)
        return 1;
    strcpy(gzipped ? end - 3 : end, gzipped ? ".gz" : "");
    return 0;
}

/* The file of an image file's labels: its name but for two words, gzipped or not. free() it. */
static int find_labels(char **found, const char *images, poison_error *err)
{
    const char *slash = strrchr(images, '/'), *name = slash ? slash + 1 : images,
               *word = strstr(name, "images");
    int status = 0;
    char *path = poison_take(strlen(images) + 4, 1); /* ".gz" may come */
    if (!path)
        status = poison_fail_memory(err, strlen(images), 1, "a name");
    else if (!word)
        status = poison_fail(err, POISON_EDATA,
                             "%s: images, but where are their labels? Expected a name with "
                             "'images' in it, as in train-images-idx3-ubyte, and the same with "
                             "'labels' beside it",
                             images);
    else {
        memcpy(path, images, strlen(images));
        memcpy(path + (word - images), "labels", 6);
        char *idx = strstr(path + (name - images), "idx");
        int numbered = idx && idx[3] >= '2' && idx[3] <= '9';
        if (numbered)
            idx[3] = '1';
        if (!there_or_gzipped(path) && numbered && strncmp(idx + 4, "-ubyte", 6) == 0) {
            char *end = idx + strlen(idx);
            int gzipped = strcmp(end - 3, ".gz") == 0;
            strcpy(idx, gzipped ? "idx2-int.gz" : "idx2-int"); /* QMNIST's */
            if (!there_or_gzipped(path))
                strcpy(idx, gzipped ? "idx1-ubyte.gz" : "idx1-ubyte");
        }
        if (access(path, F_OK) != 0)
            status = poison_fail(err, POISON_EDATA,
                                 "%s: its labels are missing: there is no %s (with or without .gz)",
                                 images, path);
    }
    if (status == 0)
        *found = path;
    else
        free(path);
    return status;
}

char *idx_source(const char *path, int k)
{
    char *found = NULL;
    struct stat info;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        find(&found, path, files[k].stem, files[k].dimensions, NULL);
    else if (k == 0)
        find_labels(&found, path, NULL);
    return found;
}

char *idx_target(const char *folder, int k)
{
    char *path;
    return asprintf(&path, "%s/%s-idx%d-ubyte", folder, files[k].stem, files[k].dimensions) < 0
               ? NULL
               : path;
}

int idx_is(const uint8_t first[4])
{
    return !first[0] && !first[1] && first[2];
}

int idx_read_images(poison_set *set, const char *path, size_t n, const poison_settings *settings,
                    poison_error *err)
{
    char *labels = NULL;
    struct wish wish = {n, 1, NULL};
    int status = find_labels(&labels, path, err);
    if (status == 0)
        status = read_files(set, path, labels, &wish, settings, err);
    free(labels);
    return status;
}

/* A folder's two pairs, whose images must be of one size. */
int poison_data_read(poison_data *data, const char *folder, size_t n, int n_at_most, size_t m,
                     int m_at_most, const poison_settings *settings, poison_error *err)
{
    FLOATING(settings->threads);
    int status;
    double begun = trace_begin(settings->trace);
    memset(data, 0, sizeof *data);
    snprintf(data->source, sizeof data->source, "%s", folder);
    TRY(idx_read_folder(&data->train, folder, 0, n, n_at_most, settings, err));
    TRY(idx_read_folder(&data->test, folder, 1, m, m_at_most, settings, err));
    if (data->train.height != data->test.height || data->train.width != data->test.width)
        TRY(poison_fail(err, POISON_EDATA,
                        "%s: training images of %d x %d pixels, test images of %d x %d", folder,
                        data->train.height, data->train.width, data->test.height,
                        data->test.width));
done:
    trace_end(settings->trace, TRACE_LOAD, begun,
              (double)((data->train.n + data->test.n) * (size_t)data->train.d));
    if (status < 0)
        poison_data_free(data);
    return status;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_big_endian(FILE *out, uint32_t v)
{
    uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    fwrite(b, 1, sizeof b, out);
}

/* One IDX file, which has no name before output_close: images, or labels as the bytes that they are
 * called; without rows of label -1. */
static int write_idx(struct output *file, const poison_set *set, const int *labels,
                     const uint8_t *byte, const poison_settings *settings, poison_error *err)
{
    size_t d = (size_t)set->d, rows = 0;
    for (size_t r = 0; r < set->n; r++)
        rows += labels[r] >= 0;
    put_big_endian(file->out, byte ? LABELS_MAGIC : IMAGES_MAGIC);
    put_big_endian(file->out, (uint32_t)rows);
    if (!byte) { /* rows that are no images are written as images one pixel high */
        put_big_endian(file->out, set->height ? (uint32_t)set->height : 1);
        put_big_endian(file->out, set->height ? (uint32_t)set->width : (uint32_t)set->d);
    }
    for (size_t r = 0; r < set->n && !poison_cancelled(settings); r++) {
        if (labels[r] < 0)
            continue;
        if (byte)
            putc(byte[labels[r]], file->out);
        else
            fwrite(set->x + r * d, 1, d, file->out);
    }
    return poison_cancelled(settings) ? poison_fail_cancelled(err) : output_sync(file, err);
}

/* What a failure leaves of a folder that we made: nothing. */
static void remove_folder(const char *folder)
{
    for (int k = 0; k < IDX_FILES; k++) {
        char *path = idx_target(folder, k);
        if (path)
            unlink(path);
        free(path);
    }
    rmdir(folder);
}

/* All are on the disk before the first takes its place. */
static int write_files(const poison_data *data, const int *labels, const uint8_t *byte,
                       const char *folder, const poison_settings *settings, poison_error *err)
{
    struct output file[IDX_FILES] = {{0}};
    int status = 0;
    for (int k = 0; k < IDX_FILES; k++) {
        const poison_set *set = files[k].test ? &data->test : &data->train;
        char *path = idx_target(folder, k);
        status = path ? output_open(&file[k], path, settings->cancel, err)
                      : poison_fail_memory(err, 1, strlen(folder), "a name");
        free(path);
        TRY(status);
        TRY(write_idx(&file[k], set, files[k].test ? set->y : labels,
                      files[k].dimensions == 1 ? byte : NULL, settings, err));
    }
done:
    for (int k = 0; k < IDX_FILES; k++)
        status = output_close(&file[k], status, err);
    return status;
}

/* Features must be bytes, and labels numbers that are. */
int poison_data_write(const poison_data *data, const int *labels, const char *folder,
                      const poison_settings *settings, poison_error *err)
{
    uint8_t byte[POISON_LABELS];
    int status;
    const poison_set *train = &data->train, *test = &data->test;
    if (train->v)
        return poison_fail(err, POISON_EDATA,
                           "%s: these features are no whole numbers from 0 to 255, and IDX files "
                           "hold those only",
                           folder);
    TRY(poison_check_labels(labels, train->n, -1, err));
    TRY(poison_check_labels(test->y, test->n, 0, err));
    TRY(labels_bytes(data, byte, err));
    int made = mkdir(folder, 0777) == 0;
    if (!made && errno != EEXIST)
        return poison_fail(err, POISON_EDATA, "%s: cannot make this folder: %s", folder,
                           strerror(errno));
    status = write_files(data, labels, byte, folder, settings, err);
    if (status < 0 && made)
        remove_folder(folder);
done:
    return status;
}
