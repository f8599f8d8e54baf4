// Asks a Barkeep for its tools and calls them, as the program around a language model does. Arguments: the command, then the calls
// as JSON: [[tool, arguments], ...]. It prints what came of each.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const [command, calls] = process.argv.slice(2);
const client = new Client({ name: "test", version: "1" });
await client.connect(new StdioClientTransport({ command, args: ["mcp"], env: process.env, stderr: "inherit" }));
const { tools } = await client.listTools();
const answers = [];
for (const [name, args] of JSON.parse(calls)) {
  const answer = await client.callTool({ name, arguments: args });
  answers.push({ error: answer.isError ?? false, text: answer.content[0].text, value: answer.structuredContent ?? null });
}
await client.close();
console.log(JSON.stringify({ server: client.getServerVersion(), tools, answers }));
