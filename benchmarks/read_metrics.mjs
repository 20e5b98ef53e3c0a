// The AWS SDK for JavaScript's own paginator on the queries of benchmarks/read_metrics.py: node read_metrics.mjs PORT QUERIES START END
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.WATCHKEEPER_JS_SDK + "/package.json");
const { CloudWatchClient, paginateGetMetricData } = require("@aws-sdk/client-cloudwatch");

const [port, queries, start, end] = process.argv.slice(2);
const client = new CloudWatchClient({
  endpoint: `http://127.0.0.1:${port}`,
  region: "us-east-1",
  credentials: { accessKeyId: "demo", secretAccessKey: "demo" },
});
let count = 0;
let total = 0;
const input = {
  MetricDataQueries: JSON.parse(readFileSync(queries, "utf8")),
  StartTime: new Date(start),
  EndTime: new Date(end),
  ScanBy: "TimestampAscending",
};
for await (const page of paginateGetMetricData({ client }, input)) {
  for (const result of page.MetricDataResults) {
    count += result.Timestamps.length;
    for (const value of result.Values) total += value;
  }
}
console.log(count, total);
