/*
 * Secrets stay in: no key, no signature, no barcode and no payer's account gets into a line of the log at any level, into
 * upay_last_error, into an event's JSON, or into a file of the state directory, apart from the terminal's own keys there.
 * Every story of a barcode is played, so that every path has something to say.
 */

#include "check.h"

#include <ctype.h>
#include <sys/stat.h>

#define VENDOR_KEY "simulator-vendor-key"
#define MISTYPED_KEY "marked-key-that-nobody-knows"
/* The payer's account and id, as every reply of the simulator has them. */
#define PAYER_LOGIN "138****"
#define PAYER_UID "okSzXt3uY4"
/* Every barcode here ends like this. */
#define BARCODE_END "77418529"
#define PROXY_PASSWORD "marked-proxy-password"
#define ACTIVATION_CODE "10000001"
#define STORIES 64

static const char *const marks[] = {
    TERMINAL_KEY, VENDOR_KEY, MISTYPED_KEY, PAYER_LOGIN, PAYER_UID, BARCODE_END, PROXY_PASSWORD, ACTIVATION_CODE,
};

/* Signatures, and the keys that the gateway makes, are 32 hexadecimal digits; no number of this program is. */
static int holds_digest(const char *text)
{
    int run = 0;

    for (; *text != '\0'; text++) {
        run = isxdigit((unsigned char)*text) ? run + 1 : 0;
        if (run == 32) {
            return 1;
        }
    }
    return 0;
}

static void check_clean(const char *what, const char *text)
{
    size_t mark;

    for (mark = 0; mark < sizeof marks / sizeof marks[0]; mark++) {
        if (strstr(text, marks[mark]) != NULL) {
            fprintf(stderr, "%s holds \"%s\": %s\n", what, marks[mark], text);
            broken(__FILE__, __LINE__, "secrets stay in");
        }
    }
    if (holds_digest(text)) {
        fprintf(stderr, "%s holds a key or a signature: %s\n", what, text);
        broken(__FILE__, __LINE__, "secrets stay in");
    }
}

static int lines;

static void on_line(int32_t level, const char *line, void *user_data)
{
    (void)level;
    (void)user_data;
    __atomic_add_fetch(&lines, 1, __ATOMIC_RELAXED);
    check_clean("a line of the log", line);
}

/* A call that fails, and says so without a secret. */
#define CHECK_SAYS(call, wanted)                                                                                      \
    do {                                                                                                              \
        CHECK_STATUS(call, wanted);                                                                                   \
        check_clean("the last error", upay_last_error());                                                             \
    } while (0)

static void event_is_clean(const upay_event *event, void *user_data)
{
    check_clean("an event's JSON", upay_event_json(event));
    check_clean("an event's message", upay_event_message(event));
    on_event(event, user_data);
}

static void watched_is_clean(const upay_event *event, void *user_data)
{
    (void)user_data;
    check_clean("an event's JSON", upay_event_json(event));
}

static upay_order *order_of(upay_client *client, const char *kind, int story)
{
    char client_sn[32], barcode[32];
    upay_order *order;

    snprintf(client_sn, sizeof client_sn, "%s-%d", kind, story);
    snprintf(barcode, sizeof barcode, "1399%02d0001" BARCODE_END, story);
    order = new_order(client, client_sn, barcode);
    CHECK_OK(upay_order_set(order, "payer_uid", PAYER_UID));
    return order;
}

static void play_every_story(upay_client *client, serial *serial)
{
    static heard heard[STORIES];
    upay_order *orders[STORIES];
    int story;

    for (story = 0; story < STORIES; story++) {
        heard_init(&heard[story], serial);
        orders[story] = order_of(client, "s", story);
        CHECK_OK(upay_order_pay(orders[story], event_is_clean, &heard[story], on_drop));
    }
    for (story = 0; story < STORIES; story++) {
        HEARD_UNTIL(&heard[story], heard[story].drops > 0);
        CHECK_NUMBER(heard[story].finals, 1);
        CHECK_SAYS(upay_order_pay(orders[story], NULL, NULL, NULL), UPAY_E_DUPLICATE);
    }
    /* What was paid at once goes back, in a part and in whole. */
    heard_init(&heard[0], serial);
    CHECK_OK(upay_order_set(orders[0], "refund_request_no", "one"));
    CHECK_OK(upay_order_set(orders[0], "refund_amount", "250"));
    CHECK_OK(upay_order_refund(orders[0], event_is_clean, &heard[0], on_drop));
    CHECK_HEARD(&heard[0], UPAY_OUTCOME_SUCCESS, UPAY_OK);
    heard_init(&heard[0], serial);
    CHECK_OK(upay_order_query(orders[0], event_is_clean, &heard[0], on_drop));
    CHECK_HEARD(&heard[0], UPAY_OUTCOME_SUCCESS, UPAY_OK);
    for (story = 0; story < STORIES; story++) {
        upay_order_free(orders[story]);
    }
}

