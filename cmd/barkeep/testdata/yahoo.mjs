// Asks a server that speaks as the provider does, by its documented options alone. The argument is a list of calls, each the name of
// a method and its arguments; what each one gave, or its error, is printed.
import YahooFinance from "yahoo-finance2";

const [host, calls] = process.argv.slice(2);
const quiet = { info() {}, warn() {}, error() {}, debug() {}, dir() {} };
const yahooFinance = new YahooFinance({
  YF_QUERY_HOST: host, versionCheck: false, suppressNotices: ["yahooSurvey", "ripHistorical"], logger: quiet,
  validation: { allowAdditionalProps: false },
});
const answers = [];
for (const [method, ...parameters] of JSON.parse(calls)) {
  try {
    answers.push({ result: await yahooFinance[method](...parameters) });
  } catch (error) {
    answers.push({ error: `${error.name}: ${error.message}`, errors: error.errors });
  }
}
console.log(JSON.stringify(answers));
