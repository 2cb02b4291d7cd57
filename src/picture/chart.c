/* SPDX-License-Identifier: MIT */
#include "chart.h"

#include "base.h"
#include "escape.h"
#include "markup.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define WIDTH 720.0  /* of a chart, in CSS pixels: a heat map of many columns is wider */
#define MARGIN 12.0
#define LETTER 7.3   /* the width of a letter: of a wide font, so that a narrower one leaves room */
#define SMALL 6.7    /* the same in ticks and labels */
#define LONGEST 38   /* letters that a label may have */

enum { HUES = 7, DASHES = 6, LEVELS = 20 };

/* ---- text ------------------------------------------------------------------------------------ */

/* Lines of text, broken between words; how many. out NULL: only counts. */
static size_t put_paragraph(FILE *out, const char *class, double y, double step, const char *text,
                            size_t letters)
{
    size_t lines = 0;
    for (; text && *text && lines < 8; lines++) {
        const char *end = markup_fit(text, letters), *space = end;
        while (*end && space > text && *space != ' ')
            space--;
        end = space > text ? space : end;
        if (out) {
            markup(out, "<text class='$r' x='$x' y='$x'>", class, MARGIN, y + step * (double)lines);
            escape_span(out, ESCAPE_XML, text, end);
            markup(out, "</text>\n");
        }
        text = end + strspn(end, " ");
    }
    return lines;
}

/* ---- style ----------------------------------------------------------------------------------- */

/* What all charts share; hues and ramps follow the light rules, and the dark ones in @media. */
static const char style[] =
#include "chart.css.inc"
;

static const uint32_t hues[2][HUES] = {
    {0x0072B2, 0xD55E00, 0x008F68, 0xB65C92, 0x1b1b1b, 0xB07500, 0x3D9BD4},
    {0x4FA8E0, 0xF0803C, 0x2FC197, 0xE39CC6, 0xF0F0F0, 0xE8B23A, 0xA5D8F7},
};

/* From 0 to the end of the scale; in light and in dark, upwards and downwards of 0. Lightness goes
 * one way all along. */
enum { STOPS = 5 };
static const uint32_t ramps[2][2][STOPS] = {
    {{0xF1F5FA, 0xA6CBE6, 0x4A92C8, 0x0F559E, 0x08264F},
     {0xFCF3EA, 0xF9BF8B, 0xDD7427, 0x9C4406, 0x521F00}},
    {{0x1C2733, 0x1F4E7D, 0x3683BB, 0x8BC0E6, 0xEFF7FD},
     {0x2C241C, 0x77441A, 0xC4732A, 0xEDB06F, 0xFDF1E0}},
};

static uint32_t ramp_colour(int dark, int down, size_t level)
{
    const uint32_t *stop = ramps[dark][down];
    double place = (double)level / LEVELS * (STOPS - 1), share = place - floor(place);
    size_t k = size_min((size_t)place, STOPS - 1);
    uint32_t colour = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        double a = stop[k] >> shift & 255, b = stop[k + (share > 0)] >> shift & 255;
        colour |= (uint32_t)lround(a + (b - a) * share) << shift;
    }
    return colour;
}

/*
 * Black or white: what has more contrast on the colour. WCAG 2 has relative luminance, of linear
 * light, and contrast, of the lighter and the darker one:
 *
 *      L = 0.2126 R + 0.7152 G + 0.0722 B          (L1 + 0.05) / (L2 + 0.05)
 *
 * Black and white have the same contrast on L = 0.179.
 */
static const char *ink_on(uint32_t colour)
{
    static const double weight[] = {0.0722, 0.7152, 0.2126};
    double luminance = 0;
    for (int k = 0; k < 3; k++)
        luminance += weight[k] * pow(((colour >> 8 * k & 255) / 255.0 + 0.055) / 1.055, 2.4);
    return luminance > 0.179 ? "#000" : "#fff";
}

static void put_colours(FILE *out, int dark, int cells)
{
    for (int h = 0; h < HUES; h++)
        fprintf(out, ".poison-chart .s%d{color:#%06x}\n", h, hues[dark][h]);
    for (int down = 0; down < 2 && cells; down++)
        for (size_t level = 0; level <= LEVELS; level++) {
            uint32_t colour = ramp_colour(dark, down, level);
            fprintf(out, ".poison-chart .%c%zu{fill:#%06x}.poison-chart text.%c%zu{fill:%s}\n",
                    "ub"[down], level, colour, "ub"[down], level, ink_on(colour));
        }
}

static void put_style(FILE *out, int cells)
{
    const char *dark = strstr(style, "@media"), *end = strrchr(dark, '}');
    markup_style(out, style, (size_t)(dark - style));
    put_colours(out, 0, cells);
    markup_style(out, dark, (size_t)(end - dark));
    put_colours(out, 1, cells);
    fputs(end, out);
}

void chart_style(FILE *out)
{
    put_style(out, 1);
}

/* ---- the frame: title, note, legend ---------------------------------------------------------- */