static void bad_input(upay_client *client)
{
    upay_order *order;
    upay_event *event;
    char buffer[64];

    CHECK_SAYS(upay_client_get(client, "terminal_key", buffer, sizeof buffer, NULL), UPAY_E_KEY);
    CHECK_OK(upay_order_new(client, "bad", &order));
    CHECK_SAYS(upay_order_set(order, "dynamic_id", "1399 000001" BARCODE_END), UPAY_E_VALUE);
    CHECK_SAYS(upay_order_set(order, "payer_uid", PAYER_UID " "), UPAY_E_VALUE);
    CHECK_SAYS(upay_client_call(client, "/upay/v2/pay", "{\"dynamic_id\":\"" BARCODE_END "\"}", 0, &event), UPAY_E_VALUE);
    CHECK_SAYS(upay_client_call(client, "/echo/x", "[\"" BARCODE_END "\"]", 0, &event), UPAY_E_VALUE);
    CHECK_OK(upay_client_call(client, "/echo/x", "{\"dynamic_id\":\"" BARCODE_END "\"}", 0, &event));
    check_clean("an event's JSON", upay_event_json(event));
    upay_event_free(event);
    upay_order_free(order);
}

static void keys(const char *url, const char *state_dir)
{
    upay_client *client = new_client(url, state_dir);
    static const char *const settings[][2] = {
        {"terminal_sn", ""},  {"terminal_key", ""}, {"vendor_sn", "200000000000001"},
        {"app_id", "1"},      {"device_id", "t"},   {"vendor_key", MISTYPED_KEY},
    };
    size_t n;

    CHECK_SAYS(upay_client_set(client, "vendor_key", VENDOR_KEY " "), UPAY_E_VALUE);
    for (n = 0; n < sizeof settings / sizeof settings[0]; n++) {
        CHECK_OK(upay_client_set(client, settings[n][0], settings[n][1]));
    }
    CHECK_SAYS(upay_client_activate(client, ACTIVATION_CODE, PATIENCE_MS), UPAY_E_SIGN);
    CHECK_OK(upay_client_set(client, "vendor_key", VENDOR_KEY));
    CHECK_OK(upay_client_activate(client, ACTIVATION_CODE, PATIENCE_MS));
    CHECK_OK(upay_client_start(client));
    CHECK_OK(upay_client_checkin(client, PATIENCE_MS));
    CHECK_SAYS(upay_client_activate(client, ACTIVATION_CODE, PATIENCE_MS), UPAY_E_STATE);
    stop_and_free(client);

    client = new_client(url, "");
    CHECK_SAYS(upay_client_set(client, "proxy", "https://user:" PROXY_PASSWORD "@127.0.0.1:1"), UPAY_E_VALUE);
    CHECK_OK(upay_client_set(client, "proxy", "http://user:" PROXY_PASSWORD "@127.0.0.1:1"));
    CHECK_OK(upay_client_set(client, "device_id", "t"));
    CHECK_OK(upay_client_start(client));
    CHECK_SAYS(upay_client_checkin(client, PATIENCE_MS), UPAY_E_PROXY);
    stop_and_free(client);

    client = new_client(url, "");
    CHECK_OK(upay_client_set(client, "terminal_key", MISTYPED_KEY));
    CHECK_OK(upay_client_set(client, "device_id", "t"));
    CHECK_OK(upay_client_start(client));
    CHECK_SAYS(upay_client_checkin(client, PATIENCE_MS), UPAY_E_SIGN);
    stop_and_free(client);
}

/* Files hold NULs: every mark is looked for byte by byte. The terminal's own keys may be there, and signatures may not be
 * told from them. */
static void file_is_clean(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *bytes;
    long length;
    size_t mark, at;

    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    length = ftell(file);
    CHECK(length >= 0);
    rewind(file);
    bytes = malloc((size_t)length + 1);
    CHECK(bytes != NULL && fread(bytes, 1, (size_t)length, file) == (size_t)length);
    for (mark = 1; mark < sizeof marks / sizeof marks[0]; mark++) {
        size_t wanted = strlen(marks[mark]);

        for (at = 0; at + wanted <= (size_t)length; at++) {
            if (memcmp(bytes + at, marks[mark], wanted) == 0) {
                fprintf(stderr, "%s holds \"%s\"\n", path, marks[mark]);
                broken(__FILE__, __LINE__, "secrets stay in");
            }
        }
    }
    free(bytes);
    fclose(file);
}

static void directory_is_clean(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    char file[4096];
    int files = 0;

    CHECK(directory != NULL);
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.') {
            snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
            file_is_clean(file);
            files++;
        }
    }
    closedir(directory);
    CHECK(files >= 4);
}

int main(int count, char **arguments)
{
    serial serial = SERIAL;
    upay_client *client;

    CHECK(count >= 3);
    CHECK_OK(upay_set_log(UPAY_LOG_DEBUG, on_line, NULL));
    keys(arguments[1], arguments[2]);
    client = new_client(arguments[1], arguments[2]);
    CHECK_OK(upay_client_set(client, "in_flight_max", "128"));
    CHECK_OK(upay_client_set(client, "reply_timeout_ms", "2000"));
    CHECK_OK(upay_client_set(client, "pay_reply_timeout_ms", "2000"));
    CHECK_OK(upay_client_watch(client, watched_is_clean, NULL, NULL));
    CHECK_OK(upay_client_start(client));
    play_every_story(client, &serial);
    bad_input(client);
    stop_and_free(client);
    directory_is_clean(arguments[2]);
    CHECK(lines > STORIES);
    return 0;
}
