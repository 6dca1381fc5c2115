"""A payment can be awaited. Cancelling the waiting task cancels the order, unless it is shielded."""

import asyncio

from gateway import NEVER_PAID, PAID, PATIENCE_S, client, sale
from upay import Client, Event, Outcome, Status


async def pay(till: Client) -> None:
    paid = await asyncio.wrap_future(till.submit("pay", **sale(PAID)))
    assert paid.outcome is Outcome.SUCCESS, paid

    loop = asyncio.get_event_loop()
    querying = asyncio.Event()

    def hear(event: Event) -> None:
        if event["phase"] == "querying":
            loop.call_soon_threadsafe(querying.set)

    payment = till.submit("pay", **sale(NEVER_PAID), on_event=hear)
    shielded = asyncio.shield(asyncio.wrap_future(payment))
    await asyncio.wait_for(querying.wait(), PATIENCE_S)
    shielded.cancel()
    # The cancellation is delivered in the loop's next iteration.
    await asyncio.gather(shielded, return_exceptions=True)
    assert payment.running()

    waiting = asyncio.wrap_future(payment)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    event = await asyncio.wrap_future(payment)
    assert event.status is Status.E_CANCELLED, event


if __name__ == "__main__":
    with client("awaited", pay_timeout_ms=600000) as till:
        asyncio.run(pay(till))