/* Closed paths about (0, 0), 9 wide; in the order of the hues. */
static const char *const shapes[HUES] = {
    "M-4.2 0a4.2 4.2 0 1 1 8.4 0a4.2 4.2 0 1 1-8.4 0z",
    "M-3.9-3.9h7.8v7.8h-7.8z",
    "M0-5l5 8.7h-10z",
    "M0-5.4l5.4 5.4-5.4 5.4-5.4-5.4z",
    "M-1.7-5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3z",
    "M0 5l-5-8.7h10z",
    ("M0-2.2l2.9-2.9 2.2 2.2-2.9 2.9 2.9 2.9-2.2 2.2-2.9-2.9-2.9 2.9-2.2-2.2 2.9-2.9-2.9-2.9 "
     "2.2-2.2z"),
};

/* The legend's height; none is needed for one key. out NULL: only measures. */
static double put_legend(FILE *out, double y, const char *name, const struct chart_key *key,
                         size_t keys)
{
    const double row = 18, sample = 36;
    size_t longest = 0, across;
    double left = MARGIN + (name ? LETTER * (double)markup_letters(name) + 14 : 0), wide;
    for (size_t k = 0; k < keys; k++)
        longest = size_max(longest, markup_letters(key[k].name));
    longest = size_min(longest, 2 * LONGEST);
    wide = sample + LETTER * (double)longest + 16;
    across = wide < WIDTH - left ? (size_t)((WIDTH - left) / wide) : 1;
    if (keys < 2)
        return 0;
    if (out && name)
        markup(out, "<text class='strong' x='$x' y='$x'>$t</text>\n", MARGIN, y + 4, name);
    for (size_t k = 0; k < keys && out; k++)
        markup(out,
               "<g class='s$i' transform='translate($x $x)'><path class='line d$i' d='M0 0h30'/>"
               "<path class='dot' transform='translate(15 0)' d='$r'/>"
               "<text x='$x' y='4'>$c</text></g>\n",
               key[k].hue % HUES, left + wide * (double)(k % across),
               y + row * (double)(k / across), key[k].dash % DASHES, shapes[key[k].hue % HUES],
               sample, key[k].name, longest);
    return row * (double)((keys + across - 1) / across);
}

static const char *id_of(const struct chart *chart)
{
    return chart->id ? chart->id : "chart";
}

/* What stands above and around a chart's body. */
struct frame {
    double width, body; /* of the chart; the height below title, note and legend */
    const char *keys_name;
    const struct chart_key *key; /* (keys) the legend's */
    size_t keys;
    int cells; /* it has cells, whose colours its style must have */
};

/* Begins the <svg>; y of what follows begins below title, note and legend. */
static void begin(FILE *out, const struct chart *chart, const struct frame *frame)
{
    const double width = frame->width, body = frame->body;
    size_t narrow = (size_t)((width - 2 * MARGIN) / LETTER);
    size_t wide = (size_t)((width - 2 * MARGIN)
                           / (LETTER * 16 / 12)); /* of the title's larger letters */
    size_t titles = put_paragraph(NULL, "", 0, 0, chart->title, wide);
    size_t notes = put_paragraph(NULL, "", 0, 0, chart->note, narrow);
    double legend = put_legend(NULL, 0, frame->keys_name, frame->key, frame->keys);
    double top = 8 + 21 * (double)titles, at = top + 17 * (double)notes;
    double head = at + (legend > 0 ? legend + 10 : 0) + 8;
    const char *id = id_of(chart);
    markup(out, "<svg xmlns='http://www.w3.org/2000/svg' class='poison-chart' id='$r-svg' ", id);
    markup(out, "viewBox='0 0 $x $x' width='$x' height='$x' role='img' ", width, head + body, width,
           head + body);
    markup(out, "aria-labelledby='$r-title $r-desc'>\n", id, id);
    markup(out, "<title id='$r-title'>$t</title>\n<desc id='$r-desc'>$t</desc>\n", id, chart->title,
           id, chart->note ? chart->note : "");
    markup(out, "<defs><pattern id='$r-na' width='6' height='6' patternUnits='userSpaceOnUse'>"
             "<path class='hatch' d='M0 6L6 0M-1 1L1-1M5 7L7 5'/></pattern></defs>\n", id);
    if (!chart->embedded) {
        markup(out, "<style>\n");
        put_style(out, frame->cells);
        markup(out, "</style>\n<rect class='paper' width='$x' height='$x'/>\n", width, head + body);
    }
    put_paragraph(out, "heading", 24, 21, chart->title, wide);
    put_paragraph(out, "note", top + 14, 17, chart->note, narrow);
    put_legend(out, at + 16, frame->keys_name, frame->key, frame->keys);
    markup(out, "<g transform='translate(0 $x)'>\n", head);
}

static void end(FILE *out)
{
    markup(out, "</g></svg>\n");
}

/* ---- axes ------------------------------------------------------------------------------------ */

struct axis {
    double lo, hi, step; /* step: between ticks, 1, 2 or 5 times a power of ten */
    double from, to;     /* where lo and hi are drawn */
    int log;
};

