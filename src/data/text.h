/* SPDX-License-Identifier: MIT */
/*
 * text - rows of features in LIBSVM's sparse text, CSV and TSV; poison_data_load in poison.h says
 * what each may look like
 *
 * A text is taken whole, then laid out (format, header, where each row begins), then the rows that
 * are wanted are parsed, in parallel: to bytes, and if a value is none, again to doubles.
 */
#ifndef POISON_TEXT_H
#define POISON_TEXT_H

#include "labels.h"
#include "input.h"

struct text {
    const char *name; /* for messages */
    char *bytes;      /* (length + 1), a newline at the end */
    size_t length;
    int libsvm;
    char separator;     /* of fields; LIBSVM: of nothing */
    const char *header; /* the line of names, or NULL */
    /* CSV: fields of a row, and which one is the label (LIBSVM: 0); -1: none is */
    int columns, label;
    int numbered;       /* CSV: the first field has no name, and numbers the rows */
    int guessed;        /* CSV: nothing says that the first field is the label */
    int *place;         /* NULL, or (columns) which feature a field is; -1: none */
    int d, base;        /* features; LIBSVM: the index of the first, 0 or 1 */
    int comments;       /* LIBSVM: there are some */
    size_t rows, *row;  /* (rows) where each begins in bytes */
    struct budget budget; /* of text and rows together */
    char note[400];       /* empty, or what whoever owns the file ought to know of its columns */
};

/* What a text is to look like. */
struct text_wish {
    int format;
    const char *label; /* as in poison_source */
    /* 0, or rows that have exactly so many fields have no label, unless something says which */
    int features;
    /* (names) what the features are called elsewhere, and where; 0: nobody says */
    char **name;
    int names;
    const char *whose;
    const char *keep, *drop; /* of the columns, between commas; or NULL */
};

/* Fills a text with all that is left of a stream, and finds its columns: where both sides name
 * them, by name, whatever their order. text_close frees, always. */
int text_take(struct text *t, struct input *s, struct budget budget, poison_error *err);
int text_layout(struct text *t, const struct text_wish *wish, poison_error *err);
void text_close(struct text *t);

/* What the features are called, (*names) in one block to free(); none where there is no header. */
int text_names(const struct text *t, char ***name, int *names, poison_error *err);

/* The first head->n and the last tail->n rows. y become numbers of *book's texts, or stay NULL
 * where there are no labels. POISON_EDATA with the first line that is wrong, POISON_ENOMEM if it
 * takes more than its budget with the text. Freed by set_free and book_free, always. */
int text_parse(struct text *t, poison_set *head, poison_set *tail, struct book **book,
               poison_error *err);

/* Who is told what is wrong, until that returns not 0, and how often it was. */
struct problems {
    int (*found)(void *self, size_t line, const char *sentence);
    void *self;
    size_t count;
};

/* Tells of each line that is wrong, and adds the labels to *book. */
int text_check(struct text *t, struct book *book, struct problems *problems, poison_error *err);

#endif
