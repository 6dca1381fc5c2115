"""Takes a payment from the command line: python -m upay pay --amount 1250 --barcode 130818341921441147

Settings may be environment variables instead: --terminal-sn is UPAY_TERMINAL_SN. The terminal's key is taken only from
UPAY_TERMINAL_KEY, because every user of the machine can read a command line.

Exit codes: 0: paid, 1: not paid, 2: not known, 64: nothing was sent, and stderr says why. Ctrl-C cancels the payment. A
second Ctrl-C leaves it to the journal.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, List, NoReturn, Optional

from . import ActionFuture, Client, Event, Outcome, UpayError
from ._wait import for_result

PAID, NOT_PAID, UNKNOWN, USAGE = 0, 1, 2, 64
_EXIT = {Outcome.SUCCESS: PAID, Outcome.FAILED: NOT_PAID, Outcome.UNKNOWN: UNKNOWN}
_VERDICT = {Outcome.SUCCESS: "PAID", Outcome.FAILED: "NOT PAID", Outcome.UNKNOWN: "UNKNOWN"}


class _Parser(argparse.ArgumentParser):
    """argparse exits with 2 on a usage error, which here means that the result is not known."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="python -m upay", description=__doc__, formatter_class=form)
    pay = parser.add_subparsers(dest="command", required=True).add_parser(
        "pay", help="take a payment", description=__doc__, formatter_class=form
    )
    pay.add_argument("--amount", type=int, required=True, metavar="FEN", help="in fen")
    pay.add_argument("--barcode", required=True, help="the code that the customer shows")
    pay.add_argument("--client-sn", help="your number for the order; made when left out")

    def setting(name: str, default: Optional[str], help: str) -> None:
        given = os.environ.get("UPAY_" + name[2:].replace("-", "_").upper()) or default
        pay.add_argument(name, default=given, required=given is None, help=help)

    setting("--terminal-sn", None, "the terminal")
    setting("--state-dir", None, "directory of the journal, always the same one for a terminal")
    setting("--subject", "收款", "what is sold")
    setting("--operator", "cashier", "who takes the payment")
    setting("--language", "zh", "of the sentences: zh, en")
    setting("--api-domain", "https://vsi-api.shouqianba.com", "the gateway")
    return parser


class _Line:
    """The progress: one line that is rewritten on a terminal, one line after the other elsewhere."""

    def __init__(self) -> None:
        # Older Windows consoles do not support the code that clears a line.
        self._live = sys.stderr.isatty() and os.name != "nt"

    def show(self, event: Event) -> None:
        line = f"{int(event.get('elapsed_ms', '0')) / 1000:6.1f} s  {event.message}"
        print(f"\r\x1b[K{line}" if self._live else line, end="" if self._live else "\n", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._live:
            print(file=sys.stderr)


def _verdict(future: ActionFuture) -> Event:
    try:
        return for_result(future, None, "the payment")
    except KeyboardInterrupt:
        future.cancel()
        return for_result(future, None, "the payment")


def _pay(options: argparse.Namespace) -> int:
    key = os.environ.get("UPAY_TERMINAL_KEY")
    if not key:
        print("UPAY_TERMINAL_KEY is not set", file=sys.stderr)
        return USAGE
    names = ("api_domain", "terminal_sn", "state_dir", "operator", "language")
    settings: Any = {name: getattr(options, name) for name in names}
    line = _Line()
    try:
        client = Client(terminal_key=key, **settings).start()
        future = client.submit(
            "pay",
            total_amount=options.amount,
            dynamic_id=options.barcode,
            subject=options.subject,
            client_sn=options.client_sn,
            on_event=line.show,
        )
    except UpayError as error:
        print(error, file=sys.stderr)
        return USAGE
    try:
        with client:
            event = _verdict(future)
        line.end()
        print(f"{_VERDICT[event.outcome]} {future.client_sn} {event.advice.name} {event.message}", flush=True)
        return _EXIT[event.outcome]
    except BaseException as error:  # also a second Ctrl-C: without a verdict the result is not known
        line.end()
        print(f"{future.client_sn}: {error!r}; the journal has it, the next start goes on", file=sys.stderr)
        return UNKNOWN


def main(arguments: Optional[List[str]] = None) -> int:
    return _pay(_parser().parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
