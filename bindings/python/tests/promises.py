"""The promises of bindings/tests.txt, by name. That file says how this program is run."""

from __future__ import annotations

import faulthandler
import gc
import sys
import threading
import traceback
from typing import Callable, Dict, List

import upay
from gateway import (
    NEVER_PAID,
    NO_MONEY,
    NOBODY_KNOWS,
    PAID,
    PAID_AFTER_500_MS,
    PATIENCE_S,
    client,
    error_of,
    ledger,
    sale,
    scan,
    status_of,
)
from upay import Action, Advice, Dialect, Event, LogLevel, Outcome, Status, Table
from upay._numbers import QrFormat

PHASES = ["sending", "querying", "cancelling", "done"]


def make() -> None:
    till = client("make", operator="01")
    assert till.get("operator") == "01"
    assert status_of(lambda: till.get("terminal_key")) == Status.E_KEY
    till.start()
    till.stop()
    till.close()


def pay_success() -> None:
    with client("pay_success") as till:
        event = till.pay(**sale(PAID, 1250))
    assert event.outcome is Outcome.SUCCESS and event.status is Status.OK, event
    assert event.advice is Advice.DELIVER and event["order_status"] == "PAID", event
    assert ledger(event["client_sn"])["charged"] == 1250


def pay_failed() -> None:
    with client("pay_failed") as till:
        event = till.pay(**sale(NO_MONEY))
    assert event.outcome is Outcome.FAILED and event.status is Status.E_REFUSED, event
    assert event["biz_error_code"] == "INSUFFICIENT_FUND", event


def pay_unknown() -> None:
    with client("pay_unknown") as till:
        event = till.pay(**sale(NOBODY_KNOWS))
    assert event.outcome is Outcome.UNKNOWN and event.status is Status.E_UNRESOLVED, event


def progress_in_order() -> None:
    heard: List[Event] = []
    with client("progress_in_order") as till:
        last = till.pay(**sale(PAID_AFTER_500_MS), on_event=heard.append)
    assert [event.is_final for event in heard] == [False] * (len(heard) - 1) + [True], heard
    assert heard[-1] is last and last.outcome is Outcome.SUCCESS, heard
    phases = [PHASES.index(event["phase"]) for event in heard]
    assert phases == sorted(phases) and {0, 1, 3} <= set(phases), heard


def pull_form() -> None:
    with client("pull_form") as till:
        assert till.next_event() is None
        order = till.begin("pay", **sale(PAID_AFTER_500_MS))
        heard: List[Event] = []
        while not heard or not heard[-1].is_final:
            event = till.next_event(PATIENCE_S)
            assert event is not None, heard
            assert event["client_sn"] == order.client_sn
            heard.append(event)
        assert heard[-1].outcome is Outcome.SUCCESS, heard
        assert order.wait(PATIENCE_S).to_dict() == heard[-1].to_dict()
        order = till.begin("pay", **sale(PAID))
        assert order.wait(PATIENCE_S).outcome is Outcome.SUCCESS
        assert order.get("order_status") == "PAID"
        assert till.find(order.client_sn).get("total_amount") == "1"
        assert till.unfinished() == 0
        again = till.next_event()
        assert again is None or not again.is_final, again


def cancel_from_another_thread() -> None:
    asked = threading.Event()
    with client("cancel_from_another_thread", pay_timeout_ms=600000) as till:
        cancelled: List[Event] = []

        def cashier() -> None:
            assert asked.wait(PATIENCE_S)
            cancelled.append(till.cancel(client_sn=payment.client_sn))

        def hear(event: Event) -> None:
            if event["phase"] == "querying":
                asked.set()

        payment = till.submit("pay", **sale(NEVER_PAID), on_event=hear)
        thread = threading.Thread(target=cashier)
        thread.start()
        event = payment.result(PATIENCE_S)
        thread.join()
    assert event.outcome is Outcome.FAILED and event.status is Status.E_CANCELLED, event
    assert [event.outcome for event in cancelled] == [Outcome.SUCCESS], cancelled
    assert ledger(payment.client_sn)["charged"] == 0


def refund() -> None:
    with client("refund") as till:
        number = till.pay(**sale(PAID, 1000))["client_sn"]
        event = till.refund(client_sn=number, refund_request_no="r1", refund_amount=300)
        assert event.outcome is Outcome.SUCCESS and event.action is Action.REFUND, event
        again = till.refund(client_sn=number, refund_request_no="r1", refund_amount=300)
        assert again.outcome is Outcome.SUCCESS, again
    assert ledger(number)["charged"] == 700
    (row,) = ledger(number)["refunds"]
    assert row["refund_request_no"] == "r1" and row["amount"] == 300, row


