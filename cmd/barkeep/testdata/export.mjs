// Reads a folder that barkeep export wrote as DuckDB does, in place, and a file of Arrow. Arguments: the folder, the file. It prints
// what it finds by series and year, the partitions, the metadata of one file, and the sums of the Arrow file.
import { readFileSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import { tableFromIPC } from "apache-arrow";

const [folder, arrow] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create(":memory:")).connect();
const rows = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
const bars = `read_parquet('${folder}/**/*.parquet', hive_partitioning = true)`;
const series = await rows(`
  SELECT instrument, timeframe, year::INT AS year, count(*)::INT AS bars, sum(open) AS open, sum(close) AS close,
         sum(volume)::DOUBLE AS volume, count(volume)::INT AS volumes, sum(flags)::INT AS flags,
         epoch(min(ts))::BIGINT::VARCHAR AS first, epoch(max(ts))::BIGINT::VARCHAR AS last
  FROM ${bars} GROUP BY ALL ORDER BY ALL`);
const types = await rows(`DESCRIBE SELECT * FROM ${bars}`);
const metadata = await rows(`
  SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata('${folder}/**/*.parquet') LIMIT 20`);
const table = tableFromIPC(readFileSync(arrow));
let open = 0;
let volumes = 0;
for (let i = 0; i < table.numRows; i++) {
  open += table.getChild("open").get(i);
  if (table.getChild("volume").get(i) !== null) volumes++;
}
console.log(JSON.stringify({
  series,
  types: Object.fromEntries(types.map((t) => [t.column_name, t.column_type])),
  metadata: Object.fromEntries(metadata.map((m) => [m.key, m.value])),
  arrow: {
    bars: table.numRows, open, volumes, first: Number(table.getChild("ts").get(0)) / 1000,
    instrument: table.schema.metadata.get("barkeep.instrument"),
  },
}));
