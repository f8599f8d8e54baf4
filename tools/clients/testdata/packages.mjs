// Loads every package, and lets the one with a binary of its own compute something.
import { DuckDBInstance } from "@duckdb/node-api";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { tableFromArrays, tableFromIPC, tableToIPC } from "apache-arrow";
import YahooFinance from "yahoo-finance2";

const connection = await (await DuckDBInstance.create(":memory:")).connect();
const answer = await connection.runAndReadAll("SELECT sum(i)::INTEGER FROM range(10) AS numbers(i)");
const table = tableFromIPC(tableToIPC(tableFromArrays({ close: Float64Array.from([1.5, 2.5]) })));
console.log(JSON.stringify({
  duckdb: answer.getRows()[0][0],
  arrow: table.getChild("close").get(1),
  mcp: new Client({ name: process.argv[2], version: process.env.CLIENT_VERSION }).constructor.name,
  yahoo: typeof new YahooFinance({ suppressNotices: ["yahooSurvey"] }).chart,
}));