/* The least of 1, 2, 5 and 10 times a power of ten that is no smaller. */
static double round_up(double raw)
{
    double power = pow(10, floor(log10(raw)));
    if (raw <= power)
        return power;
    if (raw <= 2 * power)
        return 2 * power;
    return raw <= 5 * power ? 5 * power : 10 * power;
}

/* An axis with about `ticks` ticks; `snap`: it ends at ticks. */
static struct axis make_axis(double lo, double hi, double from, double to, double ticks, int snap)
{
    struct axis a = {.lo = lo, .hi = hi > lo ? hi : lo + fmax(fabs(lo), 1), .from = from, .to = to};
    a.step = round_up((a.hi - a.lo) / fmax(ticks, 1));
    if (snap) {
        a.lo = floor(a.lo / a.step + 1e-9) * a.step;
        a.hi = ceil(a.hi / a.step - 1e-9) * a.step;
    }
    return a;
}

static struct axis make_log_axis(double lo, double hi, double from, double to)
{
    return (struct axis){.lo = lo, .hi = hi > lo ? hi : 10 * lo, .from = from, .to = to, .log = 1};
}

static double place(const struct axis *a, double v)
{
    double share = a->log ? log(v / a->lo) / log(a->hi / a->lo) : (v - a->lo) / (a->hi - a->lo);
    return a->from + share * (a->to - a->from);
}

/* The k-th tick; 0 when there are no more. */
static int tick(const struct axis *a, int k, double *value)
{
    static const double ones[] = {1, 2, 5};
    if (!a->log) {
        *value = (ceil(a->lo / a->step - 1e-9) + k) * a->step;
        return *value <= a->hi + 1e-9 * a->step;
    }
    double room = fabs(a->to - a->from) / log10(a->hi / a->lo); /* pixels a power of ten */
    double first = floor(log10(a->lo));
    double letters = 2 + floor(log10(a->hi)); /* of the widest tick, and a gap */
    if (room * log10(2) > SMALL * letters)
        *value = pow(10, first + k / 3) * ones[k % 3];
    else
        *value = pow(10, first + k);
    return *value <= a->hi * (1 + 1e-9);
}

/* A line of the grid, and what its tick says. */
#define LINE_DOWN "<path class='grid' d='M$x $xV$x'/><text class='small middle' x='$x' y='$x'>"
#define LINE_ACROSS "<path class='grid' d='M$x $xH$x'/><text class='small end' x='$x' y='$x'>"

static void put_x_ticks(FILE *out, const struct axis *x, double top, double bottom, int share)
{
    double v;
    for (int k = 0; tick(x, k, &v); k++)
        if (v >= x->lo * (1 - 1e-9))
            markup(out, share ? LINE_DOWN "$s</text>\n" : LINE_DOWN "$v</text>\n", place(x, v), top,
                   bottom, place(x, v), bottom + 15, v);
}

static void put_axes(FILE *out, const struct axis *x, const struct axis *y, int share)
{
    double v;
    put_x_ticks(out, x, y->to, y->from, 0);
    for (int k = 0; tick(y, k, &v); k++)
        markup(out, share ? LINE_ACROSS "$s</text>\n" : LINE_ACROSS "$v</text>\n", x->from,
               place(y, v), x->to, x->from - 5, place(y, v) + 4, v);
    markup(out, "<path class='axis' d='M$x $xV$xH$x'/>\n", x->from, y->to, y->from, x->to);
}