def qr() -> None:
    shown: List[str] = []

    def show(event: Event) -> None:
        content = event.get("qr_code")
        if content is not None and not shown:
            shown.append(content)
            scan(content)

    with client("qr", precreate_timeout_ms=60000) as till:
        event = till.precreate(total_amount=5, subject="Pizza", payway=3, on_event=show)
    assert event.outcome is Outcome.SUCCESS and shown, event
    assert ledger(event["client_sn"])["charged"] == 5
    assert upay.qr_svg(shown[0]).startswith("<svg")
    picture = upay.qr_bmp(shown[0], module_px=2)
    assert picture[:2] == b"BM" and len(picture) == int.from_bytes(picture[2:6], "little")


def chinese_text_both_ways() -> None:
    order = dict(sale(PAID), subject="披萨😀", reflect="再来一份😀")
    with client("chinese", language="zh") as till:
        chinese = till.pay(**order)
    with client("english", language="en") as till:
        english = till.pay(**order)
    for event in (chinese, english):
        assert event["subject"] == "披萨😀" == event.to_dict()["subject"], event
    assert chinese.message == english["message_zh"] and "收款成功" in chinese.message
    assert english.message == chinese["message_en"] and english.message.isascii()


def bad_input() -> None:
    error = error_of(lambda: client("bad_input", poll="soon"))
    assert error.status is Status.E_VALUE and "poll" in str(error), error
    assert status_of(lambda: client("bad_input", no_such_key=1)) == Status.E_KEY
    with client("bad_input") as till:
        error = error_of(lambda: till.pay(**sale(PAID, 0)))
        assert error.status is Status.E_VALUE and "total_amount: must be more than 0" in str(error), error
        error = error_of(lambda: till.pay(**dict(sale(PAID), subject="cut\0here")))
        assert error.status is Status.E_VALUE and "subject" in str(error), error
        assert status_of(lambda: till.submit("pay", total_amount=1)) == Status.E_MISSING
        try:
            till.submit("pay", total_amount=1.5)  # type: ignore[arg-type]
        except TypeError as reason:
            assert "total_amount" in str(reason)
        else:
            raise AssertionError("half a fen was taken")
        number = till.pay(**sale(PAID))["client_sn"]
        assert status_of(lambda: till.pay(**sale(PAID), client_sn=number)) == Status.E_DUPLICATE
        assert till.unfinished() == 0


def close_with_payments_under_way() -> None:
    till = client("close_with_payments_under_way", pay_timeout_ms=600000).start()
    payments = [till.submit("pay", **sale(NEVER_PAID)) for _ in range(5)]
    till.close()
    for payment in payments:
        event = payment.result(0)
        assert event.outcome is Outcome.UNKNOWN and event.status is Status.E_CLOSED, event
    with client("close_with_payments_under_way", pay_timeout_ms=600000) as till:
        assert till.unfinished() == 5


def threads_64() -> None:
    with client("threads_64", in_flight_max=64) as till:
        heard: Dict[int, Event] = {}

        def lane(number: int) -> None:
            heard[number] = till.pay(**sale(PAID if number % 2 else NO_MONEY, number + 1), client_sn=f"lane{number}")

        lanes = [threading.Thread(target=lane, args=(number,)) for number in range(64)]
        for thread in lanes:
            thread.start()
        for thread in lanes:
            thread.join()
    for number in range(64):
        event = heard[number]
        assert event["client_sn"] == f"lane{number}", event
        assert event.outcome is (Outcome.SUCCESS if number % 2 else Outcome.FAILED), event
        assert event.get("total_amount", str(number + 1)) == str(number + 1), event


def use_after_close() -> None:
    till = client("use_after_close").start()
    payment = till.submit("pay", **sale(PAID))
    event = payment.result(PATIENCE_S)
    order = till.find(payment.client_sn)
    gone = (Status.E_CLOSED, Status.E_HANDLE)
    for end in (till.stop, till.close):
        end()
        assert status_of(till.start) in gone
        assert status_of(lambda: till.set("operator", "02")) in gone
        assert status_of(lambda: till.get("operator")) in gone
        assert status_of(lambda: till.pay(**sale(PAID))) in gone
        assert status_of(lambda: till.begin("query", client_sn="x")) in gone
        assert status_of(lambda: till.find("x")) in gone
        assert status_of(till.unfinished) in gone
        assert status_of(till.next_event) in gone
        assert status_of(till.checkin) in gone
        assert status_of(lambda: till.activate("10000005")) in gone
        assert status_of(lambda: till.call("/echo/x", {})) in gone
    till.close()
    assert order.get("order_status") == "PAID" and not payment.cancel()
    assert event["order_status"] == "PAID"


