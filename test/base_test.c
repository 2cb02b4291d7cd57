/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "budget.h"
#include "input.h"
#include "output.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#ifdef POISON_ZLIB
#include <zlib.h>
#endif

static void keys_are_the_documented_ones(void **state)
{
    (void)state;
    assert_true(poison_key(0, 1, 0) == 0x94926c2e801cb6f9);
    assert_true(poison_key(0, 1, 1) == 0xac1a201f5ae37988);
    assert_true(poison_key(1, 1, 0) == 0xd5159b73432a2795);
    assert_true(poison_key(42, 2, 1999) == 0x385c3f73e906a611);
    assert_true(poison_key(UINT64_MAX, 5, 60000) == 0x126de040b9f1f68e);
}

static void crc_is_gzips(void **state)
{
    (void)state;
    assert_int_equal(poison_crc32(0, "123456789", 9), 0xCBF43926);
    assert_int_equal(poison_crc32(poison_crc32(0, "1234", 4), "56789", 5), 0xCBF43926);
}

/* With and without a newline at the end, empty ones and such that hold a zero. */
static void lines_are_cut_out_of_a_text(void **state)
{
    static const char text[] = "a\n\nb\0c\nlast\n";
    static const struct {
        const char *line;
        size_t length;
    } expected[] = {{"a", 1}, {"", 0}, {"b\0c", 3}, {"last", 4}};
    (void)state;
    for (size_t size = sizeof text - 2; size < sizeof text; size++) {
        char bytes[sizeof text];
        size_t length, count = 0;
        memcpy(bytes, text, sizeof text - 1);
        struct lines lines = {.next = bytes, .stop = bytes + size};
        for (char *line; (line = lines_next(&lines, &length)); count++) {
            assert_int_equal(lines.number, count + 1);
            assert_int_equal(length, expected[count].length);
            assert_memory_equal(line, expected[count].line, length + 1);
        }
        assert_int_equal(count, 4);
        lines = (struct lines){.next = bytes, .stop = bytes};
        assert_null(lines_next(&lines, &length));
    }
}

/* Also in a table that is nearly full, and of texts that begin alike. */
static void hash_slots_find_what_was_put_there(void **state)
{
    enum { COUNT = 15 };
    static const char *const text[COUNT] = {"",  "a", "aa", "b", "ab", "7",  "77", "70",
                                            "0", "x", "y",  "z", "xy", "yx", "xyz"};
    uint32_t slot[16] = {0};
    (void)state;
    for (uint32_t k = 0; k < COUNT; k++) {
        uint32_t *put = poison_hash_slot(slot, 15, text, text[k], strlen(text[k]));
        assert_int_equal(*put, 0);
        *put = k + 1;
        for (uint32_t q = 0; q <= k; q++)
            assert_int_equal(*poison_hash_slot(slot, 15, text, text[q], strlen(text[q])), q + 1);
    }
    assert_int_equal(*poison_hash_slot(slot, 15, text, "xyzzy", 3), COUNT);
    assert_int_equal(*poison_hash_slot(slot, 15, text, "xyzzy", 4), 0);
    for (uint32_t k = 1; k < COUNT; k++) { /* a zero in the text equals none, nor is read over */
        char zero[64] = "";
        strcpy(zero, text[k]);
        assert_int_equal(*poison_hash_slot(slot, 15, text, zero, 60), 0);
    }
}

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    assert_null(poison_take_big(SIZE_MAX / 2, 3));
    assert_null(poison_take(SIZE_MAX / 2, 3));
    free(poison_take_big(0, 8));
}

static void errors_hold_one_sentence(void **state)
{
    (void)state;
    poison_error err;
    assert_int_equal(poison_fail(&err, POISON_EDATA, "%s: %d", "x", 3), POISON_EDATA);
    assert_string_equal(err.text, "x: 3");
    assert_int_equal(poison_fail(NULL, POISON_EUSAGE, "nobody listens"), POISON_EUSAGE);
}

