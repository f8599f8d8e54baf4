// Carries out one statement by DuckDB and prints the rows as CSV, with a line of names first. Arguments: the folder, the statement.
import { DuckDBInstance } from "@duckdb/node-api";

const [folder, statement] = process.argv.slice(2);
process.chdir(folder);
const connection = await (await DuckDBInstance.create(":memory:")).connect();
const result = await connection.runAndReadAll(statement);
console.log(result.columnNames().join(","));
for (const row of result.getRowsJson()) console.log(row.join(","));