def let_go_without_close() -> None:
    till = client("let_go_without_close", pay_timeout_ms=600000).start()
    payment = till.submit("pay", **sale(NEVER_PAID))
    order = till.begin("pay", **sale(PAID))
    event = order.wait(PATIENCE_S)
    del order, event, till
    gc.collect()
    assert payment.result(PATIENCE_S).status is Status.E_CLOSED
    del payment
    gc.collect()


def activate_and_checkin() -> None:
    own = {"vendor_sn": "200000000000001", "vendor_key": "simulator-vendor-key", "app_id": "app", "device_id": "till-1"}
    # Without "off" the library's own check-in could be under way when this test checks in.
    settings = {"terminal_sn": None, "terminal_key": None, "auto_checkin": "off"}
    till = client("activate_and_checkin", **own, **settings)
    till.activate("10000001")
    number = till.get("terminal_sn")
    assert number and number != "100000000000001", number
    with till:
        till.checkin()
        event = till.pay(**sale(PAID))
        assert event.outcome is Outcome.SUCCESS and event["terminal_sn"] == number, event


def call() -> None:
    with client("call") as till:
        event = till.call("/echo/any", {"echo": "披萨😀"})
        number = till.pay(**sale(PAID))["client_sn"]
        order = till.call("/upay/v2/query", {"terminal_sn": till.get("terminal_sn"), "client_sn": number})
        assert status_of(lambda: till.call("/upay/v2/pay", {})) == Status.E_VALUE
    assert event.action is Action.CALL and event["biz_result_code"] == "SUCCESS", event
    assert event["echo"] == "披萨😀" and event["path"] == "/echo/any", event.to_dict()
    assert order.outcome is Outcome.SUCCESS and order["order_status"] == "PAID", order


def tables() -> None:
    for table in Table:
        codes = upay.codes(table)
        assert codes, table
        for code in codes:
            assert upay.describe(table, code, "zh") and upay.describe(table, code, "en"), (table, code)
    assert upay.code_outcome(Table.ORDER_STATUS, "PAID") is Outcome.SUCCESS
    assert upay.code_advice(Table.ORDER_STATUS, "PAID") is Advice.DELIVER
    assert upay.describe(Table.ORDER_STATUS, "NO_SUCH") is None
    assert upay.code_outcome(Table.ORDER_STATUS, "NO_SUCH") is Outcome.UNKNOWN
    assert upay.code_advice(Table.ORDER_STATUS, "NO_SUCH") is Advice.NONE


def read_reply_and_sign() -> None:
    body = '{"result_code":"200","biz_response":{"result_code":"PAY_SUCCESS","data":{'
    body += '"client_sn":"c","total_amount":"1","order_status":"PAID"}}}'
    event = upay.read_reply(Dialect.UPAY, 200, body)
    assert event.outcome is Outcome.SUCCESS and event.advice is Advice.DELIVER, event
    event = upay.read_reply(Dialect.CHARGE, 200, b'{"code":0,"message":"ok","data":{"status":"PAID"}}')
    assert event.action is Action.READ and event.outcome is Outcome.SUCCESS, event
    assert event.advice is not Advice.DELIVER and event["status"] == "PAID", event
    assert status_of(lambda: upay.read_reply(Dialect.UPAY, 200, "<html>")) == Status.E_REPLY
    signed = '{"terminal_sn":"10298371039","client_sn":"2023","subject":"披萨"}'
    assert upay.sign(signed, "68d499beda5f72116592f5c527465656") == "0dd2da3dd75614ae8f608a2868eaa432"


PROMISES: List[Callable[[], None]] = [
    make,
    pay_success,
    pay_failed,
    pay_unknown,
    progress_in_order,
    pull_form,
    cancel_from_another_thread,
    refund,
    qr,
    chinese_text_both_ways,
    bad_input,
    close_with_payments_under_way,
    threads_64,
    use_after_close,
    let_go_without_close,
    activate_and_checkin,
    call,
    tables,
    read_reply_and_sign,
]

FAMILIES = {
    "": Status,
    "OUTCOME_": Outcome,
    "ACTION_": Action,
    "ADVICE_": Advice,
    "TABLE_": Table,
    "DIALECT_": Dialect,
    "LOG_": LogLevel,
    "QR_": QrFormat,
}


def show_constants() -> None:
    for prefix, family in FAMILIES.items():
        for number in family:
            print(f"UPAY_{prefix}{number.name} {number.value}")


def keep_promises() -> None:
    for promise in PROMISES:
        # A promise that hangs is ended, and prints where it hangs.
        faulthandler.dump_traceback_later(2 * PATIENCE_S, exit=True)
        try:
            promise()
            print(f"ok {promise.__name__}", flush=True)
        except Exception as why:
            traceback.print_exc()
            print(f"FAILED {promise.__name__}: {why!r}", flush=True)
    faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    show_constants() if sys.argv[1:] == ["constants"] else keep_promises()
