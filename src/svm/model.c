/* SPDX-License-Identifier: MIT */
/*
 * model - a trained model that stands by itself: LIBSVM's text format, written, read, and asked for
 * predictions
 */
#define _GNU_SOURCE
#include "base.h"
#include "decide.h"
#include "escape.h"
#include "labels.h"
#include "output.h"
#include "number.h"
#include "set.h"
#include "floating.h"
#include "input.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


/* ---- names of labels, in a file beside the model's ------------------------------------------- */

/* The whole number that a label is called by, which LIBSVM's format can hold. */
static int whole_number(const poison_data *data, int label, int *number)
{
    double value = label;
    if (data->names && !number_is(data->name[label], &value))
        return 0;
    if (value != floor(value) || fabs(value) > INT_MAX)
        return 0;
    *number = (int)value;
    return 1;
}

static char *labels_path(const char *path)
{
    char *beside;
    return asprintf(&beside, "%s.labels", path) < 0 ? NULL : beside;
}

/* Of a file that is finished, and has its temporary name. */
static int crc_of_file(const struct output *file, uint32_t *crc, poison_error *err)
{
    static const size_t size = 1 << 16;
    const poison_settings settings = {.cancel = file->cancel};
    struct input input = INPUT_CLOSED;
    char *bytes = poison_take(size, 1);
    int status = bytes ? 0 : poison_fail_memory(err, size, 1, "a checksum");
    ssize_t got = 1;
    TRY(status);
    TRY(input_open(&input, file->temporary, 0, &settings, err));
    for (*crc = 0; got > 0; *crc = poison_crc32(*crc, bytes, (size_t)got))
        TRY((int)(got = input_some(&input, bytes, size, err)));
    status = 0;
done:
    input_close(&input);
    free(bytes);
    return status;
}

