"""The same comparison by DuckDB: a full outer join by key, and what differs into SQLite.

It reads the same Parquet files. It has one row a line on each side to compare and nothing else to
know: no versions, no units of several rows, no tolerance, no totals, no proof that no row was lost.
`--book` writes into the tables of crossfoot's own store instead of one plain table.
"""

import hashlib
import json
import os
import sqlite3
import sys

import duckdb

JOIN = """
select coalesce(base.account_id, peer.account_id) as account, coalesce(base.sku, peer.sku) as sku,
  coalesce(base.currency, peer.currency) as currency, coalesce(base.period, peer.period)::varchar as period,
  base.quantity::varchar as expected_quantity, peer.quantity::varchar as actual_quantity,
  base.unit_price::varchar as expected_price, peer.unit_price::varchar as actual_price,
  case when peer.account_id is null then 'MISSING_IN_BILLING' when base.account_id is null then 'MISSING_IN_CRM'
    when base.quantity <> peer.quantity then 'QUANTITY' else 'UNIT_PRICE' end as kind,
  case when peer.account_id is null then -base.quantity * base.unit_price
    when base.account_id is null then peer.quantity * peer.unit_price
    else peer.quantity * peer.unit_price - base.quantity * base.unit_price end::decimal(28, 4)::varchar as impact
from (select account_id, sku, currency, starts_on::date as period, quantity, unit_price
      from '{folder}/landing/contracts/**/*.parquet' where not deleted) as base
full outer join
     (select account_id, sku, currency, service_from as period, quantity, unit_price
      from '{folder}/landing/invoice_lines/**/*.parquet' where not deleted) as peer
  on base.account_id = peer.account_id and base.sku = peer.sku and base.currency = peer.currency
  and base.period = peer.period
where base.account_id is null or peer.account_id is null or base.quantity <> peer.quantity
  or base.unit_price <> peer.unit_price
"""
PLAIN = """create table discrepancies (id text primary key, account text, sku text, currency text, period text,
  expected_quantity text, actual_quantity text, expected_price text, actual_price text, kind text, impact text)"""


def plain(row):
    id = hashlib.blake2b("\0".join(row[:4] + row[8:9]).encode(), digest_size=8).hexdigest()
    return (id, *row)


def item(row):
    account, sku, currency, period, *figures, kind, impact = row
    id = hashlib.blake2b("\0".join(row[:4] + row[8:9]).encode(), digest_size=8).hexdigest()
    expected, actual = figures[:2] if kind != "UNIT_PRICE" else figures[2:]
    cents = int(impact.replace(".", ""))
    worth = json.dumps({"present": {"expected": "0", "actual": "0"}, "standing": "differs", "under": None, "over": None})
    sides = json.dumps([{"side": "base", "source": "bench", "entity": "contracts", "id": period, "label": period}])
    return (id, id, "sold_vs_billed", "2026-01", kind, "open", account, account, None, sku, currency, "amount",
            expected, actual, 0, 0, cents, abs(cents), 0, None, "low", 0, 0, "[]", None, None, None, None, None,
            sides, "bench", "bench", "bench", "2026-11-01", None, None, "2026-11-01", worth, "[]")


def main():
    folder, is_book = sys.argv[1], "--book" in sys.argv
    base = duckdb.connect()
    base.execute("set threads = 2; set preserve_insertion_order = false")
    found = base.execute(JOIN.format(folder=folder))
    path = os.path.join(folder, "duckdb.db")
    if os.path.exists(path):
        os.remove(path)
    book = sqlite3.connect(path)
    if is_book:
        # The tables and indexes of crossfoot's store, without its rows.
        store = sqlite3.connect(os.path.join(folder, "crossfoot.db"))
        for (statement,) in store.execute(
            "select sql from sqlite_master where tbl_name in ('discrepancies', 'discrepancy_events') and sql is not null"
        ):
            book.execute(statement)
    else:
        book.execute(PLAIN)
    count = 0
    while rows := found.fetchmany(20_000):
        count += len(rows)
        if is_book:
            items = [item(row) for row in rows]
            book.executemany(f"insert into discrepancies values ({', '.join('?' * 39)})", items)
            book.executemany(
                "insert into discrepancy_events (discrepancy_id, happened_at, actor, action, to_state, run_id, worth) "
                "values (?, '2026-11-01', 'bench', 'opened', 'open', 'bench', ?)",
                [(one[0], one[37]) for one in items],
            )
        else:
            book.executemany(f"insert into discrepancies values ({', '.join('?' * 11)})", map(plain, rows))
    book.commit()
    print(f"{count} discrepancies", flush=True)


main()
