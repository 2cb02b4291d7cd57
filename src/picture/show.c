/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "show.h"

#include "base.h"
#include "contact.h"
#include "convert.h"
#include "escape.h"
#include "image.h"
#include "labels.h"

#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

/* What is shown. */
struct gallery {
    const struct show *wishes;
    const poison_data *data;
    const poison_settings *settings;
    const poison_set *set;
    const int *labels;     /* (n) after the flips */
    int *before, *after;   /* (m) what the models before and after the flips predict, or NULL */
    size_t *row, count, total; /* (count) of the set; total: without -n */
    size_t room;               /* cells of a line of a caption */
};

int show_predicts(const struct show *w)
{
    return w->test_set || w->changed;
}

static const poison_set *set_of(const struct show *w, const poison_data *data)
{
    return show_predicts(w) ? &data->test : &data->train;
}

/* ---- what is refused ------------------------------------------------------------------------- */

static int is_contact(const char *path)
{
    return convert_format_of(path) < CONVERT_PLAIN;
}

static int check_output(const char *path, poison_error *err)
{
    static const char *const pictures[] = {".jpg", ".jpeg", ".gif", ".webp", ".html"};
    const char *dot = strrchr(path, '.');
    for (size_t k = 0; dot && k < sizeof pictures / sizeof *pictures; k++)
        if (strcasecmp(dot, pictures[k]) == 0)
            return poison_fail(err, POISON_EUSAGE,
                               "-o %s: a sheet's name ends in .png, .svg or .pdf", path);
    return is_contact(path) ? image_ready(err) : 0;
}

/* Shape and pixels first, then ROWS, then where they go. */
int show_check(const struct show *w, const poison_data *data, poison_error *err)
{
    const poison_set *set = set_of(w, data);
    const char *which = show_predicts(w) ? "test" : "training";
    if (!set->height || !set->width)
        return poison_fail(err, POISON_EDATA,
                           "%s: rows of %d features without a height and a width: "
                           "only IDX files say which shape images have",
                           data->source, set->d);
    if (!set->x)
        return poison_fail(err, POISON_EDATA,
                           "%s: features that are no whole numbers from 0 to 255 "
                           "are no grey values",
                           data->source);
    for (size_t k = 0; k < w->ranges; k++)
        if (w->range[k].last >= set->n)
            return poison_fail(err, POISON_EDATA,
                               "show %s: row %zu: there are only %zu %s images, from row 0",
                               w->words, w->range[k].last, set->n, which);
    return check_output(w->output, err);
}

/* ---- which rows ------------------------------------------------------------------------------ */

static int is_wanted(const struct gallery *s, size_t r)
{
    if (s->wishes->changed)
        return s->before[r] != s->after[r];
    return show_predicts(s->wishes) || !s->wishes->flips || s->labels[r] != s->set->y[r];
}

static void add_row(struct gallery *s, size_t r, size_t most)
{
    s->total++;
    if (s->count < most)
        s->row[s->count++] = r;
}

/* Fills row, count and total. */
static int choose(struct gallery *s, poison_error *err)
{
    const struct show *w = s->wishes;
    enum { SCREEN = 12, SHEET = 100 };
    size_t bound = w->ranges ? 0 : s->set->n;
    for (size_t k = 0; k < w->ranges; k++)
        bound += w->range[k].last - w->range[k].first + 1;
    size_t most = is_contact(w->output) ? SHEET : SCREEN;
    if (w->ranges)
        most = bound;
    if (w->most)
        most = w->most;
    s->row = poison_take(size_min(most, bound), sizeof *s->row);
    if (!s->row)
        return poison_fail_memory(err, bound, sizeof *s->row, "the rows");
    for (size_t k = 0; k < w->ranges; k++)
        for (size_t r = w->range[k].first; r <= w->range[k].last; r++)
            add_row(s, r, most);
    for (size_t r = 0; !w->ranges && r < s->set->n; r++)
        if (is_wanted(s, r))
            add_row(s, r, most);
    return 0;
}