/* A name on one line: \\, and \xHH for control characters. */
static void print_name(FILE *out, const char *name)
{
    escape(out, ESCAPE_NAME, name);
    putc('\n', out);
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes print_name in place. 0: it was not made by it. */
static int scan_name(char *name)
{
    char *to = name;
    for (const char *at = name; *at; at++) {
        if (*at == '\\' && at[1] == 'x' && digit(at[2]) >= 0 && digit(at[3]) >= 0) {
            *to++ = (char)(16 * digit(at[2]) + digit(at[3]));
            at += 3;
        } else if (*at == '\\' && *++at != '\\') {
            return 0;
        } else {
            *to++ = *at;
        }
    }
    *to = 0;
    return to > name;
}

/* The names of a model that is written, but not yet in place, to `file`: which is then just so. */
static int write_names(struct output *file, const char *beside, const struct output *model,
                       const poison_data *data, const int *label, size_t K, poison_error *err)
{
    uint32_t crc;
    int status = crc_of_file(model, &crc, err);
    if (status == 0)
        status = output_open(file, beside, model->cancel, err);
    if (status < 0)
        return status;
    fprintf(file->out, "crc32 %08x\n", crc);
    for (size_t c = 0; c < K; c++)
        print_name(file->out, data->name[label[c]]);
    return output_finish(file, 0, err);
}

/* Model and names come into place. The names first: beside another model they are ignored, and an
 * old pair can come back. */
static int place_pair(struct output *model, struct output *names, const char *beside, int status,
                      poison_error *err)
{
    int there = access(beside, F_OK) == 0,
        swapped = status >= 0 && there && output_swap(names) == 0;
    if (!swapped)
        status = output_close(names, status, err);
    int placed = status >= 0;
    status = output_close(model, status, err);
    if (placed && status < 0 && !there)
        unlink(beside);
    if (placed && status < 0 && swapped)
        output_swap(names);
    if (swapped)
        output_close(names, POISON_EDATA, NULL); /* of the two the one that is not to stay */
    return status;
}

/* Whether a file is one of names, of an earlier model in its place. */
static int holds_names(const char *beside, int *names, poison_error *err)
{
    char line[16] = "";
    FILE *in = fopen(beside, "r");
    if (!in && errno != ENOENT && errno != EACCES)
        return poison_fail(err, POISON_EDATA, "%s: cannot read: %s", beside, strerror(errno));
    *names = in && fgets(line, sizeof line, in) && strncmp(line, "crc32 ", 6) == 0;
    if (in)
        fclose(in);
    return 0;
}

/*
 * The names beside a model file become data->name, if they are this model's. 1: they are another's,
 * or none at all. A file that cannot be read is an error: rows would get numbers instead of names.
 */
static int read_names(poison_data *data, const char *path, uint32_t crc,
                      const poison_settings *settings, poison_error *err)
{
    struct input input = INPUT_CLOSED;
    char *beside = labels_path(path), *bytes = NULL, expected[24], *name[POISON_LABELS];
    size_t length;
    int count = 0, status = beside ? 0 : poison_fail_memory(err, 1, strlen(path), "a name");
    struct stat info;
    if (!beside || strcmp(path, "-") == 0 || stat(beside, &info) != 0)
        goto done;
    status = !S_ISREG(info.st_mode) || info.st_size == 0;
    if (status)
        goto done;
    TRY(input_open(&input, beside, 0, settings, err));
    TRY(input_take_all(&input, &bytes, &length, budget_whole(settings), err));
    sprintf(expected, "crc32 %08x", crc);
    struct lines lines = {.next = bytes, .stop = bytes + length};
    for (char *line; status == 0 && (line = lines_next(&lines, &length));) {
        if (lines.number == 1) {
            status = strcmp(line, expected) != 0;
        } else if (count == POISON_LABELS || !scan_name(line)) {
            status = 1;
        } else {
            for (int c = 0; c < count; c++)
                if (strcmp(name[c], line) == 0)
                    TRY(poison_fail(err, POISON_EDATA,
                                    "%s:%zu: %.200s is named a second time: train the model again, "
                                    "or take the file away",
                                    beside, lines.number, line));
            name[count++] = line;
        }
    }
    status = status || count != data->names;
    if (status)
        goto done;
    TRY(labels_name(data, (const char *const *)name, count, data->name + count, data->columns,
                    err));
    data->numbers = 0;
done:
    input_close(&input);
    free(bytes);
    free(beside);
    return status;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void print_features(FILE *out, const poison_set *set, size_t r)
{
    size_t d = (size_t)set->d;
    for (size_t f = 0; f < d; f++)
        if (set->x && set->x[r * d + f])
            fprintf(out, " %zu:%d", f + (size_t)!set->from_zero, set->x[r * d + f]);
        else if (set->v && set->v[r * d + f] != 0)
            fprintf(out, " %zu:%.17g", f + (size_t)!set->from_zero, set->v[r * d + f]);
}

/* All lines up to SV, in LIBSVM's order and words. */
static void print_header(FILE *out, const poison_svm *svm, const poison_support *support,
                         const int *number)
{
    const poison_machine *machine;
    const poison_settings *settings = poison_svm_settings(svm);
    int kernel = settings->kernel;
    size_t P = poison_svm_machines(svm, &machine), K = support->others + 1;
    fprintf(out, "svm_type c_svc\nkernel_type %s\n", poison_kernel_name(kernel));
    if (kernel == POISON_POLYNOMIAL)
        fprintf(out, "degree %d\n", settings->degree);
    if (kernel != POISON_LINEAR)
        fprintf(out, "gamma %.17g\n", poison_svm_gamma(svm));
    if (kernel == POISON_POLYNOMIAL || kernel == POISON_SIGMOID)
        fprintf(out, "coef0 %.17g\n", settings->coef0);
    fprintf(out, "nr_class %zu\ntotal_sv %zu\nrho", K, support->count);
    for (size_t p = 0; p < P; p++)
        fprintf(out, " %.17g", machine[p].rho);
    fprintf(out, "\nlabel");
    for (size_t c = 0; c < K; c++)
        fprintf(out, " %d", number[c]);
    fprintf(out, "\nnr_sv");
    for (size_t c = 0; c < K; c++)
        fprintf(out, " %zu", support->of_class[c]);
    fprintf(out, "\nSV\n");
}

/* Whether a support vector has a value in the last column, which then says how many there are. */
static int reaches_end(const poison_set *set, const poison_support *support)
{
    size_t d = (size_t)set->d;
    for (size_t s = 0; s < support->count; s++) {
        size_t last = support->row[s] * d + d - 1;
        if (set->x ? set->x[last] != 0 : set->v[last] != 0)
            return 1;
    }
    return 0;
}

/* What LIBSVM's format does not know: it reads as many vectors as it was told, and no further. */
static void print_columns(FILE *out, const poison_data *data, const poison_support *support)
{
    const poison_set *set = &data->train;
    int named = data->columns && data->columns == set->d;
    if (named || !reaches_end(set, support))
        fprintf(out, "# width %d\n", set->d);
    for (int f = 0; named && f <= set->d; f++) {
        fputs(f < set->d ? "# column " : "# label ", out);
        print_name(out, data->name[data->names + f]);
    }
}

/* All of a model file, but its end: output_finish, output_close. Numbers have decimal points: this
 * thread's locale is C's meanwhile. */
static int write_model(FILE *out, const poison_svm *svm, const poison_data *data,
                       const int *number, poison_error *err)
{
    const poison_settings *settings = poison_svm_settings(svm);
    poison_support support;
    int status = poison_svm_coefficients(svm, &support, err);
    if (status < 0)
        return status;
    locale_t before = uselocale(newlocale(LC_ALL_MASK, "C", NULL));
    print_header(out, svm, &support, number);
    for (size_t s = 0; s < support.count && !ferror(out) && !poison_cancelled(settings); s++) {
        for (size_t c = 0; c < support.others; c++)
            fprintf(out, c ? " %.17g" : "%.17g", support.coef[s * support.others + c]);
        print_features(out, &data->train, support.row[s]);
        putc('\n', out);
    }
    print_columns(out, data, &support);
    uselocale(before);
    poison_support_free(&support);
    return poison_cancelled(settings) ? poison_fail_cancelled(err) : 0;
}

/* The model file and the file of names beside it appear together or not at all: both are finished
 * before either takes its place. Without names an earlier file of them, which would be another
 * model's, goes. */
int poison_model_write(const poison_svm *svm, const poison_data *data, const char *path,
                       int *nameless, poison_error *err)
{
    FLOATING(1);
    const int *label;
    int number[POISON_LABELS], status, words = 0, stale = 0;
    size_t K = poison_svm_classes(svm, &label);
    struct output model, names = {0};
    char *beside = labels_path(path);
    for (size_t c = 0; c < K; c++)
        words |= !whole_number(data, label[c], &number[c]);
    for (size_t c = 0; c < K && words; c++)
        number[c] = (int)c;
    *nameless = 0;
    if (!beside)
        return poison_fail_memory(err, 1, strlen(path), "a name");
    status = output_open(&model, path, poison_svm_settings(svm)->cancel, err);
    if (status < 0)
        goto done;
    int alone = !model.temporary || output_is_pipe(beside); /* there is no place beside it */
    *nameless = words && alone;
    status = output_finish(&model, write_model(model.out, svm, data, number, err), err);
    if (alone) {
        status = output_close(&model, status, err);
    } else if (words) {
        if (status == 0)
            status = write_names(&names, beside, &model, data, label, K, err);
        status = place_pair(&model, &names, beside, status, err);
    } else {
        if (status == 0)
            status = holds_names(beside, &stale, err);
        status = output_close(&model, status, err);
        if (status == 0 && stale)
            unlink(beside);
    }
done:
    free(beside);
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Where reading is. */
struct cursor {
    const char *name;
    size_t line;
    const char *at, *end; /* of the line at hand */
    const char *next, *stop;
};

static int next_line(struct cursor *c)
{
    if (c->next >= c->stop)
        return 0;
    c->at = c->next;
    c->end = memchr(c->at, '\n', (size_t)(c->stop - c->at));
    c->end = c->end ? c->end : c->stop;
    c->next = c->end + 1;
    c->line++;
    if (c->end > c->at && c->end[-1] == '\r')
        c->end--;
    return 1;
}

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
        c->at++;
}

/* The next word of the line, cut to `size`; 0 if there is none. */
static size_t take_word(struct cursor *c, char *word, size_t size)
{
    size_t length = 0;
    skip_blanks(c);
    for (; c->at < c->end && *c->at != ' ' && *c->at != '\t'; c->at++)
        if (length + 1 < size)
            word[length++] = *c->at;
    word[length] = 0;
    return length;
}

static int fail_at(const struct cursor *c, poison_error *err, const char *what)
{
    return poison_fail(err, POISON_EDATA, "%s:%zu: %s", c->name, c->line, what);
}

/* The next number of the line, finite, and within bounds. */
static int take_number(struct cursor *c, double least, double most, double *value,
                       poison_error *err)
{
    skip_blanks(c);
    const char *behind = number_read(c->at, c->end, value);
    if (!behind || (behind < c->end && *behind != ' ' && *behind != '\t') || !isfinite(*value)
        || !(*value >= least && *value <= most))
        return poison_fail(err, POISON_EDATA, "%s:%zu: expected a number%s, not '%.*s'", c->name,
                           c->line, least > -INFINITY ? " in its bounds" : "",
                           (int)(c->end - c->at < 20 ? c->end - c->at : 20), c->at);
    c->at = behind;
    return 0;
}

static int take_count(struct cursor *c, double least, double most, size_t *value, poison_error *err)
{
    double number;
    int status = take_number(c, least, most, &number, err);
    if (status == 0 && number != floor(number))
        status = fail_at(c, err, "expected a whole number");
    *value = status == 0 ? (size_t)number : 0;
    return status;
}

/* What a model file says before its support vectors. */
struct header {
    size_t total, of_class[POISON_LABELS];
    double rho[POISON_LABELS * (POISON_LABELS - 1) / 2];
    int number[POISON_LABELS];
    unsigned seen; /* bits of `enum key` */
};

enum key {
    SVM_TYPE, KERNEL_TYPE, DEGREE, GAMMA, COEF0, NR_CLASS, TOTAL_SV, RHO, LABEL, NR_SV,
    PROB_A, PROB_B, PROB_MARKS, KEYS
};
static const char *const keys[KEYS] = {
    "svm_type", "kernel_type", "degree", "gamma", "coef0", "nr_class",          "total_sv",
    "rho",      "label",       "nr_sv",  "probA", "probB", "prob_density_marks"};

static int read_types(struct cursor *c, int key, poison_model *m, poison_error *err)
{
    char word[32];
    take_word(c, word, sizeof word);
    if (key == SVM_TYPE && strcmp(word, "c_svc") != 0 && strcmp(word, "nu_svc") != 0)
        return poison_fail(err, POISON_EDATA,
                           "%s:%zu: a model of type %s: only c_svc and nu_svc can be served",
                           c->name, c->line, word);
    if (key == SVM_TYPE)
        return 0;
    for (m->settings.kernel = 0; m->settings.kernel < POISON_KERNELS; m->settings.kernel++)
        if (strcmp(word, poison_kernel_name(m->settings.kernel)) == 0)
            return 0;
    return poison_fail(err, POISON_EDATA,
                       "%s:%zu: a kernel of type %s: expected linear, polynomial, rbf or sigmoid",
                       c->name, c->line, word);
}

/* A list with one number a class. */
static int read_list(struct cursor *c, int key, const poison_model *m, struct header *h,
                     poison_error *err)
{
    size_t K = m->K, count = key == RHO ? K * (K - 1) / 2 : K;
    double value;
    int status = 0;
    if (!K)
        return fail_at(c, err, "nr_class must come first");
    for (size_t k = 0; k < count; k++)
        if (key == RHO) {
            TRY(take_number(c, -INFINITY, INFINITY, &h->rho[k], err));
        } else if (key == NR_SV) {
            TRY(take_count(c, 0, INT_MAX, &h->of_class[k], err));
        } else {
            TRY(take_number(c, INT_MIN, INT_MAX, &value, err));
            h->number[k] = (int)value;
            for (size_t q = 0; q < k; q++)
                if (h->number[q] == h->number[k])
                    TRY(fail_at(c, err, "a label stands there twice"));
        }
done:
    return status;
}

/* What follows a key, each with the bounds that LIBSVM, or our own options, give it. */
static int read_value(struct cursor *c, int key, poison_model *m, struct header *h,
                      poison_error *err)
{
    size_t count;
    int status;
    switch (key) {
    case SVM_TYPE:
    case KERNEL_TYPE: return read_types(c, key, m, err);
    case DEGREE:
        status = take_count(c, 0, 1000000, &count, err); /* as --degree */
        m->settings.degree = (int)count;
        return status;
    case GAMMA: return take_number(c, -INFINITY, INFINITY, &m->settings.gamma, err);
    case COEF0: return take_number(c, -INFINITY, INFINITY, &m->settings.coef0, err);
    case NR_CLASS: return take_count(c, 1, POISON_LABELS, &m->K, err);
    case TOTAL_SV: return take_count(c, 0, INT_MAX, &h->total, err);
    case RHO:
    case LABEL:
    case NR_SV: return read_list(c, key, m, h, err);
    default: c->at = c->end; return 0; /* of probabilities, which nobody asks for */
    }
}

/* All up to the line SV. */
static int read_header(struct cursor *c, poison_model *m, struct header *h, poison_error *err)
{
    const unsigned needed = 1u << SVM_TYPE | 1u << KERNEL_TYPE | 1u << NR_CLASS | 1u << TOTAL_SV |
                            1u << LABEL | 1u << NR_SV;
    int status = 0;
    char word[32];
    while (next_line(c)) {
        int key = 0;
        take_word(c, word, sizeof word);
        if (strcmp(word, "SV") == 0)
            break;
        while (key < KEYS && strcmp(word, keys[key]) != 0)
            key++;
        if (key == KEYS)
            TRY(poison_fail(err, POISON_EDATA, "%s:%zu: '%s' is no line of a LIBSVM model", c->name,
                            c->line, word));
        if (h->seen & 1u << key)
            TRY(poison_fail(err, POISON_EDATA, "%s:%zu: %s a second time", c->name, c->line, word));
        h->seen |= 1u << key;
        TRY(read_value(c, key, m, h, err));
        skip_blanks(c);
        if (c->at < c->end)
            TRY(poison_fail(err, POISON_EDATA, "%s:%zu: more than %s can have", c->name, c->line,
                            word));
    }
    unsigned all = needed | (m->settings.kernel != POISON_LINEAR ? 1u << GAMMA : 0) |
                   (m->K > 1 ? 1u << RHO : 0) |
                   (m->settings.kernel == POISON_POLYNOMIAL ? 1u << DEGREE | 1u << COEF0 : 0) |
                   (m->settings.kernel == POISON_SIGMOID ? 1u << COEF0 : 0);
    for (int key = 0; key < KEYS; key++)
        if (all & ~h->seen & 1u << key)
            TRY(poison_fail(err, POISON_EDATA, "%s: no line %s: not a whole LIBSVM model", c->name,
                            keys[key]));
    if (strcmp(word, "SV") != 0)
        TRY(poison_fail(err, POISON_EDATA, "%s: no line SV: the model ends too early", c->name));
done:
    return status;
}

/* The next line with a support vector. Blank lines, as an editor leaves behind, hold none. */
static int next_vector(struct cursor *c)
{
    while (next_line(c)) {
        skip_blanks(c);
        if (c->at < c->end)
            return 1;
    }
    return 0;
}

/* What a first pass over the support vectors finds. */
struct extent {
    double least, most; /* indices */
    int doubles;
};

/* One support vector: its coefficients to coef (K - 1), its features to row r of the set, where
 * they are given. */
static int read_vector(struct cursor *c, const poison_model *m, double *coef, struct extent *extent,
                       poison_set *set, size_t r, poison_error *err)
{
    double value, index, last = -1;
    int status = 0;
    for (size_t k = 0; k + 1 < m->K; k++)
        TRY(take_number(c, -INFINITY, INFINITY, coef ? &coef[k] : &value, err));
    for (skip_blanks(c); c->at < c->end; skip_blanks(c)) {
        const char *colon = number_read(c->at, c->end, &index);
        if (!colon || colon == c->end || *colon != ':' || index != floor(index) || index < 0 ||
            index > MOST_FEATURES)
            TRY(fail_at(c, err, "expected INDEX:VALUE"));
        if (index <= last)
            TRY(fail_at(c, err, "indices out of order"));
        c->at = colon + 1;
        TRY(take_number(c, -INFINITY, INFINITY, &value, err));
        last = index;
        if (set) {
            size_t place = r * (size_t)set->d + (size_t)index - !set->from_zero;
            if (set->x)
                set->x[place] = (uint8_t)value;
            else
                set->v[place] = value;
            continue;
        }
        extent->least = index < extent->least ? index : extent->least;
        extent->most = index > extent->most ? index : extent->most;
        extent->doubles |= !(value >= 0 && value <= 255 && value == floor(value));
    }
done:
    return status;
}

/* Machine (a, b) of the support vectors of both classes. A vector of class a has its weight against
 * b in column b - 1 of its coefficients, one of b against a in column a; those of weight 0 do not
 * support it. */
static int take_machines(poison_model *m, const struct header *h, const double *coef,
                         poison_error *err)
{
    size_t K = m->K, begin[POISON_LABELS + 1] = {0}, p = 0;
    for (size_t c = 0; c < K; c++)
        begin[c + 1] = begin[c] + h->of_class[c];
    m->P = K * (K - 1) / 2;
    m->machine = poison_take(m->P, sizeof *m->machine);
    if (!m->machine)
        return poison_fail_memory(err, m->P, sizeof *m->machine, "the machines");
    for (size_t a = 0; a < K; a++)
        for (size_t b = a + 1; b < K; b++, p++) {
            poison_machine *machine = &m->machine[p];
            size_t l = h->of_class[a] + h->of_class[b];
            *machine = (poison_machine){.i = (int)a, .j = (int)b, .rho = h->rho[p]};
            machine->sv_row = poison_take(l, sizeof *machine->sv_row);
            machine->sv_coef = poison_take(l, sizeof *machine->sv_coef);
            if (!machine->sv_row || !machine->sv_coef)
                return poison_fail_memory(err, l, sizeof(size_t) + sizeof(double), "a machine");
            for (int side = 0; side < 2; side++)
                for (size_t s = begin[side ? b : a]; s < begin[(side ? b : a) + 1]; s++) {
                    double weight = coef[s * (K - 1) + (side ? a : b - 1)];
                    if (weight == 0)
                        continue;
                    machine->sv_row[machine->sv] = s;
                    machine->sv_coef[machine->sv++] = weight;
                }
        }
    return 0;
}

/* The numbers of the line `label`, as names. */
static int take_numbers(poison_data *data, const int *number, size_t K, poison_error *err)
{
    char *text;
    data->name = poison_take(K, sizeof *data->name + 16);
    if (!data->name)
        return poison_fail_memory(err, K, 16, "the labels");
    text = (char *)(data->name + K);
    for (size_t c = 0; c < K; c++) {
        data->name[c] = text;
        text += sprintf(text, "%d", number[c]) + 1;
    }
    data->names = (int)K;
    data->numbers = 1;
    return 0;
}

/* The word behind "# WORD ", or NULL. */
static const char *take_note(const struct cursor *c, const char *word)
{
    size_t length = strlen(word);
    return (size_t)(c->end - c->at) > length && memcmp(c->at, word, length) == 0 ? c->at + length
                                                                                 : NULL;
}

/* The width and the names of columns, from the line at hand to the end. */
static int read_columns(struct cursor *c, poison_model *m, poison_error *err)
{
    double width = 0;
    size_t room = (size_t)(c->stop - c->at) + 1;
    const char *at = take_note(c, "# width ");
    const char *behind = at ? number_read(at, c->end, &width) : NULL;
    int columns = 0, label = 0, status = 0;
    if (!behind || behind != c->end || !(width >= m->data.train.d && width <= MOST_FEATURES)
        || width != floor(width))
        return fail_at(c, err, "expected the width, of no less than the vectors' features");
    char **name = NULL, *text = poison_take(room, 1), *to = text;
    m->data.train.d = (int)width;
    size_t most = size_min((size_t)width, room / 10); /* bytes of a line, at least */
    name = poison_take(most + 1, sizeof *name);
    if (!name || !text)
        TRY(poison_fail_memory(err, (size_t)width, sizeof *name, "the columns' names"));
    while (next_line(c)) {
        int last = columns == m->data.train.d;
        at = take_note(c, last ? "# label" : "# column");
        if (label || !at || *at != ' ')
            TRY(fail_at(c, err, "expected '# column NAME' for each column, then '# label NAME'"));
        size_t length = (size_t)(c->end - at - 1);
        memcpy(to, at + 1, length);
        if (length && !scan_name(to))
            TRY(fail_at(c, err, "a column's name is damaged"));
        name[columns] = to;
        to += strlen(to) + 1;
        label = last;
        columns += !last;
    }
    if (columns && !label)
        TRY(poison_fail(err, POISON_EDATA, "%s: %d of %d columns have a name: the model ends early",
                        c->name, columns, m->data.train.d));
    TRY(labels_name(&m->data, (const char *const *)m->data.name, m->data.names, name, columns,
                    err));
done:
    free(name);
    free(text);
    return status;
}

/* The support vectors, twice: how wide they are and of what kind, then their values. */
static int read_vectors(struct cursor *c, poison_model *m, const struct header *h,
                        struct budget budget, poison_error *err)
{
    poison_set *set = &m->data.train;
    struct cursor begin = *c;
    struct extent extent = {INFINITY, 0, 0};
    size_t sum = 0;
    double *coef = NULL;
    int status = 0;
    for (size_t k = 0; k < m->K; k++)
        sum += h->of_class[k];
    int noted = 0;
    for (; next_vector(c) && !(noted = *c->at == '#'); set->n++)
        TRY(read_vector(c, m, NULL, &extent, NULL, 0, err));
    if (set->n != h->total || sum != h->total)
        TRY(poison_fail(err, POISON_EDATA,
                        "%s: %zu support vectors, but total_sv says %zu and nr_sv %zu", c->name,
                        set->n, h->total, sum));
    set->from_zero = extent.least == 0;
    set->d = (int)extent.most + set->from_zero;
    set->d += !set->d;
    if (noted)
        TRY(read_columns(c, m, err));
    size_t one = set_bytes(1, set->d, extent.doubles) + sizeof *set->y + m->K * sizeof *coef
                 + (m->K - 1) * (sizeof(size_t) + sizeof(double)); /* of each of its machines */
    if (set->n > budget.left / one)
        TRY(budget_fail(budget, (double)set->n * (double)one, err, "%s: %zu support vectors take",
                        c->name, set->n));
    budget_take(budget.settings->trace, BUDGET_DATA, set->n * one);
    void *features = poison_take(set->n, set_bytes(1, set->d, extent.doubles));
    *(extent.doubles ? (void **)&set->v : (void **)&set->x) = features;
    set->y = poison_take(set->n, sizeof *set->y);
    coef = poison_take(set->n, m->K * sizeof *coef);
    if (!features || !set->y || !coef)
        TRY(poison_fail_memory(err, set->n, set_bytes(1, set->d, extent.doubles),
                               "the support vectors"));
    *c = begin;
    for (size_t s = 0; s < set->n && next_vector(c); s++)
        TRY(read_vector(c, m, coef + s * (m->K - 1), NULL, set, s, err));
    for (size_t k = 0, s = 0; k < m->K; k++)
        for (size_t q = 0; q < h->of_class[k]; q++)
            set->y[s++] = (int)k;
    TRY(take_machines(m, h, coef, err));
done:
    if (coef)
        budget_give(budget.settings->trace, BUDGET_DATA, set->n * m->K * sizeof *coef);
    free(coef);
    return status;
}

/* The text is held while it is read: its checksum says whether the names beside it are this
 * model's. Nothing that the header claims is believed before the lines are there. */
int poison_model_read(poison_model *m, const char *path, const poison_settings *settings,
                      poison_error *err)
{
    FLOATING(settings->threads);
    struct input input = INPUT_CLOSED;
    struct header *h = poison_take(1, sizeof *h);
    char *text = NULL;
    size_t length = 0;
    int status = 0;
    *m = (poison_model){.settings = *settings};
    if (!h)
        TRY(poison_fail_memory(err, 1, sizeof *h, "the model's header"));
    TRY(input_open(&input, path, 1, settings, err));
    TRY(input_take_all(&input, &text, &length, budget_whole(settings), err));
    budget_take(settings->trace, BUDGET_TEXT, length);
    struct cursor c = {.name = input.name, .next = text, .stop = text + length};
    snprintf(m->data.source, sizeof m->data.source, "%s", input.name);
    TRY(read_header(&c, m, h, err));
    TRY(take_numbers(&m->data, h->number, m->K, err));
    TRY(read_vectors(&c, m, h, budget_less(budget_whole(settings), length), err));
    status = read_names(&m->data, path, poison_crc32(0, text, length), settings, err);
    m->strange_names = status > 0;
    status = status > 0 ? 0 : status;
done:
    if (text)
        budget_give(settings->trace, BUDGET_TEXT, length);
    input_close(&input);
    free(text);
    free(h);
    if (status < 0)
        poison_model_free(m);
    return status;
}

void poison_model_free(poison_model *m)
{
    for (size_t p = 0; m->machine && p < m->P; p++) {
        free(m->machine[p].sv_row);
        free(m->machine[p].sv_coef);
    }
    free(m->machine);
    poison_data_free(&m->data);
    *m = (poison_model){0};
}

/* ---- asking ---------------------------------------------------------------------------------- */

int poison_model_fit(poison_model *m, poison_set *rows, poison_error *err)
{
    poison_set *own = &m->data.train;
    int status = 0, before = own->from_zero ? 0 : rows->from_zero, doubles = own->v || rows->v;
    size_t one = set_bytes(1, rows->d, doubles), all = own->n + rows->n;
    struct budget budget = budget_whole(&m->settings);
    if (all > budget.left / one && (rows->d > own->d || !own->v != !rows->v))
        return budget_fail(budget, (double)all * (double)one, err,
                           "%zu support vectors and %zu rows of %d features need", own->n, rows->n,
                           rows->d);
    TRY(set_widen(own, before, rows->d - own->d - before, err));
    own->from_zero |= before;
    if (doubles) {
        TRY(set_to_doubles(own, err));
        TRY(set_to_doubles(rows, err));
    }
done:
    return status;
}

/* Of some of `all` rows: value p of the first of them is value[p all]. */
static int predict_some(const poison_model *m, const poison_set *set, int *predicted, double *value,
                        size_t all, poison_error *err)
{
    struct decisions d;
    struct kernel kernel = kernel_of(&m->settings, m->settings.gamma);
    int status, label[POISON_LABELS];
    for (int c = 0; c < POISON_LABELS; c++)
        label[c] = c;
    TRY(decisions_new(&d, &m->data.train, set, &kernel, 0, &m->settings, err));
    TRY(decisions_carry(&d, m->P, NULL, err));
    if (m->P)
        TRY(decisions_compute(&d, m->machine, m->P, POISON_ALL, POISON_ALL, err));
    decisions_vote(&d, label, m->K, predicted);
    for (size_t p = 0; value && p < m->P; p++)
        memcpy(value + p * all, d.value + p * set->n, set->n * sizeof *value);
done:
    decisions_free(&d);
    return status;
}

int poison_model_predict(const poison_model *m, const poison_set *set, int *predicted,
                         double *value, poison_error *err)
{
    FLOATING(m->settings.threads);
    size_t most = decisions_at_once(m->P, &m->settings);
    struct kernel kernel = kernel_of(&m->settings, m->settings.gamma);
    int status;
    TRY(kernel_check_values(&kernel, &m->data.train, 0, NULL, m->settings.threads, err));
    TRY(kernel_check_memory(set, size_min(set->n, most), m->data.train.n, &m->settings, err));
    for (size_t first = 0; first < set->n; first += most) {
        poison_set some = set_some(set, first, size_min(set->n - first, most));
        TRY(predict_some(m, &some, predicted + first, value ? value + first : NULL, set->n, err));
    }
done:
    return status;
}
