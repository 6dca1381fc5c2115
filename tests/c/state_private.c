/*
 * The state directory and all of its files are for their owner alone, and hold neither barcode nor payer. A journal that
 * cannot be read is refused, and left byte for byte as it is.
 */

#include "check.h"

#include <sys/stat.h>

#define PATH_BYTES 1024

/* A file as it stands on disk. */
typedef struct bytes {
    char *at;
    size_t length;
} bytes;

static bytes file_bytes(const char *path)
{
    FILE *file = fopen(path, "rb");
    bytes bytes;
    struct stat about;

    CHECK(file != NULL && stat(path, &about) == 0);
    bytes.length = (size_t)about.st_size;
    bytes.at = malloc(bytes.length + 1);
    CHECK(bytes.at != NULL);
    CHECK(fread(bytes.at, 1, bytes.length, file) == bytes.length);
    fclose(file);
    return bytes;
}

static void write_file(const char *path, const char *from, size_t length)
{
    FILE *file = fopen(path, "wb");

    CHECK(file != NULL);
    CHECK(fwrite(from, 1, length, file) == length);
    CHECK(fclose(file) == 0);
}

static int holds(bytes bytes, const char *text)
{
    size_t length = strlen(text), at;

    for (at = 0; at + length <= bytes.length; at++) {
        if (memcmp(bytes.at + at, text, length) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Calls `look` for every file of a directory. */
static int every_file(const char *directory, void (*look)(const char *path))
{
    DIR *files = opendir(directory);
    struct dirent *file;
    char path[PATH_BYTES];
    int count = 0;

    CHECK(files != NULL);
    while ((file = readdir(files)) != NULL) {
        if (strcmp(file->d_name, ".") != 0 && strcmp(file->d_name, "..") != 0) {
            CHECK(snprintf(path, sizeof path, "%s/%s", directory, file->d_name) < PATH_BYTES);
            look(path);
            count++;
        }
    }
    closedir(files);
    return count;
}

static void check_private(const char *path)
{
    struct stat about;

    CHECK(stat(path, &about) == 0);
    if ((about.st_mode & 0077) != 0 || about.st_uid != geteuid()) {
        fprintf(stderr, "%s has mode %o\n", path, (unsigned)about.st_mode);
    }
    CHECK((about.st_mode & 0077) == 0);
    CHECK(about.st_uid == geteuid());
}

static void check_no_secret(const char *path)
{
    bytes bytes = file_bytes(path);

    CHECK(!holds(bytes, PAID_AT_ONCE));
    CHECK(!holds(bytes, PAID_BUT_REPLY_LOST));
    CHECK(!holds(bytes, "138****"));
    CHECK(!holds(bytes, "okSzXt3uY4"));
    free(bytes.at);
}

static char journal_path[PATH_BYTES];
static int journal_has_order;

/* The journal is the file that knows the order. */
static void look_for_journal(const char *path)
{
    bytes bytes = file_bytes(path);

    if (holds(bytes, "state-private")) {
        strcpy(journal_path, path);
        journal_has_order = 1;
    }
    free(bytes.at);
}

static void pay(upay_client *client, const char *client_sn, const char *barcode, int32_t outcome, upay_status status)
{
    upay_order *order = new_order(client, client_sn, barcode);

    CHECK_OK(upay_order_pay(order, NULL, NULL, NULL));
    CHECK_END(order, outcome, status);
    upay_order_free(order);
}

/* Whatever the umask, and whether the directory was there before or not. */
static void for_the_owner_alone(const char *url, const char *state_dir)
{
    upay_client *client = patient_client(url, state_dir);

    check_private(state_dir);
    CHECK(every_file(state_dir, check_private) > 0);
    pay(client, "state-private-1", PAID_AT_ONCE, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    pay(client, "state-private-2", PAID_BUT_REPLY_LOST, UPAY_OUTCOME_SUCCESS, UPAY_OK);
    check_private(state_dir);
    CHECK(every_file(state_dir, check_private) > 0);
    stop_and_free(client);
    check_private(state_dir);
    CHECK(every_file(state_dir, check_private) > 0);
    CHECK(every_file(state_dir, check_no_secret) > 0);
    CHECK(every_file(state_dir, look_for_journal) > 0);
    CHECK(journal_has_order);
}

static void refused_and_left(upay_client *client, const char *junk, size_t length)
{
    bytes after;

    write_file(journal_path, junk, length);
    CHECK_STATUS(upay_client_start(client), UPAY_E_STORAGE);
    CHECK_LAST_ERROR("journal");
    CHECK_STATUS(upay_client_start(client), UPAY_E_STORAGE);
    after = file_bytes(journal_path);
    CHECK_NUMBER(after.length, length);
    CHECK(memcmp(after.at, junk, length) == 0);
    free(after.at);
}

static void damaged(const char *url, const char *state_dir)
{
    static const char text[] = "This is a shopping list and no journal.\n";
    upay_client *client = new_client(url, state_dir);
    bytes good = file_bytes(journal_path);
    char *zeros = calloc(1, good.length);
    upay_order *order = NULL;
    char status[16];

    CHECK(zeros != NULL);
    refused_and_left(client, text, strlen(text));
    refused_and_left(client, text, 0);
    refused_and_left(client, zeros, good.length);
    refused_and_left(client, good.at, good.length / 2);
    refused_and_left(client, good.at, 100);
    free(zeros);

    /* The right file back in its place, it goes on. */
    write_file(journal_path, good.at, good.length);
    free(good.at);
    CHECK_OK(upay_client_start(client));
    CHECK_OK(upay_order_find(client, "state-private-1", &order));
    CHECK_OK(upay_order_get(order, "order_status", status, sizeof status, NULL));
    CHECK_TEXT(status, "PAID");
    upay_order_free(order);
    stop_and_free(client);
}

static void made_by_the_library(const char *url, const char *state_dir)
{
    char made[PATH_BYTES], deep[PATH_BYTES + 8];
    upay_client *client;

    CHECK(snprintf(made, sizeof made, "%s/made", state_dir) < PATH_BYTES);
    snprintf(deep, sizeof deep, "%s/deep", made);
    client = started_client(url, deep);
    check_private(made);
    check_private(deep);
    CHECK(every_file(deep, check_private) > 0);
    stop_and_free(client);
}

/* Another terminal's journal is not taken for one's own. */
static void foreign(const char *url, const char *state_dir)
{
    char directory[PATH_BYTES];
    upay_client *client = new_client(url, "");
    bytes good = file_bytes(journal_path);

    CHECK(snprintf(directory, sizeof directory, "%s/other", state_dir) < PATH_BYTES);
    CHECK_OK(upay_client_set(client, "terminal_sn", "200000000000002"));
    CHECK_OK(upay_client_set(client, "state_dir", directory));
    CHECK_OK(upay_client_start(client));
    /* The simulator does not know it, but its journal knows the order. */
    pay(client, "state-private-3", PAID_AT_ONCE, UPAY_OUTCOME_FAILED, UPAY_E_TERMINAL);
    stop_and_free(client);
    journal_has_order = 0;
    every_file(directory, look_for_journal);
    CHECK(journal_has_order);

    client = new_client(url, directory);
    CHECK_OK(upay_client_set(client, "terminal_sn", "200000000000002"));
    refused_and_left(client, good.at, good.length);
    free(good.at);
    upay_client_free(client);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    umask(0);
    CHECK(chmod(argv[2], 0755) == 0);
    for_the_owner_alone(argv[1], argv[2]);
    damaged(argv[1], argv[2]);
    made_by_the_library(argv[1], argv[2]);
    foreign(argv[1], argv[2]);
    return 0;
}