/* CRC-32 of the first images and labels of both streams. */
static void built_in_digits_never_change(void **state)
{
    (void)state;
    uint32_t crc = 0;
    uint8_t pixels[784], label;
    for (uint64_t k = 0; k < 1000; k++) {
        poison_digits_draw(0, k, pixels, &label);
        crc = poison_crc32(crc, pixels, sizeof pixels);
    }
    assert_int_equal(crc, 0xC77F31C4);
    poison_settings settings = poison_settings_default();
    for (int threads = 1; threads <= 3; threads++) {
        poison_data data;
        settings.threads = threads;
        assert_int_equal(poison_data_draw(&data, 1000, 10, &settings, NULL), 0);
        assert_int_equal(poison_crc32(0, data.train.x, 784000), 0xC77F31C4);
        poison_digits_draw(1, 9, pixels, &label); /* by index, without those before it */
        assert_memory_equal(data.test.x + 9 * 784, pixels, 784);
        assert_int_equal(data.test.y[9], label);
        poison_data_free(&data);
    }
}

/* --flip takes the first rows in order; what it cannot do, it refuses and leaves the labels. */
static void flips_walk_in_order(void **state)
{
    (void)state;
    int y[6] = {1, 2, 1, 3, 1, 1}, labels[6], want[6] = {2, 2, 2, 3, 1, 1};
    poison_data data = {.train = {.n = 6, .y = y}};
    poison_flip flip;
    assert_int_equal(poison_flip_parse(&flip, "1:2:2", &data, NULL), 0);
    memcpy(labels, y, sizeof y);
    assert_int_equal(poison_flip_apply(&flip, labels, &data, NULL), 0);
    assert_memory_equal(labels, want, sizeof want);
    flip.count = 3; /* two are left */
    assert_int_equal(poison_flip_apply(&flip, labels, &data, NULL), POISON_EDATA);
    assert_memory_equal(labels, want, sizeof want);
    static const char *const nonsense[] = {"",          "1",
                                           "1:2",       "1:2:",
                                           "1:2:3:4",   "1:1:1",
                                           "1:2:-1",    "1:2:99999999999999999999",
                                           "1:2:3 ",    "\"a:2:1",
                                           "\"a\"b:2:1"};
    static const char *const strangers[] = {"a:2:1", "1:256:1", "-1:2:1", " 1:2:3"};
    for (size_t k = 0; k < sizeof nonsense / sizeof *nonsense; k++)
        assert_int_equal(poison_flip_parse(&flip, nonsense[k], NULL, NULL), POISON_EUSAGE);
    for (size_t k = 0; k < sizeof strangers / sizeof *strangers; k++) {
        assert_int_equal(poison_flip_parse(&flip, strangers[k], NULL, NULL), 0);
        assert_int_equal(poison_flip_parse(&flip, strangers[k], &data, NULL), POISON_EDATA);
    }
}

/* Shares of shares: what models have in common is counted once, and refusals name the whole. */
static void budgets(void **state)
{
    (void)state;
    poison_settings settings = {.memory = (size_t)100 << 20}, own = settings;
    const size_t fixed = (size_t)30 << 20;
    poison_error err;
    assert_int_equal(budget_share(&settings, BUDGET_BATCHES), settings.memory / 16);
    assert_int_equal(budget_less(budget_whole(&settings), settings.memory + 1).left, 0);
    assert_int_equal(budget_less(budget_whole(&settings), 1).left, settings.memory - 1);
    budget_split(&own, 0, 3);
    assert_int_equal(own.memory, settings.memory / 3);
    budget_split(&own, fixed, 2); /* of 33.3: 30, and half of what they leave */
    assert_int_equal(own.memory, (settings.memory / 3 - fixed) / 2 + fixed);
    int status = budget_fail(budget_whole(&own), 31.1 * (1 << 20), &err, "%d rows take", 7);
    assert_int_equal(status, POISON_ENOMEM);
    assert_string_equal(err.text, "out of memory: 7 rows take 32 MiB, --memory 100 leaves 31, "
                                  "6 models share it");
    budget_fail(budget_less(budget_whole(&settings), 1), 1e8, &err, "rows take");
    assert_string_equal(err.text, "out of memory: rows take 96 MiB, --memory 100 leaves 99");
}

/* Programs that were compiled with 0.1.0's header meet today's libpoison.so.0. */
static void settings_have_the_size_of_0_1_0(void **state)
{
    (void)state;
    if (sizeof(void *) == 8)
        assert_int_equal(sizeof(poison_settings), 136);
}

