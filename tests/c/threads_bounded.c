/*
 * A thousand payments wait for their customers at once, and a handful of threads is enough for them. A client that has
 * nothing to do wakes nobody.
 */

#include "check.h"

#define PAYMENTS 1000
/* So many are paid first, to learn how long this machine takes over a payment. */
#define TRIAL 50
#define THREADS_MAX 16
/* A worker that has nothing to do ends after a while, and that is no quiet second. */
#define QUIET_SECONDS_TRIED 20

static serial of_client = SERIAL;
static heard payments[PAYMENTS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int waiting, ended, threads_seen;

static void count(int *counter)
{
    pthread_mutex_lock(&mutex);
    (*counter)++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static void on_event_count(const upay_event *event, void *user_data)
{
    heard *payment = user_data;
    int began_to_wait = payment->phase == 0;

    on_event(event, user_data);
    began_to_wait = began_to_wait && payment->phase == 1;
    if (began_to_wait) {
        count(&waiting);
    }
}

static void on_drop_count(void *user_data)
{
    on_drop(user_data);
    count(&ended);
}

/* Waits until so many of them wait, or have ended, and looks at the threads whenever one more does. */
static void until_counted(const int *counter, int wanted, long long until_ms)
{
    pthread_mutex_lock(&mutex);
    while (*counter < wanted) {
        struct timespec end = end_of_patience();
        int seen = threads();

        threads_seen = seen > threads_seen ? seen : threads_seen;
        CHECK(now_ms() < until_ms && "all of them come to that in time");
        pthread_cond_timedwait(&changed, &mutex, &end);
    }
    pthread_mutex_unlock(&mutex);
}

/* Begins a payment that its customer makes at that time. */
static void begin(upay_client *client, heard *payment, long long paid_at_ms)
{
    char barcode[32];
    long long units = (paid_at_ms - now_ms()) / 100;
    upay_order *order;

    CHECK(units > 0 && "the machine got much slower in the middle of the test");
    snprintf(barcode, sizeof barcode, "139901%04d00000000", (int)(units > 9999 ? 9999 : units));
    order = new_order(client, NULL, barcode);
    heard_init(payment, &of_client);
    CHECK_OK(upay_order_pay(order, on_event_count, payment, on_drop_count));
    upay_order_free(order);
}

/* Returns when the customers pay. */
static long long begin_all(upay_client *client)
{
    long long began_ms = now_ms(), trial_ms, paid_at_ms;
    int n;

    for (n = 0; n < TRIAL; n++) {
        begin(client, &payments[n], now_ms() + 1000);
    }
    until_counted(&waiting, TRIAL, began_ms + PATIENCE_MS);
    trial_ms = now_ms() - began_ms;
    until_counted(&ended, TRIAL, now_ms() + PATIENCE_MS);

    /* The customers take three times as long as the till should need to begin all the payments. */
    paid_at_ms = now_ms() + 2000 + 3 * trial_ms * (PAYMENTS / TRIAL);
    waiting = 0;
    ended = 0;
    for (n = 0; n < PAYMENTS; n++) {
        begin(client, &payments[n], paid_at_ms);
    }
    until_counted(&waiting, PAYMENTS, paid_at_ms);
    CHECK(ended == 0 && "all of them wait at once");
    return paid_at_ms;
}

static void a_thousand_payments(const char *url, const char *state_dir)
{
    upay_client *client = new_client(url, state_dir);
    long long paid_at_ms;
    int n;

    CHECK_OK(upay_client_set(client, "poll", "1000"));
    CHECK_OK(upay_client_set(client, "pay_timeout_ms", "3600000"));
    CHECK_OK(upay_client_start(client));
    paid_at_ms = begin_all(client);
    until_counted(&ended, PAYMENTS, paid_at_ms + 3 * (long long)PATIENCE_MS);
    for (n = 0; n < PAYMENTS; n++) {
        CHECK_HEARD(&payments[n], UPAY_OUTCOME_SUCCESS, UPAY_OK);
    }
    CHECK_NUMBER(ledger_count(url, "\"order_status\":\"PAID\""), PAYMENTS + TRIAL);
    CHECK_NUMBER(ledger_count(url, "\"pays\":1,"), PAYMENTS + TRIAL);
    if (threads_seen > THREADS_MAX) {
        fprintf(stderr, "%d threads\n", threads_seen);
    }
    CHECK(threads_seen <= THREADS_MAX);
    stop_and_free(client);
}

/* The number of this thread's voluntary switches: it rises when the thread wakes and goes to sleep again. */
static long switches_of(const char *task)
{
    static const char key[] = "\nvoluntary_ctxt_switches:";
    char path[300], status[8192];
    const char *found;
    size_t length;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%s/status", task);
    file = fopen(path, "r");
    if (file == NULL) {
        return 0;
    }
    length = fread(status, 1, sizeof status - 1, file);
    fclose(file);
    status[length] = '\0';
    found = strstr(status, key);
    return found == NULL ? 0 : atol(found + sizeof key - 1);
}

/* Of all threads but the main one, together. */
static long switches(void)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    long sum = 0;

    CHECK(tasks != NULL);
    while ((task = readdir(tasks)) != NULL) {
        if (task->d_name[0] != '.' && atol(task->d_name) != (long)getpid()) {
            sum += switches_of(task->d_name);
        }
    }
    closedir(tasks);
    return sum;
}

/* Whether a second passes in which no thread of the library wakes, begins or ends. */
static int a_quiet_second(void)
{
    const struct timespec second = {1, 0};
    long before = switches();
    int threads_before = threads();

    nanosleep(&second, NULL);
    return switches() == before && threads() == threads_before;
}

static void idle_is_quiet(const char *url)
{
    upay_client *client = new_client(url, "");
    upay_order *order;
    int n, quiet = 0, idle;

    CHECK_OK(upay_client_set(client, "in_flight_max", "2"));
    CHECK_OK(upay_client_start(client));
    idle = threads();
    CHECK(a_quiet_second() && "a client that has started wakes nobody");
    for (n = 0; n < TRIAL; n++) {
        order = new_order(client, NULL, PAID_AT_ONCE);
        heard_init(&payments[n], &of_client);
        CHECK_OK(upay_order_pay(order, on_event, &payments[n], on_drop));
        upay_order_free(order);
    }
    for (n = 0; n < TRIAL; n++) {
        CHECK_HEARD(&payments[n], UPAY_OUTCOME_SUCCESS, UPAY_OK);
    }
    /* The workers go home; one thread may stay for callbacks, and one for timers. */
    for (n = 0; n < QUIET_SECONDS_TRIED && !(quiet && threads() <= idle + 2); n++) {
        quiet = a_quiet_second();
    }
    CHECK(quiet && threads() <= idle + 2 && "a client that has ended its payments wakes nobody");
    stop_and_free(client);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    a_thousand_payments(argv[1], argv[2]);
    if (threads() == 0) {
        fprintf(stderr, "SKIPPED threads_bounded: this system does not tell of its threads\n");
        return 0;
    }
    idle_is_quiet(argv[1]);
    return 0;
}
