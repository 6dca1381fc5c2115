/*
 * Activates a terminal on this machine, once, with an activation code. Afterwards the till needs neither the vendor's key
 * nor the terminal's number: it sets the same state_dir and starts.
 *
 *   cc activate.c -lupay -o activate
 *   ./activate https://vsi-api.shouqianba.com VENDOR_SN VENDOR_KEY APP_ID DEVICE_ID CODE
 */
#include <stdio.h>
#include <stdlib.h>

#include "upay.h"

static void check(upay_status status, const char *call)
{
    if (status != UPAY_OK) {
        fprintf(stderr, "%s: status %d: %s\n", call, (int)status, upay_last_error());
        exit(2);
    }
}
#define CHECK(call) check((call), #call)

static upay_client *new_client(const char *api_domain)
{
    upay_client *client;

    CHECK(upay_client_new(&client));
    CHECK(upay_client_set(client, "api_domain", api_domain));
    CHECK(upay_client_set(client, "state_dir", "upay-state"));
    return client;
}

static void end(upay_client *client)
{
    CHECK(upay_client_stop(client, 10000));
    upay_client_free(client);
}

int main(int argc, char **argv)
{
    upay_client *client;
    upay_status status;
    char terminal_sn[64];

    if (argc != 7) {
        fprintf(stderr, "usage: activate API_DOMAIN VENDOR_SN VENDOR_KEY APP_ID DEVICE_ID CODE\n");
        return 2;
    }

    client = new_client(argv[1]);
    CHECK(upay_client_set(client, "vendor_sn", argv[2]));
    CHECK(upay_client_set(client, "vendor_key", argv[3]));
    CHECK(upay_client_set(client, "app_id", argv[4]));
    CHECK(upay_client_set(client, "device_id", argv[5]));
    status = upay_client_activate(client, argv[6], 30000);
    if (status != UPAY_OK) {
        /* 200-299: in doubt, the code may be used up. 300-399: refused; ask for a new code. */
        fprintf(stderr, "NOT ACTIVATED: status %d: %s\n", (int)status, upay_last_error());
        end(client);
        return 1;
    }
    CHECK(upay_client_get(client, "terminal_sn", terminal_sn, sizeof terminal_sn, NULL));
    end(client);

    /* This is what the till does at every later start. */
    client = new_client(argv[1]);
    CHECK(upay_client_start(client));
    printf("ACTIVATED: terminal %s\n", terminal_sn);
    end(client);
    return 0;
}
