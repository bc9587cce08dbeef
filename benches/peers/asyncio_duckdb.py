"""Invoices and their lines into Parquet by hand: asyncio, orjson and DuckDB.

What a good engineer writes in an afternoon. It types the same columns and keeps the raw record; it
has no retries, no quarantine, no control totals, and cannot tell what changed since the last time.
"""

import asyncio
import os
import sys
import tempfile

import aiohttp
import duckdb
import orjson
from measured import measured

INVOICES = """
copy (select json->>'id' as id, json->>'number' as number, json->>'customer' as account_id,
  to_timestamp((json->>'$.status_transitions.finalized_at')::bigint)::date as issued_on,
  upper(json->>'currency') as currency, (json->>'total')::decimal(28, 10) / 100 as total,
  (json->>'total_excluding_tax')::decimal(28, 10) / 100 as net,
  (json->>'$.total_taxes[0].amount')::decimal(28, 10) / 100 as tax,
  (json->>'amount_remaining')::decimal(28, 10) / 100 as balance, json->>'status' as status,
  json::varchar as raw from read_ndjson_objects('{path}'))
to '{folder}/invoices.parquet' (format parquet, compression zstd)
"""
LINES = """
copy (select line->>'id' as id, invoice as invoice_id, line->>'description' as description,
  (line->>'quantity_decimal')::decimal(28, 10) as quantity,
  (line->>'$.pricing.unit_amount_decimal')::decimal(28, 10) / 100 as unit_price,
  (line->>'amount')::decimal(28, 10) / 100 as net,
  (line->>'$.taxes[0].amount')::decimal(28, 10) / 100 as tax, upper(line->>'currency') as currency,
  to_timestamp((line->>'$.period.start')::bigint)::date as service_from,
  to_timestamp((line->>'$.period.end')::bigint)::date as service_to, line::varchar as raw
  from (select json->>'id' as invoice, unnest((json->'$.lines.data')::json[]) as line
        from read_ndjson_objects('{path}')))
to '{folder}/lines.parquet' (format parquet, compression zstd)
"""


async def fetch(url, path):
    async with aiohttp.ClientSession() as session:
        with open(path, "wb") as spool:
            after = None
            while True:
                query = {"limit": "100", **({"starting_after": after} if after else {})}
                async with session.get(f"{url}/v1/invoices", params=query) as reply:
                    page = orjson.loads(await reply.read())
                for invoice in page["data"]:
                    spool.write(orjson.dumps(invoice))
                    spool.write(b"\n")
                if not page["has_more"]:
                    return
                after = page["data"][-1]["id"]


def pull(url):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "invoices.jsonl")
        asyncio.run(fetch(url, path))
        base = duckdb.connect()
        base.execute("set preserve_insertion_order = false; set memory_limit = '2GB'")
        rows = 0
        for statement in (INVOICES, LINES):
            rows += base.execute(statement.format(path=path, folder=folder)).fetchone()[0]
        return rows


measured("asyncio + DuckDB", lambda: pull(sys.argv[1]))
