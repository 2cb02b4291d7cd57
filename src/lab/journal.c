/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include "base.h"
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_writing(const char *path, poison_error *err)
{
    return poison_fail(err, POISON_EDATA, "%s: cannot write: %s", path, strerror(errno));
}

static int fail_existing(const char *path, poison_error *err)
{
    return poison_fail(err, POISON_EDATA,
                       "%s: exists: --resume goes on with it, another -o begins a new one", path);
}

/* ---- what is there --------------------------------------------------------------------------- */

/* Two settings lines differ: says in which word, if it is not too long. */
static int fail_other_settings(const char *path, const char *theirs, const char *ours,
                               const char *what, poison_error *err)
{
    int journal = strncmp(theirs, "# poison=", 9) == 0;
    while (journal && *theirs && *theirs != '\n' && *ours && *ours != '\n') {
        size_t a = strcspn(theirs, " \n"), b = strcspn(ours, " \n");
        int same = a == b && strncmp(theirs, ours, a) == 0;
        if (!same && a < 100 && b < 100)
            return poison_fail(err, POISON_EDATA,
                               "%s: a journal of other settings: %.*s there, %.*s here", path,
                               (int)a, theirs, (int)b, ours);
        if (!same)
            return poison_fail(err, POISON_EDATA, "%s: a journal of other settings: %.*s differs",
                               path, (int)strcspn(ours, "="), ours);
        theirs += a + (theirs[a] == ' ');
        ours += b + (ours[b] == ' ');
    }
    return poison_fail(err, POISON_EDATA, "%s: not a journal of this %s", path, what);
}

/* Whether text[from..size) are zeros, as a crash may leave them at a file's end. */
static int only_zeros(const char *text, size_t from, size_t size)
{
    while (from < size && !text[from])
        from++;
    return from == size;
}

static size_t count_tabs(const char *text, const char *end)
{
    size_t tabs = 0;
    for (; text < end; text++)
        tabs += *text == '\t';
    return tabs;
}

/* Whether the line is the row that is to come: its key, and as many cells as the header has. */
static int is_next_row(const struct journal_form *form, const char *line, const char *end,
                       int *fits, poison_error *err)
{
    char *key = NULL;
    size_t size;
    FILE *out = poison_text_open(&key, &size);
    int more = out && form->next_key(form->self, out);
    if (!out || fclose(out) != 0)
        return poison_fail_memory(err, 1, 100, "the journal");
    *fits = more && strncmp(line, key, strlen(key)) == 0
            && count_tabs(line, end) == count_tabs(form->header, strchr(form->header, 0));
    free(key);
    return 0;
}

/* How much of a file's text of `size` bytes (text[size] is 0) holds: *keep bytes, j->rows whole
 * rows. Nothing at all, or a part of our settings line, keeps nothing; of a part of the header the
 * settings are kept. POISON_EDATA if it is not a beginning of this journal. */
static int check_text(struct journal *j, const struct journal_form *form, const char *text,
                      size_t size, size_t *keep, poison_error *err)
{
    const char *at = text, *end;
    size_t length = strlen(text), wanted = strlen(form->settings), header = strlen(form->header);
    *keep = 0;
    if (size == 0
        || (length > 0 && length < wanted && strncmp(text, form->settings, length) == 0
            && only_zeros(text, length, size)))
        return 0;
    if (strncmp(text, form->settings, wanted) != 0)
        return fail_other_settings(j->path, text, form->settings, form->what, err);
    at += wanted;
    *keep = wanted;
    length = strlen(at);
    if (strncmp(at, form->header, size_min(length, header)) != 0
        || (length > header && at[header] != '\n'))
        return poison_fail(err, POISON_EDATA, "%s:2: not the header of a %s", j->path, form->what);
    if (length <= header)
        return 0;
    at += header + 1;
    j->headed = 1;
    for (*keep = (size_t)(at - text); (end = strchr(at, '\n')); *keep = (size_t)(at - text)) {
        int fits = 0, status = is_next_row(form, at, end, &fits, err);
        if (poison_raised(j->cancel))
            return poison_fail_cancelled(err);
        if (status < 0)
            return status;
        if (!fits)
            return poison_fail(err, POISON_EDATA, "%s:%zu: not the row that this %s has there",
                               j->path, j->rows + 3, form->what);
        j->rows++;
        at = end + 1;
    }
    return 0;
}

static int read_all(char **text, int fd, size_t size, const struct journal *j, poison_error *err)
{
    struct input input = {.name = j->path, .fd = fd, .size = -1, .cancel = j->cancel};
    *text = poison_take(size + 1, 1);
    if (!*text)
        return poison_fail_memory(err, size, 1, j->path);
    return input_read(&input, (uint8_t *)*text, size, err);
}

/* ---- opening and closing --------------------------------------------------------------------- */

int journal_is(const char *path)
{
    struct stat info;
    return output_descriptor(path) < 0 && (stat(path, &info) != 0 || S_ISREG(info.st_mode));
}