static void put_x_name(FILE *out, const struct chart *chart, double left, double right, double y)
{
    if (chart->x)
        markup(out, "<text class='name middle' x='$x' y='$x'>$c</text>\n", (left + right) / 2, y,
               chart->x, (size_t)((right - left) / LETTER));
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void put_band(FILE *out, const struct chart_series *s, size_t hue, int faint,
                     const struct axis *x, const struct axis *y)
{
    for (size_t first = 0, last; first < s->points; first = last + 1) {
        const struct chart_point *p = s->point;
        for (last = first; last < s->points && !isnan(p[last].y + p[last].lo + p[last].hi); last++)
            ;
        if (last == first)
            continue;
        markup(out, faint ? "<path class='band faint s$i' d='" : "<path class='band s$i' d='", hue);
        for (size_t k = first; k < last; k++)
            markup(out, "$r$x $x", k == first ? "M" : "L", place(x, p[k].x), place(y, p[k].hi));
        for (size_t k = last; k-- > first;)
            markup(out, "L$x $x", place(x, p[k].x), place(y, p[k].lo));
        markup(out, "z'/>\n");
    }
}

static void put_line(FILE *out, const struct chart_series *s, const struct chart_key *key,
                     const struct axis *x, const struct axis *y)
{
    int pen = 0; /* on the paper */
    markup(out, "<path class='line s$i d$i' d='", key->hue % HUES, key->dash % DASHES);
    for (size_t k = 0; k < s->points; k++) {
        const struct chart_point *p = &s->point[k];
        if (!isnan(p->y))
            markup(out, "$r$x $x", pen ? "L" : "M", place(x, p->x), place(y, p->y));
        pen = !isnan(p->y);
    }
    markup(out, "$r'/>\n", s->points ? "" : "M0 0");
}

/* The points of a line as marks, smaller where they are close to each other. A mark's tooltip says
 * panel, key, x, y, the band's ends and the point's note. */
static void put_dots(FILE *out, const struct chart *chart, const struct chart_lines *lines,
                     const struct chart_panel *panel, const struct chart_series *s,
                     const struct axis *x, const struct axis *y)
{
    const struct chart_key *key = &lines->key[s->key];
    double scale, dots = 0;
    for (size_t k = 0; k < s->points; k++)
        dots += !s->point[k].quiet;
    scale = fmin(1, fmax(0.45, fabs(x->to - x->from) / dots / 14));
    for (size_t k = 0; k < s->points; k++) {
        const struct chart_point *p = &s->point[k];
        if (isnan(p->y) || p->quiet)
            continue;
        markup(out,
               "<path class='mark dot s$i' transform='translate($x $x) scale($x)' d='$r'>"
               "<title>$t$r$t$r$n $v: $n $v",
               key->hue % HUES, place(x, p->x), place(y, p->y), scale, shapes[key->hue % HUES],
               panel->name ? panel->name : "", panel->name ? ", " : "",
               lines->keys > 1 ? key->name : "", lines->keys > 1 ? ", " : "",
               chart->x ? chart->x : "x", p->x, chart->y ? chart->y : "y", p->y);
        if (!isnan(p->lo + p->hi))
            markup(out, " ($v to $v)", p->lo, p->hi);
        if (p->note)
            markup(out, ", $t", p->note);
        markup(out, "</title></path>\n");
    }
}

struct range {
    double x_lo, x_hi, y_lo, y_hi;
};

/* Widens a range to what the panel's points hold. */
static void widen(struct range *r, const struct chart_panel *panel)
{
    for (size_t s = 0; s < panel->count; s++)
        for (size_t k = 0; k < panel->series[s].points; k++) {
            const struct chart_point *p = &panel->series[s].point[k];
            r->x_lo = fmin(r->x_lo, p->x); /* fmin and fmax pass NAN over */
            r->x_hi = fmax(r->x_hi, p->x);
            r->y_lo = fmin(r->y_lo, fmin(p->y, p->lo));
            r->y_hi = fmax(r->y_hi, fmax(p->y, p->hi));
        }
}

/* How panels stand: few are large, many are small. */
static const struct panels {
    size_t most, across; /* for so many panels; so many side by side */
    double tall, ticks;  /* of each: pixels; ticks of y */
} arrangements[] = {{1, 1, 330, 6}, {4, 2, 240, 5}, {12, 3, 190, 5}, {SIZE_MAX, 5, 140, 3}};

static struct axis x_axis(const struct chart_lines *lines, const struct range *r, double from,
                          double to)
{
    if (lines->log_x)
        return make_log_axis(r->x_lo, r->x_hi, from, to);
    double lo = r->x_lo > 0 && r->x_lo < 0.4 * r->x_hi ? 0 : r->x_lo;
    return make_axis(lo, r->x_hi, from, to, (to - from) / 60, 0);
}

/*
 * From 0, unless values are negative; from the least one where each panel has an axis of its own.
 */
static struct axis y_axis(const struct chart_lines *lines, const struct range *r, double from,
                          double to, double ticks)
{
    double lo = 0, hi = isfinite(r->y_hi) ? r->y_hi : 1;
    if (isfinite(r->y_lo))
        lo = lines->own_y ? r->y_lo : fmin(r->y_lo, 0);
    return make_axis(lo, hi, from, to, ticks, 1);
}

static void put_panel(FILE *out, const struct chart *chart, const struct chart_lines *lines,
                      const struct chart_panel *p, const struct axis *x, const struct axis *y)
{
    put_axes(out, x, y, chart->share);
    if (p->name)
        markup(out, "<text class='strong' x='$x' y='$x'>$c</text>\n", x->from, y->to - 8, p->name,
               (size_t)((x->to - x->from) / LETTER));
    for (size_t s = 0; s < p->count; s++)
        put_band(out, &p->series[s], lines->key[p->series[s].key].hue % HUES, p->count > 4, x, y);
    for (size_t s = 0; s < p->count; s++)
        put_line(out, &p->series[s], &lines->key[p->series[s].key], x, y);
    for (size_t s = 0; s < p->count; s++)
        put_dots(out, chart, lines, p, &p->series[s], x, y);
}

/* Panels in rows, all on the same x axis; bands lie below lines, and lines below dots. */
void chart_lines(FILE *out, const struct chart *chart, const struct chart_lines *lines)
{
    const struct range nothing = {INFINITY, -INFINITY, INFINITY, -INFINITY};
    const struct panels *how = arrangements;
    struct range all = nothing;
    while (lines->panels > how->most)
        how++;
    size_t down = (lines->panels + how->across - 1) / how->across;
    double above = chart->y ? 22 : 0, wide = (WIDTH - 2 * MARGIN) / (double)how->across;
    double body = above + how->tall * (double)down;
    for (size_t k = 0; k < lines->panels; k++)
        widen(&all, &lines->panel[k]);
    begin(out, chart,
          &(struct frame){WIDTH, body + (chart->x ? 28 : 6), lines->keys_name, lines->key,
                          lines->keys, 0});
    for (size_t k = 0; k < lines->panels; k++) {
        const struct chart_panel *p = &lines->panel[k];
        double left = MARGIN + wide * (double)(k % how->across) + 44;
        double top = above + how->tall * (double)(k / how->across) + (p->name ? 22 : 6);
        double bottom = above + how->tall * (double)(k / how->across + 1) - 24;
        struct range own = nothing;
        widen(&own, p);
        struct axis y = y_axis(lines, lines->own_y ? &own : &all, bottom, top, how->ticks);
        struct axis x = x_axis(lines, &all, left, left + (wide - 56));
        put_panel(out, chart, lines, p, &x, &y);
    }
    if (chart->y)
        markup(out, "<text class='name' x='$x' y='12'>$c</text>\n", MARGIN, chart->y,
               (size_t)((WIDTH - 2 * MARGIN) / LETTER));
    put_x_name(out, chart, MARGIN + 44, WIDTH - MARGIN, body + 18);
    end(out);
}

/* ---- heat maps ------------------------------------------------------------------------------- */

/* What all maps of a chart have in common. */
struct heat {
    const struct chart *chart;
    const struct chart_heat *what;
    size_t across, letters[2];    /* maps side by side; letters of row and column labels */
    double left, head, wide, tall; /* of a map: room for labels; of a cell */
    int upright;                  /* column labels */
    double lo, hi;                /* of the scale */
    /* how values are written; cells: 0 not at all, 1 small, 2 as labels */
    int decimals, percent, cells;
};

static size_t level_of(const struct heat *heat, double v, int *down)
{
    double share = heat->what->diverging ? v / heat->hi : (v - heat->lo) / (heat->hi - heat->lo);
    *down = share < 0;
    share = fmin(fabs(share), 1);
    return (size_t)lround(LEVELS * (heat->what->root ? sqrt(share) : share));
}

static char *spell_cell(const struct heat *heat, char text[44], double v)
{
    int sign = heat->what->diverging && v > 0;
    markup_number(text + sign, heat->chart->share ? 100 * v : v, heat->decimals,
                  heat->chart->share);
    text[0] = sign ? '+' : text[0];
    return heat->percent ? strcat(text, " %") : text;
}

/* The fullest way to write the values that fits all cells. */
static void choose_format(struct heat *heat)
{
    static const struct {
        int decimals, percent, cells;
    } way[] = {{1, 1, 2}, {1, 0, 2}, {0, 0, 2}, {0, 0, 1}, {0, 0, 0}};
    const struct chart_heat *h = heat->what;
    for (size_t w = 0; w < sizeof way / sizeof *way; w++) {
        double widest = 0, letter = way[w].cells == 2 ? SMALL : 5.6;
        char text[44];
        heat->decimals = way[w].decimals, heat->cells = way[w].cells;
        heat->percent = way[w].percent && heat->chart->share;
        for (size_t m = 0; m < h->maps && heat->cells; m++)
            for (size_t k = 0; k < h->rows * h->columns && widest <= heat->wide - 3; k++)
                if (isfinite(h->map[m].value[k])) {
                    size_t letters = strlen(spell_cell(heat, text, h->map[m].value[k]));
                    widest = fmax(widest, letter * (double)letters);
                }
        if (widest <= heat->wide - 3)
            return;
    }
}

static void find_scale(struct heat *heat)
{
    const struct chart_heat *h = heat->what;
    double lo = INFINITY, hi = -INFINITY;
    for (size_t m = 0; m < h->maps; m++)
        for (size_t k = 0; k < h->rows * h->columns; k++)
            if (isfinite(h->map[m].value[k])) {
                double v = h->diverging ? fabs(h->map[m].value[k]) : h->map[m].value[k];
                lo = fmin(lo, v);
                hi = fmax(hi, v);
            }
    heat->lo = h->from_least && isfinite(lo) ? lo : 0;
    heat->hi = isfinite(hi) ? hi : 1;
    if (h->most > 0)
        heat->hi = h->most;
    heat->hi = heat->hi > heat->lo ? heat->hi : heat->lo + 1;
}

static void lay_out(struct heat *heat)
{
    const struct chart_heat *h = heat->what;
    double room;
    heat->letters[0] = markup_longest(h->row, h->rows, LONGEST);
    if (heat->chart->y && markup_longest(&heat->chart->y, 1, LONGEST) > heat->letters[0])
        heat->letters[0] = markup_longest(&heat->chart->y, 1, LONGEST);
    heat->letters[1] = markup_longest(h->column, h->columns, LONGEST);
    heat->across = h->maps > 1 && h->columns <= 14 ? 2 : 1;
    heat->left = MARGIN + SMALL * (double)heat->letters[0] + 8;
    room = SMALL * (double)heat->letters[1] + 8;
    heat->wide = ((WIDTH - MARGIN) / (double)heat->across - heat->left) / (double)h->columns;
    heat->wide = fmax(14, fmin(heat->wide, fmax(58, fmin(room, 150))));
    heat->tall = fmax(14, fmin(heat->wide, 32));
    heat->upright = room > heat->wide;
    heat->head = (h->map->name ? 22 : 0) + (heat->chart->x ? 20 : 0) + (heat->upright ? room : 20);
}

/* The cell whose upper left corner is (x, y), and its value as text where there is room. NA is
 * hatched, CHART_NONE is nothing at all. */
static void put_cell(FILE *out, const struct heat *heat, const struct chart_map *map, size_t row,
                     size_t column, double x, double y)
{
    const struct chart_heat *h = heat->what;
    double v = map->value[row * h->columns + column];
    char text[44], class[16];
    int down = 0;
    if (v == CHART_NONE)
        return;
    size_t level = isnan(v) ? 0 : level_of(heat, v, &down);
    snprintf(class, sizeof class, "%c%zu", "ub"[down], level);
    if (isnan(v))
        markup(out,
               "<rect class='mark na' fill='url(#$r-na)' x='$x' y='$x' width='$x' height='$x'>",
               id_of(heat->chart), x + 0.5, y + 0.5, heat->wide - 1, heat->tall - 1);
    else
        markup(out, "<rect class='mark $r' x='$x' y='$x' width='$x' height='$x'>", class, x + 0.5,
               y + 0.5, heat->wide - 1, heat->tall - 1);
    markup(out, "<title>$t$r$n $t, $n $t: $n ", map->name ? map->name : "", map->name ? ", " : "",
           heat->chart->y ? heat->chart->y : "row", h->row[row],
           heat->chart->x ? heat->chart->x : "column", h->column[column], h->key);
    markup(out, isnan(v) ? "NA</title></rect>\n" : "$v</title></rect>\n", v);
    if (heat->cells && !isnan(v))
        markup(out, "<text class='cell middle $r $r' x='$x' y='$x'>$r</text>\n",
               heat->cells == 2 ? "small" : "tiny", class, x + heat->wide / 2,
               y + heat->tall / 2 + (heat->cells == 2 ? 4 : 3), spell_cell(heat, text, v));
}

/* A frame in the cell of this number, `inset` pixels from its edge. */
static void put_frame(FILE *out, const struct heat *heat, const char *class, size_t cell, double x,
                      double y, double inset)
{
    size_t row = cell / heat->what->columns, column = cell % heat->what->columns;
    markup(out, "<rect class='$r' x='$x' y='$x' width='$x' height='$x'/>\n", class,
           x + heat->wide * (double)column + 1 + inset, y + heat->tall * (double)row + 1 + inset,
           heat->wide - 2 - 2 * inset, heat->tall - 2 - 2 * inset);
}

/* Names of the columns above a map whose cells begin at (x, y), upright where they have no room. */
static void put_columns(FILE *out, const struct heat *heat, double x, double y)
{
    const struct chart_heat *h = heat->what;
    for (size_t c = 0; c < h->columns; c++) {
        double middle = x + heat->wide * ((double)c + 0.5);
        if (heat->upright)
            markup(out, "<text class='small' transform='translate($x $x) rotate(-90)'>$c</text>\n",
                   middle + 4, y - 5, h->column[c], heat->letters[1]);
        else
            markup(out, "<text class='small middle' x='$x' y='$x'>$c</text>\n", middle, y - 6,
                   h->column[c], heat->letters[1]);
    }
}

/* One map whose cells begin at (x, y). */
static void put_map(FILE *out, const struct heat *heat, const struct chart_map *map, double x,
                    double y)
{
    const struct chart_heat *h = heat->what;
    double width = heat->wide * (double)h->columns, above = 24;
    if (heat->upright)
        above = heat->head - (map->name ? 36 : 14);
    if (map->name)
        markup(out, "<text class='strong' x='$x' y='$x'>$c</text>\n", x, y - heat->head + 14,
               map->name, (size_t)(width / LETTER) + 4);
    put_x_name(out, heat->chart, x, x + fmax(width, 80), y - above);
    if (heat->chart->y)
        markup(out, "<text class='name small end' x='$x' y='$x'>$c</text>\n", x - 6, y - 6,
               heat->chart->y, heat->letters[0]);
    put_columns(out, heat, x, y);
    for (size_t r = 0; r < h->rows; r++) {
        markup(out, "<text class='small end' x='$x' y='$x'>$c</text>\n", x - 6,
               y + heat->tall * ((double)r + 0.5) + 4, h->row[r], heat->letters[0]);
        for (size_t c = 0; c < h->columns; c++)
            put_cell(out, heat, map, r, c, x + heat->wide * (double)c, y + heat->tall * (double)r);
    }
    for (size_t k = 0; k < h->rows * h->columns && h->diagonal; k++)
        if (strcmp(h->row[k / h->columns], h->column[k % h->columns]) == 0)
            put_frame(out, heat, "outline", k, x, y, 0);
    for (int k = 0; k < 2 && h->best && map == h->map; k++) /* to be seen on every shade */
        put_frame(out, heat, k ? "inner" : "best", h->best - 1, x, y, 3 * k);
}

static int has_gap(const struct chart_heat *h)
{
    for (size_t m = 0; m < h->maps; m++)
        for (size_t k = 0; k < h->rows * h->columns; k++)
            if (isnan(h->map[m].value[k]))
                return 1;
    return 0;
}

#define TICK "<path class='axis' d='M$x $xv4'/><text class='small middle' x='$x' y='$x'>"

/* What a value is, and the scale below it, in small steps. */
static void put_scale(FILE *out, const struct heat *heat, double y)
{
    const struct chart_heat *h = heat->what;
    const double width = 240, step = width / (3 * LEVELS);
    double from = h->diverging ? -heat->hi : heat->lo, v;
    struct axis x = make_axis(from, heat->hi, heat->left, heat->left + width, 5, 0);
    markup(out, "<text class='name' x='$x' y='$x'>$c</text>\n", x.from, y + 8, h->key,
        (size_t)((WIDTH - MARGIN - x.from) / LETTER));
    for (int k = 0; k < 3 * LEVELS; k++) {
        int down;
        size_t level = level_of(heat, from + (heat->hi - from) * (k + 0.5) / (3 * LEVELS), &down);
        markup(out, "<rect class='crisp $r$i' x='$x' y='$x' width='$x' height='12'/>\n",
               down ? "b" : "u", level, x.from + step * k, y + 15, step);
    }
    for (int k = 0; tick(&x, k, &v); k++)
        markup(out, heat->chart->share ? TICK "$s</text>\n" : TICK "$v</text>\n",
            place(&x, v), y + 27, place(&x, v), y + 43, v);
    if (has_gap(h))
        markup(out,
               "<rect fill='url(#$r-na)' x='$x' y='$x' width='24' height='12'/><text x='$x' "
               "y='$x'>NA</text>\n",
               id_of(heat->chart), x.to + 30, y + 15, x.to + 60, y + 25);
}

void chart_heat(FILE *out, const struct chart *chart, const struct chart_heat *what)
{
    struct heat heat = {.chart = chart, .what = what};
    lay_out(&heat);
    find_scale(&heat);
    choose_format(&heat);
    size_t across = heat.across, down = (what->maps + across - 1) / across;
    double wide = heat.left + heat.wide * (double)what->columns,
           tall = heat.head + heat.tall * (double)what->rows + 14;
    begin(out, chart, &(struct frame){.width = fmax(WIDTH, wide * (double)across + MARGIN),
                                      .body = tall * (double)down + 62, .cells = 1});
    for (size_t m = 0; m < what->maps; m++)
        put_map(out, &heat, &what->map[m], heat.left + wide * (double)(m % across),
                heat.head + tall * (double)(m / across));
    put_scale(out, &heat, tall * (double)down + 4);
    end(out);
}

/* ---- ranges ---------------------------------------------------------------------------------- */

/* A dot with whiskers, or an arrow where the upper end is unknown; y: the middle. */
static void put_range(FILE *out, const struct chart *chart, const struct chart_ranges *ranges,
                      size_t row, size_t k, const struct axis *x, double y)
{
    const struct chart_range *r = &ranges->range[row * ranges->keys + k];
    const struct chart_key *key = &ranges->key[k];
    if (isnan(r->value) && isnan(r->lo))
        return;
    markup(out, "<g class='mark s$i'><title>$t$r$t: ", key->hue % HUES, ranges->row[row],
           ranges->keys > 1 ? ", " : "", ranges->keys > 1 ? key->name : "");
    markup(out, isnan(r->value) ? "$n NA" : "$n $v", chart->x ? chart->x : "value", r->value);
    if (!isnan(r->lo))
        markup(out, isnan(r->hi) ? " ($v to NA)" : " ($v to $v)", r->lo, r->hi);
    markup(out, "</title>");
    if (!isnan(r->lo) && isnan(r->hi)) /* beyond what was tried */
        markup(out, "<path class='whisker' d='M$x $xv7m0-3.5H$xm-6-4l6 4l-6 4'/>", place(x, r->lo),
               y - 3.5, x->to + 8);
    else if (!isnan(r->lo))
        markup(out, "<path class='whisker' d='M$x $xv7m0-3.5H$xm0-3.5v7'/>", place(x, r->lo),
               y - 3.5, place(x, r->hi));
    if (!isnan(r->value))
        markup(out, "<path class='dot' transform='translate($x $x)' d='$r'/>", place(x, r->value),
               y, shapes[key->hue % HUES]);
    markup(out, "</g>\n");
}

/* "ED50, ED90: NA", if there is any. */
static void put_missing(FILE *out, const struct chart_ranges *ranges, size_t row, double x,
                        double y)
{
    const char *before = "";
    for (size_t k = 0; k < ranges->keys; k++)
        if (isnan(ranges->range[row * ranges->keys + k].value)) {
            if (!*before)
                markup(out, "<text class='small na' x='$x' y='$x'>", x, y);
            markup(out, "$r$t", before, ranges->key[k].name);
            before = ", ";
        }
    if (*before)
        markup(out, ": NA</text>\n");
}

/* Rows down, each with a dot for each key; what is NA is named at the right end. */
void chart_ranges(FILE *out, const struct chart *chart, const struct chart_ranges *ranges)
{
    size_t letters = markup_longest(ranges->row, ranges->rows, LONGEST), missing = 0;
    double hi = 0, row = 13 * (double)ranges->keys + 11, body = row * (double)ranges->rows + 10;
    for (size_t k = 0; k < ranges->rows * ranges->keys; k++) {
        const struct chart_range *r = &ranges->range[k];
        hi = fmax(hi, fmax(r->value, fmax(r->lo, r->hi)));
        missing |= isnan(r->value);
    }
    for (size_t k = 0; k < ranges->keys && missing; k++)
        missing += markup_letters(ranges->key[k].name) + 2;
    double left = MARGIN + SMALL * (double)letters + 12;
    struct axis x = make_axis(0, hi, left,
                              WIDTH - MARGIN - 16 - SMALL * (double)(missing ? missing + 4 : 0), 6,
                              1);
    begin(out, chart,
          &(struct frame){WIDTH, body + (chart->x ? 42 : 22), NULL, ranges->key, ranges->keys, 0});
    put_x_ticks(out, &x, 0, body, chart->share);
    markup(out, "<path class='axis' d='M$x 0V$xH$x'/>\n", x.from, body, x.to);
    for (size_t r = 0; r < ranges->rows; r++) {
        double top = 5 + row * (double)r;
        markup(out, "<text class='small end' x='$x' y='$x'>$c</text>\n", left - 8,
               top + row / 2 + 4, ranges->row[r], letters);
        if (r > 0)
            markup(out, "<path class='grid' d='M$x $xH$x'/>\n", MARGIN, top, WIDTH - MARGIN);
        for (size_t k = 0; k < ranges->keys; k++)
            put_range(out, chart, ranges, r, k, &x, top + 12 + 13 * (double)k);
        put_missing(out, ranges, r, x.to + 20, top + row / 2 + 4);
    }
    put_x_name(out, chart, x.from, x.to, body + 34);
    end(out);
}

/* ---- bars ------------------------------------------------------------------------------------ */

static void put_bar(FILE *out, const struct chart *chart, const struct chart_bars *bars, size_t row,
                    size_t column, const struct axis *x, double y)
{
    double v = bars->value[row * bars->columns + column];
    char number[40];
    if (isnan(v)) {
        markup(out, "<text class='small na' x='$x' y='$x'>NA</text>\n", x->from + 4, y + 12);
        return;
    }
    markup(out,
           "<rect class='mark bar s$i' x='$x' y='$x' width='$x' height='14'><title>$t, $t "
           "$v</title></rect>\n",
           (size_t)0, x->from, y, place(x, v) - x->from, bars->row[row], bars->column[column], v);
    markup(out, "<text class='small' x='$x' y='$x'>$r$r</text>\n", place(x, v) + 3, y + 11,
           markup_number(number, chart->share ? 100 * v : v, chart->share ? 1 : 3, chart->share),
           chart->share ? " %" : "");
}

/* Up to four panels side by side, the rows named before the first one. */
void chart_bars(FILE *out, const struct chart *chart, const struct chart_bars *bars)
{
    size_t letters = markup_longest(bars->row, bars->rows, LONGEST),
           across = size_min(bars->columns, 4);
    size_t down = (bars->columns + across - 1) / across;
    double left = MARGIN + SMALL * (double)letters + 10,
           wide = (WIDTH - left - MARGIN) / (double)across, most = bars->most;
    double tall = 22 * (double)bars->rows + 56;
    for (size_t k = 0; k < bars->rows * bars->columns && bars->most <= 0; k++)
        most = fmax(most, bars->value[k]);
    begin(out, chart,
          &(struct frame){.width = WIDTH, .body = tall * (double)down + (chart->x ? 20 : 0)});
    for (size_t c = 0; c < bars->columns; c++) {
        double at = left + wide * (double)(c % across), top = tall * (double)(c / across) + 24,
               bottom = top + tall - 52;
        struct axis x = make_axis(0, most, at, at + wide - 50, across > 2 ? 2 : 5, 1);
        markup(out, "<text class='strong' x='$x' y='$x'>$c</text>\n", at, top - 8, bars->column[c],
            (size_t)((wide - 8) / LETTER));
        put_x_ticks(out, &x, top, bottom, chart->share);
        for (size_t r = 0; r < bars->rows; r++) {
            double y = top + 4 + 22 * (double)r;
            put_bar(out, chart, bars, r, c, &x, y);
            if (c % across == 0)
                markup(out, "<text class='small end' x='$x' y='$x'>$c</text>\n", left - 8, y + 11,
                       bars->row[r], letters);
        }
        markup(out, "<path class='axis' d='M$x $xV$x'/>\n", x.from, top, bottom);
    }
    put_x_name(out, chart, left, WIDTH - MARGIN, tall * (double)down + 10);
    end(out);
}