/* What is shown, and how many of how many; on a contact sheet also what its frames mean. */
static void describe(const struct gallery *s, char *text, size_t size)
{
    const struct show *w = s->wishes;
    const char *flips = "";
    if (w->changed)
        flips = " whose prediction the flips change";
    else if (!show_predicts(w) && w->flips && !w->ranges)
        flips = " that the flips change";
    int length = snprintf(text, size, "%s images%s: %zu", show_predicts(w) ? "test" : "training",
                          flips, s->count);
    if (s->count < s->total)
        length += snprintf(text + length, size - (size_t)length, " of %zu, -n %zu for all",
                           s->total, s->total);
    if (is_contact(w->output) && (show_predicts(w) || w->flips))
        snprintf(text + length, size - (size_t)length, "; framed: %s",
                 show_predicts(w) ? "wrong" : "flipped");
}

/* ---- captions -------------------------------------------------------------------------------- */

/* A caption's line, that ends in ".." where it has no room. */
struct line {
    char *text;
    size_t bytes, cells, kept, room; /* kept: the bytes that leave room for the dots */
    int full;
};

static void add_letter(struct line *l, const char *bytes, size_t length, size_t cells)
{
    if (l->full)
        return;
    l->full = l->cells + cells > l->room
              || l->bytes + length + 3 > sizeof((struct tile *)0)->caption[0];
    if (l->full) {
        strcpy(l->text + l->kept, "..");
        return;
    }
    memcpy(l->text + l->bytes, bytes, length);
    l->bytes += length;
    l->cells += cells;
    if (l->cells + 2 <= l->room)
        l->kept = l->bytes;
}

__attribute__((format(printf, 2, 3))) static void add(struct line *l, const char *format, ...)
{
    char text[64];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (const char *c = text; *c; c++)
        add_letter(l, c, 1, 1);
}

/* The bytes of the letter at text, and its cells: 0 bytes if a terminal should not see it: control
 * characters, those from U+0080 on too, what has no width but is no accent, what is no UTF-8. Needs
 * the locale of show_run. */
static size_t measure_letter(const char *text, size_t *cells)
{
    wchar_t wide;
    mbstate_t state = {0};
    size_t length = mbrtowc(&wide, text, strnlen(text, 4), &state);
    int width = length < 5 ? wcwidth(wide) : -1;
    *cells = width > 0 ? (size_t)width : 0;
    return width > 0 || (width == 0 && wide >= 0x300 && wide < 0x370) ? length : 0;
}

/* What a label is called; what a terminal should not see as \x1b. */
static void add_name(struct line *l, const poison_data *data, int label)
{
    char number[12], escaped[ESCAPE_MOST];
    size_t cells;
    for (const char *c = poison_label_text(data, label, number); *c && !l->full;) {
        size_t length = measure_letter(c, &cells);
        if (length) {
            add_letter(l, c, length, cells);
        } else {
            const char byte[] = {*c, 0}, *at = byte;
            escape_character(ESCAPE_ASCII, &at, escaped);
            add(l, "%s", escaped);
        }
        c += length ? length : 1;
    }
}

static void add_change(struct line *l, const poison_data *data, int before, int after)
{
    add_name(l, data, before);
    if (after == before)
        return;
    add(l, after < 0 ? " removed" : " -> ");
    if (after >= 0)
        add_name(l, data, after);
}

/* Image k with its caption. Marked: a label that is flipped, a prediction that is wrong. */
static void fill_tile(void *self, size_t k, struct tile *tile)
{
    const struct gallery *s = self;
    size_t r = s->row[k];
    int label = s->set->y[r], predicts = show_predicts(s->wishes);
    struct line first = {.text = tile->caption[0], .room = s->room};
    struct line second = {.text = tile->caption[1], .room = s->room};
    tile->pixels = s->set->x + r * (size_t)s->set->d;
    add(&first, "row %zu: ", r);
    add_change(&first, s->data, label, predicts ? label : s->labels[r]);
    if (predicts) {
        add(&second, "called ");
        add_change(&second, s->data, s->before[r], s->after[r]);
    }
    tile->marked = predicts ? s->after[r] != label : s->labels[r] != label;
}