/* ---- a host's signals ------------------------------------------------------------------------ */

enum { LONG = 200000 };

static void nothing(int number) { (void)number; }

/* A handler of ours without SA_RESTART, as a host may have, is called every millisecond; 0: no
 * more. */
static void interrupt_often(long microseconds)
{
    struct sigaction action = {.sa_handler = nothing};
    struct itimerval often = {{0, microseconds}, {0, microseconds}};
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
}

/* The other end of a pipe, in a process of its own that takes its time. */
static pid_t begin_slow_end(int fd[2], int end, char *bytes, size_t length)
{
    assert_int_equal(pipe(fd), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child) {
        close(fd[end]);
        return child;
    }
    close(fd[!end]);
    char *read_back = malloc(length);
    size_t done = 0;
    for (ssize_t some = 1; done < length && some > 0; done += (size_t)some) {
        size_t piece = length - done < 1999 ? length - done : 1999;
        some = end ? write(fd[1], bytes + done, piece) : read(fd[0], read_back + done, piece);
        usleep(3000);
    }
    _exit(done != length || (!end && memcmp(read_back, bytes, length) != 0));
}

static void end_slow_end(pid_t child)
{
    int how;
    while (waitpid(child, &how, 0) < 0)
        ;
    assert_int_equal(how, 0);
}

/* What is read from a pipe whose writer is slow is `expected`. */
static void reads(char *bytes, size_t length, const char *expected)
{
    int fd[2];
    struct input input;
    poison_settings settings = poison_settings_default();
    char path[40];
    uint8_t *got;
    pid_t child = begin_slow_end(fd, 1, bytes, length);
    snprintf(path, sizeof path, "/dev/fd/%d", fd[0]);
    interrupt_often(1000);
    assert_int_equal(input_open(&input, path, 1, &settings, NULL), 0);
    assert_int_equal(input_take(&input, &got, LONG, NULL), 0);
    interrupt_often(0);
    assert_memory_equal(got, expected, LONG);
    free(got);
    input_close(&input);
    close(fd[0]);
    end_slow_end(child);
}

/* Read plain, written, and read gzipped, in two members. */
static void signals_of_a_host_lose_nothing(void **state)
{
    int fd[2];
    struct output file;
    char path[40], *bytes = malloc(LONG);
    (void)state;
    for (size_t k = 0; k < LONG; k++)
        bytes[k] = (char)(poison_key(1, 2, k) & (k < LONG / 2 ? 15 : 3)); /* gzip halves it */
    reads(bytes, LONG, bytes);
    pid_t child = begin_slow_end(fd, 0, bytes, LONG);
    snprintf(path, sizeof path, "/dev/fd/%d", fd[1]);
    interrupt_often(1000);
    assert_int_equal(output_open(&file, path, NULL, NULL), 0);
    for (size_t k = 0; k < LONG; k++)
        putc(bytes[k], file.out);
    assert_int_equal(output_close(&file, 0, NULL), 0);
    interrupt_often(0);
    close(fd[1]);
    end_slow_end(child);
#ifdef POISON_ZLIB
    uint8_t gzipped[LONG];
    size_t length = 0;
    for (size_t at = 0; at < LONG; at += LONG / 2) {
        z_stream z = {.next_in = (uint8_t *)bytes + at, .avail_in = LONG / 2,
                      .next_out = gzipped + length, .avail_out = (uInt)(LONG - length)};
        assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, MAX_WBITS + 16, 9, 0), Z_OK);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        length += z.total_out;
        deflateEnd(&z);
    }
    reads((char *)gzipped, length, bytes);
#endif
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_the_documented_ones), cmocka_unit_test(crc_is_gzips),
        cmocka_unit_test(signals_of_a_host_lose_nothing),
        cmocka_unit_test(lines_are_cut_out_of_a_text),
        cmocka_unit_test(hash_slots_find_what_was_put_there),
        cmocka_unit_test(impossible_sizes_are_refused), cmocka_unit_test(errors_hold_one_sentence),
        cmocka_unit_test(built_in_digits_never_change), cmocka_unit_test(flips_walk_in_order),
        cmocka_unit_test(budgets), cmocka_unit_test(settings_have_the_size_of_0_1_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
