"""The same comparison by Polars, with its streaming engine, and what differs into SQLite."""

import os
import sqlite3
import sys

os.environ.setdefault("POLARS_MAX_THREADS", "2")
import polars

KEY = ["account_id", "sku", "currency", "period"]


def side(folder, entity, period):
    return polars.scan_parquet(f"{folder}/landing/{entity}/**/*.parquet", hive_partitioning=False).filter(
        ~polars.col("deleted")
    ).select(*KEY[:3], period.alias("period"), "quantity", "unit_price")


def main():
    folder = sys.argv[1]
    base = side(folder, "contracts", polars.col("starts_on").cast(polars.Date))
    peer = side(folder, "invoice_lines", polars.col("service_from"))
    joined = base.join(peer, on=KEY, how="full", suffix="_peer", coalesce=True)
    differs = (
        polars.col("quantity").is_null()
        | polars.col("quantity_peer").is_null()
        | (polars.col("quantity") != polars.col("quantity_peer"))
        | (polars.col("unit_price") != polars.col("unit_price_peer"))
    )
    texts = [polars.col(name).cast(polars.String) for name in ("period", "quantity", "unit_price", "quantity_peer", "unit_price_peer")]
    found = joined.filter(differs).with_columns(texts).collect(engine="streaming")
    path = os.path.join(folder, "polars.db")
    if os.path.exists(path):
        os.remove(path)
    book = sqlite3.connect(path)
    book.execute(f"create table discrepancies ({', '.join(found.columns)})")
    book.executemany(f"insert into discrepancies values ({', '.join('?' * len(found.columns))})", found.iter_rows())
    book.commit()
    print(f"{found.height} discrepancies", flush=True)


main()
