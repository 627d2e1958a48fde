"""All rows of a results folder in one file."""

from pathlib import Path

from bench.errors import UserError
from bench.store import chunks_of, read_rows, read_store, replacing, writing


def export_rows(folder: Path, form: str, output: Path) -> Path:
    """Write the rows as CSV or Parquet; returns the file. Raises UserError when it cannot be written.

    Arrays, which some studies store for their pictures, are in Parquet only.
    """
    import pyarrow.csv
    import pyarrow.parquet

    store, study, spec = read_store(folder)
    rows, _ = read_rows(store, study, spec, chunks_of(store, study, spec))
    if output.is_dir():
        raise UserError(f"cannot write {output}: it is a folder")
    with writing(output), replacing(output) as temporary:
        if form == "csv":
            flat = [field.name for field in rows.schema if not pyarrow.types.is_list(field.type)]
            pyarrow.csv.write_csv(rows.select(flat), temporary)
        else:
            pyarrow.parquet.write_table(rows, temporary, compression="zstd")
    return output
