"""Invoices and their lines into Parquet by hand: asyncio, msgspec and DuckDB.

What a good engineer writes in a day, as fast as it goes: records are spooled as they came, only the
cursor is decoded, DuckDB takes each apart once, and files are compressed as crossfoot's are.
It types the same columns; it has no retries, no quarantine, no control totals, and cannot tell what
changed since the last time. Pages follow from each other, so that nobody can ask for two at once.

The second argument is `raw` where the records are kept as they came, or `typed` where they are not.
"""

import asyncio
import os
import sys
import tempfile

import aiohttp
import duckdb
import msgspec
from measured import measured

LINE = """{"id":"VARCHAR","description":"VARCHAR","quantity_decimal":"DECIMAL(28,10)",
  "pricing":{"unit_amount_decimal":"DECIMAL(28,10)","price_details":{"product":"VARCHAR"}},
  "amount":"DECIMAL(28,10)","taxes":[{"amount":"DECIMAL(28,10)"}],"currency":"VARCHAR",
  "period":{"start":"BIGINT","end":"BIGINT"}}"""
INVOICE = """{"id":"VARCHAR","number":"VARCHAR","customer":"VARCHAR","currency":"VARCHAR",
  "status_transitions":{"finalized_at":"BIGINT"},"effective_at":"BIGINT",
  "total":"DECIMAL(28,10)","total_excluding_tax":"DECIMAL(28,10)",
  "total_taxes":[{"amount":"DECIMAL(28,10)"}],"amount_remaining":"DECIMAL(28,10)",
  "status":"VARCHAR","lines":{"data":%s}}"""
INVOICE_COLUMNS = """r.id, r.number, r.customer as account_id,
  to_timestamp(r.status_transitions.finalized_at)::date as issued_on,
  upper(r.currency) as currency, (r.total / 100)::decimal(28, 10) as total,
  (r.total_excluding_tax / 100)::decimal(28, 10) as net,
  (r.total_taxes[1].amount / 100)::decimal(28, 10) as tax,
  (r.amount_remaining / 100)::decimal(28, 10) as balance, r.status"""
LINE_COLUMNS = """r.id, invoice_id, account_id, r.pricing.price_details.product as sku, r.description,
  r.quantity_decimal as quantity,
  (r.pricing.unit_amount_decimal / 100)::decimal(28, 10) as unit_price,
  (r.amount / 100)::decimal(28, 10) as net, (r.taxes[1].amount / 100)::decimal(28, 10) as tax,
  upper(r.currency) as currency, to_timestamp(r.period.start)::date as service_from,
  to_timestamp(r.period."end")::date as service_to"""
TO = "to '{folder}/{name}.parquet' (format parquet, compression zstd, compression_level 1)"
RECORDS = "(select json as raw from read_ndjson_objects('{path}'))"


def raw(path, folder):
    """Each record once as text and once as its typed columns."""
    records = RECORDS.format(path=path)
    invoice = INVOICE % '["JSON"]'
    typed_invoices = f"(select raw, json_transform(raw, '{invoice}') as r from {records})"
    with_lines = '{"id":"VARCHAR","customer":"VARCHAR","lines":{"data":["JSON"]}}'
    lines = f"""(select r.id as invoice_id, r.customer as account_id, unnest(r.lines.data) as raw
      from (select json_transform(raw, '{with_lines}') as r from {records}))"""
    typed_lines = f"(select *, json_transform(raw, '{LINE}') as r from {lines})"
    yield f"copy (select {INVOICE_COLUMNS}, raw::varchar as raw from {typed_invoices}) " + TO.format(
        folder=folder, name="invoices"
    )
    yield f"copy (select {LINE_COLUMNS}, raw::varchar as raw from {typed_lines}) " + TO.format(
        folder=folder, name="lines"
    )


def typed(path, folder):
    """The typed columns alone."""
    records = RECORDS.format(path=path)
    yield f"""create temp table invoices as
      select json_transform(raw, '{INVOICE % f"[{LINE}]"}') as r from {records}"""
    yield f"copy (select {INVOICE_COLUMNS} from invoices) " + TO.format(
        folder=folder, name="invoices"
    )
    yield f"""copy (select {LINE_COLUMNS} from (select r.id as invoice_id,
      r.customer as account_id, unnest(r.lines.data) as r from invoices)) """ + TO.format(
        folder=folder, name="lines"
    )


class Record(msgspec.Struct):
    id: str


class Page(msgspec.Struct):
    data: list[msgspec.Raw]
    has_more: bool


async def fetch(url, path):
    decoder = msgspec.json.Decoder(Page)
    async with aiohttp.ClientSession() as session:
        with open(path, "wb") as spool:
            after = None
            while True:
                query = {"limit": "100", **({"starting_after": after} if after else {})}
                async with session.get(f"{url}/v1/invoices", params=query) as reply:
                    body = await reply.read()
                page = decoder.decode(body)
                # The server writes a record without a line break, as most do.
                spool.write(b"\n".join(page.data))
                spool.write(b"\n")
                if not page.has_more:
                    return
                after = msgspec.json.decode(page.data[-1], type=Record).id


def pull(url, statements):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "invoices.jsonl")
        asyncio.run(fetch(url, path))
        base = duckdb.connect()
        base.execute("set preserve_insertion_order = false; set memory_limit = '2GB'")
        rows = 0
        for statement in statements(path, folder):
            done = base.execute(statement).fetchone()
            if statement.startswith("copy"):
                rows += done[0]
        return rows


kind = sys.argv[2] if len(sys.argv) > 2 else "raw"
statements = {"raw": raw, "typed": typed}[kind]
measured(f"asyncio + DuckDB, {kind}", lambda: pull(sys.argv[1], statements))
