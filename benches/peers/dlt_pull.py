"""The same invoices by dlt's own REST source, as its documentation shows, into Parquet files."""

import os
import sys
import tempfile

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
import dlt
from dlt.sources.rest_api import rest_api_source
from measured import measured


def pull(url):
    with tempfile.TemporaryDirectory() as folder:
        source = rest_api_source({
            "client": {
                "base_url": f"{url}/v1/",
                "paginator": {
                    "type": "cursor",
                    "cursor_path": "data[-1].id",
                    "cursor_param": "starting_after",
                    "has_more_path": "has_more",
                },
            },
            "resources": [{
                "name": "invoices",
                "primary_key": "id",
                "endpoint": {"path": "invoices", "data_selector": "data", "params": {"limit": 100}},
            }],
        })
        pipeline = dlt.pipeline(
            "bench",
            pipelines_dir=os.path.join(folder, "pipelines"),
            destination=dlt.destinations.filesystem(f"file://{folder}/landing"),
            dataset_name="billing",
        )
        pipeline.run(source, loader_file_format="parquet")
        counts = pipeline.last_trace.last_normalize_info.row_counts
        return sum(counts.get(table, 0) for table in ("invoices", "invoices__lines__data"))


measured("dlt", lambda: pull(sys.argv[1]))
