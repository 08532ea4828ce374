"""dlt: an archive's threads and items as tables of a DuckDB file. Nested lists become tables of their own.

pip install chatkit-async 'dlt[duckdb]'
chatkit archive threads.chatkit
python dlt_duckdb.py threads.chatkit
"""

import sys

import dlt

from chatkit_async.bulk import Archive

with Archive(sys.argv[1]) as archive:
    threads = list(archive.raw_threads())
    items = ({**item, "thread_id": one["id"]} for one in threads for item in archive.raw_items(str(one["id"])))
    pipeline = dlt.pipeline("chatkit", destination=dlt.destinations.duckdb("threads.duckdb"), dataset_name="chatkit")
    tables = [
        dlt.resource(threads, name="threads", primary_key="id", write_disposition="merge"),
        dlt.resource(items, name="items", primary_key="id", write_disposition="merge"),
    ]
    print(pipeline.run(tables))