/* By access(), which leaves no trace: journal_open would make the file. */
int journal_check(const char *path, int resume, int other_form, poison_error *err)
{
    struct stat info;
    const char *slash = strrchr(path, '/');
    char folder[4096];
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    if (!journal_is(path))
        return output_check(path, err);
    if (other_form)
        return poison_fail(err, POISON_EUSAGE,
                           "--json and --no-header are for standard output: %s is a journal, that "
                           "--resume reads",
                           path);
    int there = stat(path, &info) == 0;
    if (there && info.st_size > 0 && !resume)
        return fail_existing(path, err);
    if (there ? access(path, W_OK) != 0 : access(folder, W_OK | X_OK) != 0)
        return fail_writing(path, err);
    return 0;
}

/* Whether the path still leads to the file that is open: nobody renamed, removed or replaced it. */
static int is_still_ours(const struct journal *j)
{
    struct stat open, there;
    return fstat(j->fd, &open) == 0 && stat(j->path, &there) == 0 && open.st_dev == there.st_dev
           && open.st_ino == there.st_ino;
}

/*
 * Opens j->fd, locked, of the very file that the path then leads to: its owner may have removed it
 * between our opening and locking. Who makes a file is not always first to lock it: only one that
 * is empty then is `created`, for us to remove. 0, or fails.
 */
static int open_locked(struct journal *j, const struct journal_form *form, poison_error *err)
{
    struct stat info;
    for (;;) {
        int flags = O_RDWR | O_CLOEXEC, created = 0;
        if (poison_raised(j->cancel))
            return poison_fail_cancelled(err);
        j->fd = open(j->path, flags);
        if (j->fd < 0 && errno == ENOENT) { /* without O_EXCL: a link to a file that is yet to be */
            int link = lstat(j->path, &info) == 0 && S_ISLNK(info.st_mode);
            j->fd = open(j->path, flags | O_CREAT | (link ? 0 : O_EXCL), 0666);
            created = !link;
        }
        if (j->fd < 0 && errno == EEXIST)
            continue;
        if (j->fd < 0 || fstat(j->fd, &info) != 0)
            return fail_writing(j->path, err);
        if (!S_ISREG(info.st_mode))
            return poison_fail(err, POISON_EDATA, "%s: not a regular file any more", j->path);
        if (flock(j->fd, LOCK_EX | LOCK_NB) != 0)
            return poison_fail(err, POISON_EDATA, "%s: another %s is writing it", j->path,
                               form->what);
        j->created = created && fstat(j->fd, &info) == 0 && info.st_size == 0;
        if (is_still_ours(j))
            return 0;
        close(j->fd);
        j->created = 0;
    }
}

/* A regular file: locked, checked, cut off behind what is to be kept. */
static int open_file(struct journal *j, const struct journal_form *form, int resume,
                     poison_error *err)
{
    struct stat info;
    char *text = NULL;
    size_t keep = 0;
    int status = 0;
    TRY(open_locked(j, form, err));
    if (fstat(j->fd, &info) != 0)
        TRY(fail_writing(j->path, err));
    if (info.st_size > 0 && !resume)
        TRY(fail_existing(j->path, err));
    TRY(read_all(&text, j->fd, (size_t)info.st_size, j, err));
    TRY(check_text(j, form, text, (size_t)info.st_size, &keep, err));
    if (ftruncate(j->fd, (off_t)keep) != 0 || lseek(j->fd, (off_t)keep, SEEK_SET) < 0)
        TRY(fail_writing(j->path, err));
    j->out = output_stream(j->fd, 0, j->cancel);
    if (!j->out)
        TRY(poison_fail_memory(err, 1, 4096, j->path));
    if (keep == 0)
        fputs(form->settings, j->out);
done:
    free(text);
    return status;
}

int journal_open(struct journal *j, const char *path, const struct journal_form *form, int resume,
                 const volatile sig_atomic_t *cancel, poison_error *err)
{
    *j = (struct journal){.path = path, .cancel = cancel, .fd = -1};
    if (form && journal_is(path))
        return open_file(j, form, resume, err);
    int status = output_open(&j->direct, path, cancel, err);
    j->out = j->direct.out;
    return status;
}

/* Rows that go on in a file of no name, or of another, must not end as if all were well. */
static int check_place(const struct journal *j, poison_error *err)
{
    struct stat info;
    if (j->fd < 0 || is_still_ours(j))
        return 0;
    if (fstat(j->fd, &info) == 0 && info.st_nlink > 0)
        return poison_fail(err, POISON_EDATA,
                           "%s: was renamed meanwhile: --resume -o goes on under its new name",
                           j->path);
    return poison_fail(err, POISON_EDATA, "%s: was removed meanwhile: its rows are lost", j->path);
}

int journal_flush(struct journal *j, const poison_settings *settings, poison_error *err)
{
    if (fflush(j->out) == 0 && !ferror(j->out))
        return check_place(j, err);
    if (errno == EPIPE)
        return OUTPUT_READER_GONE;
    if (poison_cancelled(settings))
        return poison_fail_cancelled(err);
    return fail_writing(j->direct.out ? j->direct.path : j->path, err);
}

/* The file is removed while it is locked: unlocked, it may be another's already. */
int journal_close(struct journal *j, int status, size_t rows, poison_error *err)
{
    if (j->direct.out)
        status = output_close(&j->direct, status, err);
    else if (j->out && fclose(j->out) != 0 && status >= 0)
        status = fail_writing(j->path, err);
    if (status < 0 && j->created && !rows && is_still_ours(j))
        unlink(j->path);
    if (j->fd >= 0 && close(j->fd) != 0 && status >= 0)
        status = fail_writing(j->path, err);
    return status;
}
