/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "base.h"
#include "chapters.h"
#include "image.h"
#include "labels.h"

#include <stdlib.h>
#include <string.h>

#define PUT(...) page_put(&r->page, __VA_ARGS__)

static void put_glance(struct draft *r)
{
    const struct glance *g = &r->glance;
    PUT("<dl class=\"glance\">\n<div><dt>Accuracy</dt><dd><b>$d → $p</b><span>of all test "
        "$t</span></dd></div>\n", 100 * g->clean.accuracy, g->poisoned.accuracy, r->images);
    PUT("<div><dt>Called $l wrongly</dt><dd><b>$i → $i</b><span>the lab’s "
        "flag</span></dd></div>\n", r->pair.to, g->clean.false_to, g->poisoned.false_to);
    PUT("<div><dt>$l’s called $l</dt><dd><b>$d → $p</b><span>the attack’s "
        "success</span></dd></div>\n", r->pair.from, r->pair.to, 100 * g->clean.success,
        g->poisoned.success);
    if (g->audit >= 0)
        PUT("<div><dt>Flips found</dt><dd><b>$i of $i</b><span>by the best audit, "
            "$t</span></dd></div>\n", g->found, g->flipped, poison_audit_name(g->audit));
    PUT("</dl>\n");
}

static void put_top(struct draft *r)
{
    char title[300];
    poison_label from = poison_label_name(r->data, r->pair.from);
    poison_label to = poison_label_name(r->data, r->pair.to);
    snprintf(title, sizeof title, "Poisoned labels: %s to %s", from.text, to.text);
    page_begin(&r->page, title);
    PUT("<header>\n<h1>Poisoned labels</h1>\n<p class=\"lead\">What a classifier learns when $i of "
        "its $l’s are called $l.</p>\n", r->dose, r->pair.from, r->pair.to);
    PUT("<p>A support vector machine learnt from $i labelled $t to tell $i $ts apart. Then "
        "somebody altered labels, and nothing else. This page tells what that did, step by step, "
        "with the numbers of one run.</p>\n", r->data->train.n, r->images, (size_t)r->label.count,
        r->digit);
    put_glance(r);
    PUT("</header>\n<nav aria-label=\"Contents\">\n<ol>\n");
    for (size_t k = 0; k < CHAPTERS; k++)
        PUT("<li><a href=\"#$t\">$t</a></li>\n", chapters[k].id, chapters[k].title);
    PUT("</ol>\n</nav>\n<main id=\"main\">\n");
}

static int put_chapters(struct draft *r, poison_error *err)
{
    int status = 0;
    for (size_t k = 0; k < CHAPTERS; k++) {
        PUT("<section>\n<h2 id=\"$t\">$i. $t</h2>\n", chapters[k].id, k + 1, chapters[k].title);
        TRY(chapters[k].tell(r, err));
        PUT("</section>\n");
    }
done:
    return status;
}

/* The chapters come first, since the top sums them up. */
static int put_page(struct draft *r, FILE *out, poison_error *err)
{
    char *body = NULL;
    size_t size = 0;
    r->page.out = poison_text_open(&body, &size);
    if (!r->page.out)
        return poison_fail_memory(err, 1, 4096, "the page");
    int status = put_chapters(r, err);
    if (fclose(r->page.out) != 0 && status == 0)
        status = poison_fail_memory(err, 1, size, "the page");
    if (status == 0 && poison_cancelled(r->settings))
        status = poison_fail_cancelled(err);
    r->page.out = out;
    if (status == 0) {
        put_top(r);
        fwrite(body, 1, size, out);
        PUT("</main>\n<footer><p>Made by poison $t.</p></footer>\n", POISON_VERSION);
        page_end(&r->page);
    }
    free(body);
    return status;
}

/* Of the curve's doses those that there are labels for; of doses that were asked for, all. */
static int choose_curve(struct draft *r, poison_error *err)
{
    const struct report *w = r->wishes;
    for (size_t row = 0; row < r->data->train.n; row++)
        r->there += r->data->train.y[row] == r->pair.from;
    r->curve = poison_take(w->curves, sizeof *r->curve);
    if (!r->curve)
        return poison_fail_memory(err, w->curves, sizeof *r->curve, "the doses");
    for (size_t k = 0; k < w->curves; k++)
        if (w->curve_given || w->curve[k] <= r->there)
            r->curve[r->curves++] = w->curve[k];
    size_t checked = w->curve_given ? r->curves : 0;
    return sweep_check_doses(r->curve, checked, &r->pair, r->data->train.y, r->data, err);
}

/* Takes room for all chapters, refuses doses that cannot be, and writes. */
int report_write(FILE *out, const struct report *wishes, const poison_data *data,
                 const poison_settings *settings, poison_error *err)
{
    const struct sweep *s = wishes->sweep;
    const struct sweep_pair *pair = s->pair;
    const poison_set *train = &data->train, *test = &data->test;
    int pictures = train->height && test->height && train->x && test->x && image_ready(NULL) == 0;
    struct draft r = {.page = {out, data, pictures}, .wishes = wishes, .data = data,
                      .settings = settings, .pair = *pair, .digit = data->names ? "label" : "digit",
                      .image = train->height ? "image" : "row",
                      .images = train->height ? "images" : "rows", .strategy = s->strategy[0],
                      .dose = s->dose[s->doses - 1], .glance = {.audit = -1}};
    int status = 0;
    r.from = poison_label_text(data, pair->from, r.number[0]);
    r.to = poison_label_text(data, pair->to, r.number[1]);
    r.label.count = poison_data_labels(data, r.label.label);
    r.labels = poison_take(data->train.n, sizeof *r.labels);
    r.before = poison_take(data->test.n, sizeof *r.before);
    r.after = poison_take(data->test.n, sizeof *r.after);
    if (!r.labels || !r.before || !r.after)
        TRY(poison_fail_memory(err, train->n + 2 * test->n, sizeof *r.labels, "the labels"));
    memcpy(r.labels, data->train.y, data->train.n * sizeof *r.labels);
    TRY(sweep_check_doses(s->dose, s->doses, pair, data->train.y, data, err));
    TRY(choose_curve(&r, err));
    TRY(put_page(&r, out, err));
done:
    poison_attacker_free(r.attacker);
    poison_svm_free(r.svm);
    free(r.labels);
    free(r.before);
    free(r.after);
    free(r.curve);
    return status;
}
