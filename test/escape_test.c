/* SPDX-License-Identifier: MIT */
/* Hostile characters in every dialect: byte by byte, and what must hold of all characters. */
#include "unit.h"

#include "escape.h"

#include <stdlib.h>

#define E_ACUTE "\xC3\xA9"
#define NEL "\xC2\x85"      /* U+0085, a control character beyond ASCII */
#define MARK "\xE2\x80\x8E" /* U+200E, a mark of direction */
#define TURN "\xE2\x80\xAE" /* U+202E, from here on right to left */
#define NONE "\xEF\xBF\xBF" /* U+FFFF, no character */
#define HALF "\xE2\x80"     /* of a character */
#define LOST "\xEF\xBF\xBD" /* U+FFFD */
#define FACE "\xF0\x9F\x98\x80" /* U+1F600, four bytes: the longest */

/* Free it. */
static char *written(void (*write)(FILE *out, enum dialect dialect, const char *text),
                     enum dialect dialect, const char *text)
{
    char *written = NULL;
    size_t size;
    FILE *out = open_memstream(&written, &size);
    assert_non_null(out);
    write(out, dialect, text);
    assert_int_equal(fclose(out), 0);
    return written;
}

static void expect(void (*write)(FILE *out, enum dialect dialect, const char *text),
                   enum dialect dialect, const char *text, const char *expected)
{
    char *got = written(write, dialect, text);
    if (strcmp(got, expected) != 0)
        print_error("dialect %d, text %s\n", dialect, text);
    assert_string_equal(got, expected);
    free(got);
}

/* ---- characters ------------------------------------------------------------------------------ */

/* TERMINAL, LABEL, ASCII, JSON, XML, ROFF, SHELL, VALUE, NAME, CELL */
static const struct {
    const char *text, *in[DIALECTS];
} hostile[] = {
    {"\n", {"\\n", "\\n", "\\n", "\\n", "\\x0a", "\n", "\n", "\\n", "\\x0a", "\\n"}},
    {"\t", {"\\t", "\\t", "\\t", "\\t", "\\x09", " ", "\t", "\\t", "\\x09", "\\t"}},
    {"\r", {"\\x0d", "\\x0d", "\\x0d", "\\u000d", "\\x0d", "\r", "\r", "\\x0d", "\\x0d", "\\x0d"}},
    {"\x1B",
     {"\\x1b", "\\x1b", "\\x1b", "\\u001b", "\\x1b", "\x1B", "\x1B", "\\x1b", "\\x1b", "\\x1b"}},
    {"\x7F",
     {"\\x7f", "\\x7f", "\\x7f", "\\u007f", "\\x7f", "\x7F", "\x7F", "\\x7f", "\\x7f", "\\x7f"}},
    {"\"", {"\"", "\"\"", "\"", "\\\"", "&quot;", "\\(dq", "\"", "\\\"", "\"", "\""}},
    {"'", {"'", "'", "'", "'", "&#39;", "\\(aq", "'\\''", "'", "'", "'"}},
    {"\\", {"\\", "\\", "\\", "\\\\", "\\", "\\e", "\\", "\\\\", "\\\\", "\\"}},
    {"&", {"&", "&", "&", "&", "&amp;", "&", "&", "&", "&", "&"}},
    {"<", {"<", "<", "<", "<", "&lt;", "<", "<", "<", "<", "<"}},
    {">", {">", ">", ">", ">", "&gt;", ">", ">", ">", ">", ">"}},
    {"-", {"-", "-", "-", "-", "-", "\\-", "-", "-", "-", "-"}},
    {"`^~", {"`^~", "`^~", "`^~", "`^~", "`^~", "\\(ga\\(ha\\(ti", "`^~", "`^~", "`^~", "`^~"}},
    {".", {".", ".", ".", ".", ".", "\\&.", ".", ".", ".", "."}},
    {E_ACUTE,
     {E_ACUTE, E_ACUTE, "\\xc3\\xa9", E_ACUTE, E_ACUTE, E_ACUTE, E_ACUTE, E_ACUTE, E_ACUTE,
      E_ACUTE}},
    {NEL,
     {"\\xc2\\x85", "\\xc2\\x85", "\\xc2\\x85", "\\u0085", "\\x85", NEL, NEL, NEL, NEL,
      "\\xc2\\x85"}},
    {MARK, {MARK, MARK, "\\xe2\\x80\\x8e", MARK, "\\u200e", MARK, MARK, MARK, MARK, MARK}},
    {TURN,
     {"\\xe2\\x80\\xae", "\\xe2\\x80\\xae", "\\xe2\\x80\\xae", "\\u202e", "\\u202e", TURN, TURN,
      TURN, TURN, "\\xe2\\x80\\xae"}},
    {FACE, {FACE, FACE, "\\xf0\\x9f\\x98\\x80", FACE, FACE, FACE, FACE, FACE, FACE, FACE}},
    {NONE, {NONE, NONE, "\\xef\\xbf\\xbf", NONE, LOST LOST LOST, NONE, NONE, NONE, NONE, NONE}},
    {"\x9B", {"\\x9b", "\\x9b", "\\x9b", "\\ufffd", LOST, "\x9B", "\x9B", "\x9B", "\x9B", "\\x9b"}},
    {"\xE9", {"\xE9", "\xE9", "\\xe9", "\\ufffd", LOST, "\xE9", "\xE9", "\xE9", "\xE9", "\xE9"}},
    {HALF,
     {"\xE2\\x80", "\xE2\\x80", "\\xe2\\x80", "\\ufffd\\ufffd", LOST LOST, HALF, HALF, HALF,
      HALF, "\xE2\\x80"}},
    {"", {"", "", "", "", "", "", "", "", "", ""}},
};
static const char *const newline[DIALECTS] = {"\\n", "\\n", "\\n", "\\n", "\\x0a",
                                              "\n", "\n", "\\n", "\\x0a", "\\n"};