/* ---- the terminal ---------------------------------------------------------------------------- */

/* The latter two by half blocks, in the 26 greys of 256 colours or in all of them. */
enum { CHARACTERS, PALETTE, GREYS };
enum { BETWEEN = 2, NARROW = 10, UNSET = -1 };
#define BLOCK "\xE2\x96\x80"

/* A grid of images in cells of a terminal, each two pixels high. */
struct canvas {
    FILE *out;
    int style;
    size_t columns;                  /* of the terminal */
    size_t top, left, height, width; /* what is shown of each image, the same of all */
    size_t shrink; /* a square of pixels of this side becomes one, where images are too wide */
    size_t cell, across;             /* cells for an image with its caption; images a line */
    size_t blanks;                   /* due before what is printed next on the line */
    int fore, back;                  /* the colours that are set */
};

static size_t measure_columns(int fd)
{
    struct winsize size;
    const char *said = getenv("COLUMNS");
    size_t columns = said ? strtoul(said, NULL, 10) : 0;
    if (isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
        columns = size.ws_col;
    if (columns < 1 || columns > 10000)
        return 80;
    return size_max(columns, NARROW);
}

static int find_style(int fd)
{
    const char *term = getenv("TERM"), *without = getenv("NO_COLOR"), *all = getenv("COLORTERM");
    if (!isatty(fd) || !term || !*term || strcmp(term, "dumb") == 0)
        return CHARACTERS;
    if (without && *without)
        return CHARACTERS;
    return all && (strcmp(all, "truecolor") == 0 || strcmp(all, "24bit") == 0) ? GREYS : PALETTE;
}

/* Leaves out the margins that are blank, as the first corner is, in all images, but for a pixel. */
static void crop(struct canvas *c, const struct gallery *s)
{
    size_t H = (size_t)s->set->height, W = (size_t)s->set->width;
    size_t top = H, bottom = 0, left = W, right = 0;
    uint8_t blank = s->count ? s->set->x[s->row[0] * H * W] : 0;
    for (size_t k = 0; k < s->count; k++)
        for (size_t i = 0; i < H * W; i++) {
            size_t y = i / W, x = i % W;
            if (s->set->x[s->row[k] * H * W + i] == blank)
                continue;
            top = size_min(top, y);
            bottom = size_max(bottom, y);
            left = size_min(left, x);
            right = size_max(right, x);
        }
    if (top > bottom) { /* nothing but blanks */
        top = left = 0;
        bottom = H - 1;
        right = W - 1;
    }
    c->top = top ? top - 1 : 0;
    c->left = left ? left - 1 : 0;
    c->height = (bottom + 1 < H ? bottom + 2 : H) - c->top;
    c->width = (right + 1 < W ? right + 2 : W) - c->left;
}

/* How many cells a text of ours takes. */
static size_t count_cells(const char *text)
{
    size_t all = 0, cells;
    for (size_t length; *text && (length = measure_letter(text, &cells)); text += length)
        all += cells;
    return all;
}

static void lay_out(struct canvas *c, const struct gallery *s)
{
    crop(c, s);
    c->shrink = (c->width + c->columns - 1) / c->columns;
    c->width /= c->shrink;
    c->height = size_max(1, c->height / c->shrink);
    c->cell = c->width;
    for (size_t k = 0; k < s->count; k++) {
        struct tile tile = {.pixels = NULL};
        fill_tile((void *)s, k, &tile);
        for (int line = 0; line < CONTACT_LINES; line++)
            c->cell = size_max(c->cell, count_cells(tile.caption[line]));
    }
    c->across = size_max(1, (c->columns + BETWEEN) / (c->cell + BETWEEN));
}

/* The grey at a place of what is shown, -1 below it. */
static int grey_at(const struct canvas *c, const poison_set *set, const uint8_t *pixels, size_t y,
                   size_t x)
{
    size_t sum = 0, side = c->shrink;
    if (y >= c->height)
        return UNSET;
    for (size_t r = 0; r < side; r++)
        for (size_t q = 0; q < side; q++) {
            size_t row = c->top + y * side + r, column = c->left + x * side + q;
            if (row >= (size_t)set->height) /* an image lower than the square */
                row = (size_t)set->height - 1;
            sum += pixels[row * (size_t)set->width + column];
        }
    return (int)((sum + side * side / 2) / (side * side));
}

static void put_blanks(struct canvas *c)
{
    for (; c->blanks; c->blanks--)
        putc(' ', c->out);
}

/* Of two pixels, one above the other, their mean. */
static void put_character(struct canvas *c, int upper, int lower)
{
    static const char ramp[] = " .:-=+*#%@"; /* ink, whatever the terminal's colours */
    int mean = lower == UNSET ? upper : (upper + lower) / 2;
    int step = (mean * ((int)sizeof ramp - 2) + 127) / 255;
    if (!step) {
        c->blanks++;
        return;
    }
    put_blanks(c);
    putc(ramp[step], c->out);
}

/* The number of a grey among 256 colours: black, 24 greys from 8 to 238 in steps of 10, white. */
static int palette_of(int grey)
{
    if (grey < 4)
        return 16;
    if (grey > 246)
        return 231;
    return grey > 237 ? 255 : 232 + (grey - 3) / 10;
}

static void set_colour(struct canvas *c, int *now, int colour, int ground)
{
    if (*now == colour)
        return;
    *now = colour;
    if (colour == UNSET)
        fprintf(c->out, "\033[%d9m", ground);
    else if (c->style == GREYS)
        fprintf(c->out, "\033[%d8;2;%d;%d;%dm", ground, colour, colour, colour);
    else
        fprintf(c->out, "\033[%d8;5;%dm", ground, colour);
}

/* Two pixels as the upper half of a block upon its ground. */
static void put_block(struct canvas *c, int upper, int lower)
{
    if (c->style == PALETTE) {
        upper = palette_of(upper);
        lower = lower == UNSET ? UNSET : palette_of(lower);
    }
    put_blanks(c);
    set_colour(c, &c->back, lower, 4);
    set_colour(c, &c->fore, upper, 3);
    fputs(BLOCK, c->out); /* also where a blank would do: terminals forget a line's last blanks */
}

static void put_image_line(struct canvas *c, const poison_set *set, const uint8_t *pixels, size_t y)
{
    for (size_t x = 0; x < c->width; x++) {
        int upper = grey_at(c, set, pixels, y, x), lower = grey_at(c, set, pixels, y + 1, x);
        (c->style == CHARACTERS ? put_character : put_block)(c, upper, lower);
    }
    if (c->fore != UNSET || c->back != UNSET)
        fputs("\033[0m", c->out);
    c->fore = c->back = UNSET;
    c->blanks += c->cell - c->width + BETWEEN;
}

static void put_caption(struct canvas *c, const struct tile *tile, int line)
{
    const char *text = tile->caption[line];
    int coloured = tile->marked && c->style != CHARACTERS;
    put_blanks(c);
    fprintf(c->out, "%s%s%s", coloured ? "\033[1;38;5;166m" : "", text, coloured ? "\033[0m" : "");
    c->blanks = c->cell - count_cells(text) + BETWEEN;
}

static void end_line(struct canvas *c)
{
    c->blanks = 0;
    putc('\n', c->out);
}

/* The images from `first` on that stand side by side. */
static void put_band(struct canvas *c, const struct gallery *s, size_t first, struct tile *tile)
{
    size_t count = size_min(s->count - first, c->across);
    memset(tile, 0, count * sizeof *tile);
    for (size_t k = 0; k < count; k++)
        fill_tile((void *)s, first + k, &tile[k]);
    for (size_t y = 0; y < c->height; y += 2) {
        for (size_t k = 0; k < count; k++)
            put_image_line(c, s->set, tile[k].pixels, y);
        end_line(c);
    }
    for (int line = 0; line < 1 + show_predicts(s->wishes); line++) {
        for (size_t k = 0; k < count; k++)
            put_caption(c, &tile[k], line);
        end_line(c);
    }
}

/* For the terminal: a heading, then bands of images with their captions. */
static int draw(const struct output *to, struct gallery *s, poison_error *err)
{
    FILE *out = to->out;
    struct canvas c = {.out = out, .style = find_style(to->fd),
                       .columns = measure_columns(to->fd), .fore = UNSET, .back = UNSET};
    char title[160];
    s->room = size_min(s->room, c.columns);
    lay_out(&c, s);
    struct tile *tile = poison_take(c.across, sizeof *tile);
    if (!tile)
        return poison_fail_memory(err, c.across, sizeof *tile, "a line of images");
    describe(s, title, sizeof title);
    fprintf(out, "# %s\n", title);
    for (size_t first = 0; first < s->count; first += c.across) {
        if (ferror(out) || poison_cancelled(s->settings))
            break;
        putc('\n', out);
        put_band(&c, s, first, tile);
    }
    free(tile);
    return poison_cancelled(s->settings) ? poison_fail_cancelled(err) : 0;
}

/* ---- all together ---------------------------------------------------------------------------- */

static int write_contact(const struct output *to, struct gallery *s, poison_error *err)
{
    const char *path = s->wishes->output;
    struct conversion c = {.out = to, .path = path, .format = convert_format_of(path),
                           .settings = s->settings};
    char title[160];
    describe(s, title, sizeof title);
    const struct contact contact = {.title = title, .count = s->count, .tile = fill_tile, .self = s,
                                    .height = s->set->height, .width = s->set->width,
                                    .most = c.format == CONVERT_SVG ? 0 : CONVERT_MOST,
                                    .settings = s->settings};
    int status = convert_open(&c, err);
    if (status == 0)
        status = contact_write(c.svg, &contact, err);
    return convert_close(&c, 1, status, err);
}

static int predict(struct gallery *s, poison_svm **svm, poison_error *err)
{
    size_t m = s->set->n;
    int status = 0;
    s->before = poison_take(m, sizeof *s->before);
    s->after = poison_take(m, sizeof *s->after);
    if (!s->before || !s->after)
        TRY(poison_fail_memory(err, m, 2 * sizeof *s->before, "the predictions"));
    TRY(poison_svm_new(svm, s->data, s->settings, err));
    TRY(poison_svm_train(*svm, s->data->train.y, err));
    TRY(poison_svm_predict(*svm, 0, s->before, err));
    TRY(poison_svm_train(*svm, s->labels, err));
    TRY(poison_svm_predict(*svm, 0, s->after, err));
done:
    return status;
}

/* Letters are measured in UTF-8, whatever the locale of the user. */
int show_run(const struct output *to, const struct show *w, const poison_data *data,
             const int *labels, const poison_settings *settings, poison_svm **svm,
             poison_error *err)
{
    struct gallery s = {.wishes = w, .data = data, .settings = settings, .set = set_of(w, data),
                        .labels = labels, .room = CONTACT_LETTERS};
    locale_t letters = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
    locale_t ours = letters ? uselocale(letters) : NULL;
    int status = 0;
    if (show_predicts(w))
        TRY(predict(&s, svm, err));
    TRY(choose(&s, err));
    TRY(is_contact(w->output) ? write_contact(to, &s, err) : draw(to, &s, err));
done:
    if (letters) {
        uselocale(ours);
        freelocale(letters);
    }
    free(s.before);
    free(s.after);
    free(s.row);
    return status;
}
