// Reads files with bars of several instruments side by side: Arrow by Apache's own library, Parquet by DuckDB. Arguments: the files.
// It prints, of each, the columns and the metadata, and of each row its start in Unix seconds and the values that it has.
import { readFileSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import { tableFromIPC } from "apache-arrow";

const connection = await (await DuckDBInstance.create(":memory:")).connect();
const query = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
const plain = (value) => (typeof value === "bigint" ? Number(value) : value);

function arrow(file) {
  const table = tableFromIPC(readFileSync(file));
  const rows = [];
  for (let i = 0; i < table.numRows; i++) {
    const row = {};
    for (const { name } of table.schema.fields) {
      const value = table.getChild(name).get(i);
      if (value !== null) row[name] = name === "ts" ? Number(value) / 1000 : plain(value);
    }
    rows.push(row);
  }
  return { columns: table.schema.fields.map((f) => f.name), layout: table.schema.metadata.get("barkeep.layout"), rows };
}

async function parquet(file) {
  const columns = (await query(`DESCRIBE SELECT * FROM read_parquet('${file}')`)).map((c) => c.column_name);
  const values = columns.slice(1).map((c) => `"${c}"::DOUBLE AS "${c}"`).join(", ");
  const found = await query(`SELECT epoch(ts)::BIGINT::DOUBLE AS ts${values && ", " + values} FROM read_parquet('${file}')`);
  const facts = await query(`SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata('${file}')`);
  const rows = found.map((r) => Object.fromEntries(Object.entries(r).filter(([, value]) => value !== null)));
  return { columns, layout: facts.find((f) => f.key === "barkeep.layout")?.value, rows };
}

const read = [];
for (const file of process.argv.slice(2)) read.push(file.endsWith(".arrow") ? arrow(file) : await parquet(file));
console.log(JSON.stringify(read));