/* Also between other characters, and twice. */
static void hostile_characters_in_every_dialect(void **state)
{
    char text[64], expected[128];
    (void)state;
    for (size_t k = 0; k < sizeof hostile / sizeof *hostile; k++)
        for (enum dialect d = 0; d < DIALECTS; d++) {
            const char *is = hostile[k].text, *becomes = hostile[k].in[d];
            expect(escape, d, is, becomes);
            snprintf(text, sizeof text, "a%sb\n%sz", is, is);
            const char *within = strcmp(becomes, "\\&.") == 0 ? "." : becomes;
            snprintf(expected, sizeof expected, "a%sb%s%sz", within, newline[d], becomes);
            expect(escape, d, text, expected);
        }
}

/* Bytes that a terminal obeys are never printed where text is for eyes. */
static void nothing_is_obeyed(void **state)
{
    static const enum dialect seen[] = {ESCAPE_TERMINAL, ESCAPE_LABEL, ESCAPE_ASCII, ESCAPE_JSON,
                                        ESCAPE_XML, ESCAPE_CELL};
    char text[4] = "";
    (void)state;
    for (size_t k = 0; k < sizeof seen / sizeof *seen; k++)
        for (int a = 1; a < 256; a++)
            for (int b = 1; b < 256; b++) {
                uint32_t code;
                text[0] = (char)a;
                text[1] = (char)b;
                char *got = written(escape, seen[k], text);
                for (const char *at = got; *at;) {
                    int bytes = utf8_decode(at, &code);
                    code = bytes ? code : (unsigned char)*at;
                    assert_true(code >= 0x20 && (code < 0x7F || code > 0x9F));
                    at += bytes ? bytes : 1;
                }
                if (seen[k] == ESCAPE_CELL)
                    assert_true(escape_prints(text, got));
                free(got);
            }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Different texts are different cells: of up to five of the characters that could be mistaken. */
static void cells_are_not_mistaken(void **state)
{
    static const char of[] = {0, '\\', 'n', 't', 'x', '0', '9', '\n', '\t', 'a'};
    enum { CHARACTERS = sizeof of, TEXTS = 11111 };
    char **cell = calloc(TEXTS, sizeof *cell);
    int count = 0;
    (void)state;
    assert_non_null(cell);
    for (int code = 1; code < 10000; code++) {
        char text[6] = "";
        int length = 0;
        for (int rest = code; rest; rest /= CHARACTERS)
            text[length++] = of[rest % CHARACTERS];
        if ((int)strlen(text) == length)
            cell[count++] = written(escape, ESCAPE_CELL, text);
    }
    qsort(cell, (size_t)count, sizeof *cell, by_text);
    for (int k = 1; k < count; k++)
        assert_string_not_equal(cell[k], cell[k - 1]);
    for (int k = 0; k < count; k++)
        free(cell[k]);
    free(cell);
}

/* ---- quotes ---------------------------------------------------------------------------------- */

/* Only what could be mistaken stands in quotes, for each dialect by its own rule. */
static void quotes_where_they_are_needed(void **state)
{
    (void)state;
    expect(escape_quoted, ESCAPE_LABEL, "new\\york", "new\\york");
    expect(escape_quoted, ESCAPE_LABEL, "new york", "\"new york\"");
    expect(escape_quoted, ESCAPE_LABEL, "a:\"b\"", "\"a:\"\"b\"\"\"");
    expect(escape_quoted, ESCAPE_LABEL, "a\tb", "a\\tb");
    expect(escape_quoted, ESCAPE_LABEL, "", "\"\"");
    expect(escape_quoted, ESCAPE_VALUE, "1:2:3", "1:2:3");
    expect(escape_quoted, ESCAPE_VALUE, "a;b", "\"a;b\"");
    expect(escape_quoted, ESCAPE_VALUE, "a\\b", "\"a\\\\b\"");
    expect(escape_quoted, ESCAPE_VALUE, "a\tb", "\"a\\tb\"");
    expect(escape_quoted, ESCAPE_VALUE, "\x1F", "\"\\x1f\"");
    expect(escape_quoted, ESCAPE_VALUE, "\x7F", "\"\\x7f\"");
    expect(escape_quoted, ESCAPE_VALUE, E_ACUTE, E_ACUTE);
    expect(escape_quoted, ESCAPE_VALUE, "", "\"\"");
    expect(escape_quoted, ESCAPE_SHELL, "a/b-c=d,1:2", "a/b-c=d,1:2");
    expect(escape_quoted, ESCAPE_SHELL, "it's $HOME", "'it'\\''s $HOME'");
    expect(escape_quoted, ESCAPE_SHELL, E_ACUTE, "'" E_ACUTE "'");
    expect(escape_quoted, ESCAPE_SHELL, "", "''");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_characters_in_every_dialect),
        cmocka_unit_test(nothing_is_obeyed),
        cmocka_unit_test(cells_are_not_mistaken),
        cmocka_unit_test(quotes_where_they_are_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
